using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>The matrix product in its three forms, with everything its epilogue may do, against double loops.</summary>
public sealed class LinearTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    // rows, inputs, outputs: single elements, one off every tile (12 x 32, 6 x 16, 6 x 8), depth block (384), row block (96), column
    // block (1536) and work piece (256), many row blocks, and long thin ones.
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 1, 385, 1 }, { 5, 3, 7 }, { 12, 384, 32 }, { 13, 385, 33 }, { 11, 383, 31 }, { 96, 96, 256 }, { 97, 769, 1537 },
        { 193, 40, 257 }, { 1601, 17, 39 }, { 1, 192, 1000 }, { 700, 1, 2 }, { 2, 2000, 3 },
    };

    // One chain of fused multiply-adds over a depth of K: each of K partial sums, of size sqrt(k), is rounded by up to 2^-24 of itself,
    // which as a random walk is 2^-24 sqrt(K / 2) of the result's size; six of that for the worst of a million elements.
    private static double Tolerance(int depth) => 6 * Math.Sqrt(depth / 2.0 + 1) / (1 << 24);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void ForwardMatchesWithAndWithoutBias(int rows, int inputs, int outputs)
    {
        using var tensors = new TestTensors(1);
        TensorView x = tensors.Normal(rows, inputs), weight = tensors.Normal(outputs, inputs), bias = tensors.Normal(outputs);
        double[] product = Product(rows, outputs, inputs, (row, k) => x.Span[row * inputs + k], (column, k) => weight.Span[column * inputs + k]);
        var y = tensors.Unwritten(rows, outputs);
        backend.Linear(x, weight, TestTensors.Absent, y, Activation.None, TestTensors.Absent);
        Expect.Close(product, y, Tolerance(inputs));

        for (int i = 0; i < product.Length; i++)
            product[i] += bias.Span[i % outputs];
        backend.Linear(x, weight, bias, y, Activation.None, TestTensors.Absent);
        Expect.Close(product, y, Tolerance(inputs));
        foreach (var activation in (ReadOnlySpan<Activation>)[Activation.Gelu, Activation.QuickGelu])
        {
            // The epilogue works on the stored product: so the activation is compared on exactly that, and the rest has been compared above.
            TensorView activated = tensors.Unwritten(rows, outputs), alone = tensors.Unwritten(rows, outputs), kept = tensors.Unwritten(rows, outputs);
            backend.Linear(x, weight, bias, activated, activation, kept);
            backend.Linear(x, weight, bias, alone, activation, TestTensors.Absent);
            Expect.SameBits(y.Span, kept.Span);
            Expect.SameBits(activated.Span, alone.Span);
            double[] expected = Array.ConvertAll(Expect.Doubles(kept), value => ActivationReference.Value(activation, value));

            // An activation errs by a few 2^-24 of its argument (see ActivationTests), which may be five times the size of a typical result.
            Expect.Close(expected, activated, 2e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void InputGradientMatchesAndAccumulates(int rows, int inputs, int outputs)
    {
        using var tensors = new TestTensors(2);
        TensorView dy = tensors.Normal(rows, outputs), weight = tensors.Normal(outputs, inputs), dx = tensors.Unwritten(rows, inputs);
        double[] expected = Product(rows, inputs, outputs, (row, k) => dy.Span[row * outputs + k], (column, k) => weight.Span[k * inputs + column]);
        backend.LinearInputGradient(dy, weight, dx, accumulate: false);
        Expect.Close(expected, dx, Tolerance(outputs));
        var sum = tensors.Normal(rows, inputs);
        double[] before = Expect.Doubles(sum);
        backend.LinearInputGradient(dy, weight, sum, accumulate: true);
        Expect.Close(Expect.Sum(expected, before), sum, Tolerance(outputs));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void WeightGradientMatchesAndAccumulates(int rows, int inputs, int outputs)
    {
        using var tensors = new TestTensors(3);
        TensorView dy = tensors.Normal(rows, outputs), x = tensors.Normal(rows, inputs), dweight = tensors.Unwritten(outputs, inputs);
        double[] expected = Product(outputs, inputs, rows, (row, k) => dy.Span[k * outputs + row], (column, k) => x.Span[k * inputs + column]);
        backend.LinearWeightGradient(dy, x, dweight, accumulate: false);
        Expect.Close(expected, dweight, Tolerance(rows));
        var sum = tensors.Normal(outputs, inputs);
        double[] before = Expect.Doubles(sum);
        backend.LinearWeightGradient(dy, x, sum, accumulate: true);
        Expect.Close(Expect.Sum(expected, before), sum, Tolerance(rows));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(31, 5)]
    [InlineData(33, 64)]
    [InlineData(2049, 17)]
    [InlineData(5000, 3)]
    public void BiasGradientIsTheColumnSumAndAccumulates(int rows, int columns)
    {
        using var tensors = new TestTensors(4);
        TensorView dy = tensors.Normal(rows, columns), dbias = tensors.Unwritten(columns), sum = tensors.Normal(columns);
        double[] expected = new double[columns];
        for (int i = 0; i < dy.Shape.Count; i++)
            expected[i % columns] += dy.Span[i];
        backend.BiasGradient(dy, dbias, accumulate: false);
        Expect.Close(expected, dbias, Tolerance(rows));
        double[] before = Expect.Doubles(sum);
        backend.BiasGradient(dy, sum, accumulate: true);
        Expect.Close(Expect.Sum(expected, before), sum, Tolerance(rows));
    }

    [Fact]
    public void EveryProductHasTheSameBitsForAnyWorkers() => WorkerCounts.GiveTheSameBits(5, (device, tensors) =>
    {
        TensorView x = tensors.Normal(203, 389), weight = tensors.Normal(517, 389), bias = tensors.Normal(517), dy = tensors.Normal(203, 517);
        TensorView y = tensors.Unwritten(203, 517), kept = tensors.Unwritten(203, 517), dx = tensors.Normal(203, 389);
        TensorView dweight = tensors.Normal(517, 389), dbias = tensors.Normal(517);
        device.Linear(x, weight, bias, y, Activation.Gelu, kept);
        device.LinearInputGradient(dy, weight, dx, accumulate: true);
        device.LinearWeightGradient(dy, x, dweight, accumulate: true);
        device.BiasGradient(dy, dbias, accumulate: true);
        return [y, kept, dx, dweight, dbias];
    });

    // A row's result must not depend on the batch it is in: evaluation with other batch sizes gives the same answers.
    [Fact]
    public void ARowHasTheSameBitsInAnyBatch()
    {
        using var tensors = new TestTensors(6);
        TensorView x = tensors.Normal(131, 401), weight = tensors.Normal(77, 401), bias = tensors.Normal(77);
        TensorView all = tensors.Unwritten(131, 77), last = tensors.Unwritten(1, 77);
        backend.Linear(x, weight, bias, all, Activation.Gelu, TestTensors.Absent);
        backend.Linear(tensors.From(x.Span[^401..], 1, 401), weight, bias, last, Activation.Gelu, TestTensors.Absent);
        Expect.SameBits(all.Span[^77..], last.Span);
    }

    private static double[] Product(int rows, int columns, int depth, Func<int, int, float> left, Func<int, int, float> right)
    {
        double[] a = Gather(rows, depth, left), b = Gather(columns, depth, right), product = new double[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                product[row * columns + column] = Expect.Dot(a.AsSpan(row * depth, depth), b.AsSpan(column * depth, depth));
        }

        return product;
    }

    private static double[] Gather(int rows, int depth, Func<int, int, float> element)
    {
        double[] values = new double[rows * depth];
        for (int i = 0; i < values.Length; i++)
            values[i] = element(i / depth, i % depth);
        return values;
    }
}
