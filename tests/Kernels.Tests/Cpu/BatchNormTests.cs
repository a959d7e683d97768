using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class BatchNormTests : IDisposable
{
    private const float Epsilon = 1e-5f, Momentum = 0.1f;

    // Statistics of at most some thousand rows: sums in float over a chunk, then double. Rounding of a chunk's sum of n like terms is about
    // sqrt(n) 2^-24 of it, 2e-6 at n = 1024; x, gamma and y add a few 2^-24 each.
    private const double Tolerance = 1e-5;

    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    // Few rows, several chunks with a short last one, channels below, at and beside every vector width.
    private static readonly int[][] Shapes = [[1, 1, 1, 3], [2, 3, 3, 5], [3, 5, 7, 1], [4, 15, 17, 33], [3, 9, 8, 16], [2, 9, 11, 300]];

    public static TheoryData<int, bool, bool, bool> Forms
    {
        get
        {
            var data = new TheoryData<int, bool, bool, bool>();
            for (int shape = 0; shape < Shapes.Length; shape++)
            for (int flags = 0; flags < 8; flags++)
                data.Add(shape, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void OutputsStatisticsAndGradientsMatchTheFormulas(int shape, bool relu, bool residual, bool training)
    {
        using var tensors = new TestTensors(11);
        var operands = new Operands(tensors, Shapes[shape], residual);
        var reference = new BatchNormReference(operands.Channels, Epsilon, relu);
        double[] x = Expect.Doubles(operands.X), gamma = Expect.Doubles(operands.Gamma), beta = Expect.Doubles(operands.Beta);
        double[] oldMean = Expect.Doubles(operands.RunningMean), oldVariance = Expect.Doubles(operands.RunningVariance);
        var (mean, variance) = training ? reference.Moments(x) : (oldMean, oldVariance);
        var y = reference.Forward(x, gamma, beta, residual ? Expect.Doubles(operands.Residual) : null, mean, variance);

        operands.Forward(backend, training, relu);
        Expect.Close(y, operands.Y, Tolerance);
        Expect.Close(mean, operands.Mean, Tolerance);
        Expect.Close([.. variance.Select(v => 1 / Math.Sqrt(v + Epsilon))], operands.ReciprocalDeviation, Tolerance);
        int rows = operands.Rows;
        double unbiased = (double)rows / Math.Max(1, rows - 1);
        Expect.Close(training ? Moved(oldMean, mean, 1) : oldMean, operands.RunningMean, Tolerance);
        Expect.Close(training ? Moved(oldVariance, variance, unbiased) : oldVariance, operands.RunningVariance, Tolerance);

        // Masked by the kernel's own output: an element within rounding of zero may fall on either side.
        var expected = reference.Gradient(Expect.Doubles(operands.Dy), x, Expect.Doubles(operands.Y), gamma, mean, variance, training);
        operands.Gradient(backend, training, relu, accumulateInput: false, accumulateResidual: false);
        // A channel of one value has no gradient. What is left is the rounding of gamma / sqrt(epsilon) dy, about 500 x 2^-24 times a few.
        if (training && rows == 1)
            Assert.All(operands.Dx.Span.ToArray(), value => Assert.InRange(value, -2e-4f, 2e-4f));
        else
            Expect.Close(expected.X, operands.Dx, Tolerance);
        Expect.Close(expected.Gamma, operands.Dgamma, Tolerance);
        Expect.Close(expected.Beta, operands.Dbeta, Tolerance);
        if (residual)
            Expect.Close(expected.Masked, operands.Dresidual, 0);
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    public void GradientsAreTheDifferencesOfTheForwardPass(bool relu, bool residual, bool training)
    {
        using var tensors = new TestTensors(12);
        var operands = new Operands(tensors, [2, 3, 3, 5], residual);
        var reference = new BatchNormReference(5, Epsilon, relu);
        double[] x = Expect.Doubles(operands.X), gamma = Expect.Doubles(operands.Gamma), beta = Expect.Doubles(operands.Beta);
        double[] dy = Expect.Doubles(operands.Dy), runningMean = Expect.Doubles(operands.RunningMean);
        double[]? added = residual ? Expect.Doubles(operands.Residual) : null;
        double[] runningVariance = Expect.Doubles(operands.RunningVariance);
        double Loss()
        {
            var (mean, variance) = training ? reference.Moments(x) : (runningMean, runningVariance);
            return Expect.Dot(dy, reference.Forward(x, gamma, beta, added, mean, variance));
        }

        operands.Forward(backend, training, relu);
        operands.Gradient(backend, training, relu, accumulateInput: false, accumulateResidual: false);

        // Central differences in double at 1e-5: truncation and rounding both near 1e-10, far below the kernel's own float rounding.
        const double Step = 1e-5;
        Expect.Close(Expect.Differences(x, Step, Loss), operands.Dx, Tolerance);
        Expect.Close(Expect.Differences(gamma, Step, Loss), operands.Dgamma, Tolerance);
        Expect.Close(Expect.Differences(beta, Step, Loss), operands.Dbeta, Tolerance);
        if (added is not null)
            Expect.Close(Expect.Differences(added, Step, Loss), operands.Dresidual, Tolerance);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AccumulatingAddsToWhatIsThere(bool training)
    {
        using var tensors = new TestTensors(13);
        var operands = new Operands(tensors, [4, 15, 17, 33], residual: true);
        operands.Forward(backend, training, relu: true);
        operands.Gradient(backend, training, relu: true, accumulateInput: false, accumulateResidual: false);
        double[] dx = Expect.Doubles(operands.Dx), dresidual = Expect.Doubles(operands.Dresidual);

        operands.Gradient(backend, training, relu: true, accumulateInput: true, accumulateResidual: false);
        // One more addition in float: exact for a value doubled.
        Expect.Close(Expect.Sum(dx, dx), operands.Dx, 0);
        Expect.Close(dresidual, operands.Dresidual, 0);

        operands.Gradient(backend, training, relu: true, accumulateInput: false, accumulateResidual: true);
        Expect.Close(dx, operands.Dx, 0);
        Expect.Close(Expect.Sum(dresidual, dresidual), operands.Dresidual, 0);
    }

    [Fact]
    public void AbsentGradientsChangeNothingInTheOthers()
    {
        using var tensors = new TestTensors(14);
        var operands = new Operands(tensors, [3, 9, 8, 16], residual: true);
        operands.Forward(backend, training: true, relu: true);
        operands.Gradient(backend, training: true, relu: true, accumulateInput: false, accumulateResidual: false);
        float[] dx = operands.Dx.Span.ToArray(), dgamma = operands.Dgamma.Span.ToArray(), dresidual = operands.Dresidual.Span.ToArray();

        Run(operands.Dx, TestTensors.Absent, TestTensors.Absent);
        Expect.SameBits(dx, operands.Dx.Span);
        Run(TestTensors.Absent, operands.Dresidual, TestTensors.Absent);
        Expect.SameBits(dresidual, operands.Dresidual.Span);
        Run(TestTensors.Absent, TestTensors.Absent, operands.Dgamma);
        Expect.SameBits(dgamma, operands.Dgamma.Span);

        void Run(TensorView toX, TensorView toResidual, TensorView toGamma)
        {
            foreach (var view in new[] { toX, toResidual, toGamma })
            {
                if (!view.IsAbsent)
                    view.Span.Fill(float.NaN);
            }

            backend.BatchNormGradient(
                operands.Dy, operands.X, operands.Y, operands.Gamma, operands.Mean, operands.ReciprocalDeviation, toX, toResidual, toGamma,
                TestTensors.Absent, relu: true, batchStatistics: true, accumulateInput: false, accumulateResidual: false);
        }
    }

    [Fact]
    public void AChannelFarFromZeroKeepsItsVariance()
    {
        using var tensors = new TestTensors(15);
        var operands = new Operands(tensors, [4, 15, 17, 3], residual: false);
        foreach (ref float value in operands.X.Span)
            value = 4096 + value / 16;
        double[] x = Expect.Doubles(operands.X);
        var reference = new BatchNormReference(3, Epsilon, relu: false);
        var (mean, variance) = reference.Moments(x);
        operands.Forward(backend, training: true, relu: false);

        // The mean is kept to float: half an ulp at 4096 is 2.4e-4, which is 0.4 % of the deviation 1/16; the one-pass formula would have
        // lost the variance altogether (4096² 2^-24 = 1, against 1/256).
        Expect.Close(reference.Forward(x, Expect.Doubles(operands.Gamma), Expect.Doubles(operands.Beta), null, mean, variance), operands.Y, 5e-3);
        Expect.Close([.. variance.Select(v => 1 / Math.Sqrt(v + Epsilon))], operands.ReciprocalDeviation, 1e-5);
    }

    [Fact]
    public void NotANumberPassesReluInsteadOfTurningIntoZero()
    {
        using var tensors = new TestTensors(16);
        var operands = new Operands(tensors, [1, 2, 2, 33], residual: false);
        operands.X.Span[5] = operands.X.Span[32] = float.NaN;
        operands.Forward(backend, training: false, relu: true);
        Assert.True(float.IsNaN(operands.Y.Span[5]) && float.IsNaN(operands.Y.Span[32]));
        Assert.Equal(2, operands.Y.Span.ToArray().Count(float.IsNaN));
    }

    [Fact]
    public void TheWorkerCountDoesNotChangeABit()
    {
        float[]? first = null;
        for (int workers = 1; workers <= 3; workers++)
        {
            using var crew = new CpuBackend(workers);
            using var tensors = new TestTensors(17);
            var operands = new Operands(tensors, [9, 20, 19, 33], residual: true);
            operands.Forward(crew, training: true, relu: true);
            operands.Gradient(crew, training: true, relu: true, accumulateInput: false, accumulateResidual: false);
            float[] results =
            [
                .. operands.Y.Span, .. operands.RunningMean.Span, .. operands.RunningVariance.Span, .. operands.Dx.Span, .. operands.Dgamma.Span,
                .. operands.Dbeta.Span,
            ];
            first ??= results;
            Expect.SameBits(first, results);
        }
    }

    private static double[] Moved(double[] running, double[] value, double factor) =>
        [.. running.Select((old, channel) => (1 - (double)Momentum) * old + Momentum * value[channel] * factor)];

    private sealed class Operands
    {
        public Operands(TestTensors tensors, int[] shape, bool residual)
        {
            Channels = shape[3];
            Rows = shape[0] * shape[1] * shape[2];
            X = tensors.Normal(shape);
            Gamma = tensors.Uniform(0.5f, 1.5f, Channels);
            Beta = tensors.Normal(Channels);
            Residual = residual ? tensors.Normal(shape) : TestTensors.Absent;
            Dy = tensors.Normal(shape);
            RunningMean = tensors.Normal(Channels);
            RunningVariance = tensors.Uniform(0.5f, 2, Channels);
            Y = tensors.Unwritten(shape);
            Mean = tensors.Unwritten(Channels);
            ReciprocalDeviation = tensors.Unwritten(Channels);
            Dx = tensors.Unwritten(shape);
            Dresidual = residual ? tensors.Unwritten(shape) : TestTensors.Absent;
            Dgamma = tensors.Unwritten(Channels);
            Dbeta = tensors.Unwritten(Channels);
        }

        public int Channels { get; }

        public int Rows { get; }

        public TensorView X { get; }

        public TensorView Gamma { get; }

        public TensorView Beta { get; }

        public TensorView Residual { get; }

        public TensorView Dy { get; }

        public TensorView RunningMean { get; }

        public TensorView RunningVariance { get; }

        public TensorView Y { get; }

        public TensorView Mean { get; }

        public TensorView ReciprocalDeviation { get; }

        public TensorView Dx { get; }

        public TensorView Dresidual { get; }

        public TensorView Dgamma { get; }

        public TensorView Dbeta { get; }

        public void Forward(CpuBackend backend, bool training, bool relu)
        {
            if (training)
                backend.BatchNormTraining(X, Gamma, Beta, Residual, Y, Mean, ReciprocalDeviation, RunningMean, RunningVariance, Epsilon, Momentum, relu);
            else
                backend.BatchNormInference(X, Gamma, Beta, Residual, Y, Mean, ReciprocalDeviation, RunningMean, RunningVariance, Epsilon, relu);
        }

        public void Gradient(CpuBackend backend, bool training, bool relu, bool accumulateInput, bool accumulateResidual) =>
            backend.BatchNormGradient(
                Dy, X, Y, Gamma, Mean, ReciprocalDeviation, Dx, Dresidual, Dgamma, Dbeta, relu, training, accumulateInput, accumulateResidual);
    }
}
