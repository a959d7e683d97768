using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class LayerNormTests : IDisposable
{
    private const float Epsilon = 1e-6f;

    // Sums over at most 1024 columns in several lanes, and up to 36 rows a chunk: 2^-24 times a random walk of some dozen roundings.
    private const double Tolerance = 3e-6;

    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    // rows, columns: single ones, beside every vector width, several pieces of rows, more rows than the most chunks hold evenly.
    public static TheoryData<int, int> Sizes => new() { { 1, 2 }, { 3, 5 }, { 7, 33 }, { 64, 128 }, { 130, 197 }, { 2301, 16 }, { 5, 1024 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void OutputsStatisticsAndGradientsMatchTheFormulas(int rows, int columns)
    {
        using var tensors = new TestTensors(1);
        var operands = new Operands(tensors, rows, columns, offset: 0.5f);
        operands.Run(backend, accumulate: false);
        var reference = new Reference(operands);
        Expect.Close(reference.Y, operands.Y, Tolerance);
        Expect.Close(reference.Mean, operands.Mean, Tolerance);
        Expect.Close(reference.ReciprocalDeviation, operands.ReciprocalDeviation, Tolerance);

        // Of two columns nothing is left of the gradient but its rounding, a few 2^-24 of reciprocal deviation times dy gamma.
        if (columns > 2)
            Expect.Close(reference.Dx, operands.Dx, Tolerance * 3);
        Expect.Close(reference.Dgamma, operands.Dgamma, Tolerance);
        Expect.Close(reference.Dbeta, operands.Dbeta, Tolerance);
    }

    [Fact]
    public void TheFormulasOfTheGradientsAgreeWithDifferencesInDouble()
    {
        using var tensors = new TestTensors(2);
        var operands = new Operands(tensors, 4, 7, offset: 0);
        var reference = new Reference(operands);

        // Central differences of step 1e-5 in double: truncation 1e-10, rounding 1e-11.
        double[] x = reference.X;
        double[] differences = Expect.Differences(x, 1e-5, () => Expect.Dot(reference.Forward(), reference.Dy));
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(differences[i], reference.Dx[i], 1e-7);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void GradientsAccumulate(int rows, int columns)
    {
        using var tensors = new TestTensors(3);
        Operands written = new(tensors, rows, columns, 0), added;
        written.Run(backend, accumulate: false);
        added = written.WithDestinations(tensors);
        TensorView[] before = [tensors.Copy(added.Dx), tensors.Copy(added.Dgamma), tensors.Copy(added.Dbeta)];
        added.Run(backend, accumulate: true);
        Expect.Close(Expect.Sum(Expect.Doubles(before[0]), Expect.Doubles(written.Dx)), added.Dx, 2e-7);
        Expect.Close(Expect.Sum(Expect.Doubles(before[1]), Expect.Doubles(written.Dgamma)), added.Dgamma, Tolerance);
        Expect.Close(Expect.Sum(Expect.Doubles(before[2]), Expect.Doubles(written.Dbeta)), added.Dbeta, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void TheResidualFormHasTheBitsOfTheSumAndTheNorm(int rows, int columns)
    {
        using var tensors = new TestTensors(7);
        var operands = new Operands(tensors, rows, columns, offset: 0.5f);
        TensorView branch = tensors.Normal(rows, columns), sum = tensors.Unwritten(rows, columns), expected = tensors.Unwritten(rows, columns);
        backend.Add(operands.X, branch, expected);
        var apart = operands.WithDestinations(tensors) with { X = expected };
        var together = operands.WithDestinations(tensors) with { Dx = tensors.Copy(apart.Dx), Y = tensors.Unwritten(rows, columns) };
        apart.Run(backend, accumulate: true);
        backend.ResidualLayerNorm(
            operands.X, branch, together.Gamma, together.Beta, sum, together.Y, together.Mean, together.ReciprocalDeviation, Epsilon);
        Assert.Equal(expected.Span.ToArray(), sum.Span.ToArray());
        Assert.Equal(apart.Y.Span.ToArray(), together.Y.Span.ToArray());
        backend.ResidualLayerNormInputGradient(
            together.Dy, together.Dx, sum, together.Gamma, together.Mean, together.ReciprocalDeviation, together.Dx);
        Assert.Equal(apart.Dx.Span.ToArray(), together.Dx.Span.ToArray());
    }

    // The variance is taken of differences to the mean, so a mean a thousand deviations away costs no more than its own rounding: one or two
    // times 3e-5 of the deviation, times gamma of up to 3.
    [Fact]
    public void AFarMeanCostsNoMoreThanItsOwnRounding()
    {
        using var tensors = new TestTensors(4);
        var operands = new Operands(tensors, 5, 384, offset: 1000);
        operands.Run(backend, accumulate: false);
        Expect.Close(new Reference(operands).Y, operands.Y, 2e-4);
    }

    [Fact]
    public void AConstantRowBecomesTheShiftAndStaysFinite()
    {
        using var tensors = new TestTensors(5);
        var operands = new Operands(tensors, 2, 64, offset: 0);
        operands.X.Span.Fill(3.25f);
        operands.Run(backend, accumulate: false);
        for (int i = 0; i < 128; i++)
            Assert.Equal(operands.Beta.Span[i % 64], operands.Y.Span[i]);
        Assert.All(operands.Dx.Span.ToArray(), g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void ResultsHaveTheSameBitsForAnyWorkers() => WorkerCounts.GiveTheSameBits(6, (device, tensors) =>
    {
        var operands = new Operands(tensors, 2301, 65, offset: 0.1f).WithDestinations(tensors);
        operands.Run(device, accumulate: true);
        return [operands.Y, operands.Mean, operands.ReciprocalDeviation, operands.Dx, operands.Dgamma, operands.Dbeta];
    });

    private sealed record Operands
    {
        public Operands(TestTensors tensors, int rows, int columns, float offset)
        {
            X = tensors.Normal(rows, columns);
            foreach (ref float x in X.Span)
                x += offset;
            Gamma = tensors.Normal(columns);
            Beta = tensors.Normal(columns);
            Dy = tensors.Normal(rows, columns);
            Y = tensors.Unwritten(rows, columns);
            Mean = tensors.Unwritten(rows);
            ReciprocalDeviation = tensors.Unwritten(rows);
            Dx = tensors.Unwritten(rows, columns);
            Dgamma = tensors.Unwritten(columns);
            Dbeta = tensors.Unwritten(columns);
        }

        public TensorView X { get; init; }

        public TensorView Gamma { get; }

        public TensorView Beta { get; }

        public TensorView Dy { get; }

        public TensorView Y { get; init; }

        public TensorView Mean { get; }

        public TensorView ReciprocalDeviation { get; }

        public TensorView Dx { get; init; }

        public TensorView Dgamma { get; private init; }

        public TensorView Dbeta { get; private init; }

        public Operands WithDestinations(TestTensors tensors) => this with
        {
            Dx = tensors.Normal(Dx.Shape.ToArray()), Dgamma = tensors.Normal(Dgamma.Shape.ToArray()), Dbeta = tensors.Normal(Dbeta.Shape.ToArray()),
        };

        public void Run(CpuBackend device, bool accumulate)
        {
            device.LayerNorm(X, Gamma, Beta, Y, Mean, ReciprocalDeviation, Epsilon);
            device.LayerNormInputGradient(Dy, X, Gamma, Mean, ReciprocalDeviation, Dx, accumulate);
            device.LayerNormParameterGradient(Dy, X, Mean, ReciprocalDeviation, Dgamma, Dbeta, accumulate);
        }
    }

    private sealed class Reference
    {
        private readonly int columns;
        private readonly double[] gamma, beta;

        public Reference(Operands operands)
        {
            columns = operands.X.Shape.Columns;
            (X, gamma, beta, Dy) = (Expect.Doubles(operands.X), Expect.Doubles(operands.Gamma), Expect.Doubles(operands.Beta), Expect.Doubles(operands.Dy));
            int rows = X.Length / columns;
            (Mean, ReciprocalDeviation, Dx) = (new double[rows], new double[rows], new double[X.Length]);
            (Dgamma, Dbeta) = (new double[columns], new double[columns]);
            Y = Forward();
            for (int row = 0; row < rows; row++)
            {
                double sum = 0, dot = 0;
                for (int i = 0; i < columns; i++)
                {
                    double g = Dy[row * columns + i] * gamma[i], n = (X[row * columns + i] - Mean[row]) * ReciprocalDeviation[row];
                    sum += g;
                    dot += g * n;
                    Dgamma[i] += Dy[row * columns + i] * n;
                    Dbeta[i] += Dy[row * columns + i];
                }

                for (int i = 0; i < columns; i++)
                {
                    double g = Dy[row * columns + i] * gamma[i], n = (X[row * columns + i] - Mean[row]) * ReciprocalDeviation[row];
                    Dx[row * columns + i] = ReciprocalDeviation[row] * (g - sum / columns - n * dot / columns);
                }
            }
        }

        public double[] X { get; }

        public double[] Dy { get; }

        public double[] Y { get; }

        public double[] Mean { get; }

        public double[] ReciprocalDeviation { get; }

        public double[] Dx { get; }

        public double[] Dgamma { get; }

        public double[] Dbeta { get; }

        public double[] Forward()
        {
            double[] y = new double[X.Length];
            for (int row = 0; row < Mean.Length; row++)
            {
                var x = X.AsSpan(row * columns, columns);
                double mean = 0, variance = 0;
                foreach (double value in x)
                    mean += value / columns;
                foreach (double value in x)
                    variance += (value - mean) * (value - mean) / columns;
                (Mean[row], ReciprocalDeviation[row]) = (mean, 1 / Math.Sqrt(variance + Epsilon));
                for (int i = 0; i < columns; i++)
                    y[row * columns + i] = (x[i] - mean) * ReciprocalDeviation[row] * gamma[i] + beta[i];
            }

            return y;
        }
    }
}
