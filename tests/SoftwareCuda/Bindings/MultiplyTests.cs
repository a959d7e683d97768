using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class MultiplyTests
{
    // float32 sums of up to 40 products of numbers below 1 against sums in double: a few units in the last place of the partial sums.
    private const double FloatTolerance = 1e-5;

    // One rounding of a result below 16 to eight significant bits.
    private const double BFloat16Tolerance = 16.0 / 512;

    public static TheoryData<bool, bool, string, string> Combinations()
    {
        var data = new TheoryData<bool, bool, string, string>();
        foreach (bool transposeA in (bool[])[false, true])
        {
            foreach (bool transposeB in (bool[])[false, true])
            {
                data.Add(transposeA, transposeB, nameof(DType.Float32), nameof(DType.Float32));
                data.Add(transposeA, transposeB, nameof(DType.BFloat16), nameof(DType.BFloat16));
                data.Add(transposeA, transposeB, nameof(DType.BFloat16), nameof(DType.Float32));
            }
        }

        return data;
    }

    [SoftwareCudaTheory]
    [MemberData(nameof(Combinations))]
    public void Products_of_every_layout_and_type_agree_with_sums_in_double(bool transposeA, bool transposeB, string operands, string result)
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        foreach ((bool accumulate, bool bias) in ((bool, bool)[])[(false, false), (true, false), (false, true)])
        {
            var product = new Product(13, 22, 40) { TransposeA = transposeA, TransposeB = transposeB, Operands = Enum.Parse<DType>(operands), Result = Enum.Parse<DType>(result), Accumulate = accumulate, Bias = bias };
            product.Check(opened, product.Result == DType.Float32 ? FloatTolerance : BFloat16Tolerance);
        }

        device.ExpectClean();
    }

    [SoftwareCudaFact]
    public void Rows_may_lie_apart_and_what_lies_between_is_left_alone()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        new Product(7, 9, 11) { Padding = 5 }.Check(opened, FloatTolerance);
        new Product(7, 9, 11) { Padding = 3, TransposeA = true, TransposeB = true, Accumulate = true }.Check(opened, FloatTolerance);
    }

    [SoftwareCudaFact]
    public void A_batch_is_as_many_products()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        new Product(6, 5, 8) { Batch = 3, TransposeB = true }.Check(opened, FloatTolerance);
    }

    [SoftwareCudaFact]
    public void Operands_that_do_not_fit_are_refused_with_their_extents()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        nint memory = opened.New(new float[100]).Pointer;
        var a = new MatrixOperand(memory, DType.Float32, 3, 4, 4);
        var b = new MatrixOperand(memory, DType.Float32, 5, 6, 6);
        var thrown = Assert.Throws<ArgumentException>(() => opened.Backend.Multiply(a, b, new MatrixOperand(memory, DType.Float32, 3, 6, 6), false));
        Assert.Contains("[3, 4] x [5, 6] to [3, 6]", thrown.Message);
    }

    [SoftwareCudaFact]
    public void A_choice_is_kept_for_the_next_start_unless_choices_must_follow_from_the_shape()
    {
        using var device = new SoftwareDevice();
        string folder = Directory.CreateTempSubdirectory("robustify-choices-").FullName;
        try
        {
            using (var opened = new OpenedBackend(folder, deterministic: true))
                new Product(4, 5, 6).Check(opened, FloatTolerance);
            Assert.Empty(Directory.GetFiles(folder, "*.matmul"));
            using (var opened = new OpenedBackend(folder))
                new Product(4, 5, 6).Check(opened, FloatTolerance);
            string file = Directory.GetFiles(folder, "*.matmul").Single();
            byte[] kept = File.ReadAllBytes(file);
            using (var opened = new OpenedBackend(folder))
                new Product(4, 5, 6).Check(opened, FloatTolerance);
            Assert.Equal(kept, File.ReadAllBytes(file));
            using (var opened = new OpenedBackend(folder))
                new Product(4, 5, 7).Check(opened, FloatTolerance);
            Assert.True(File.ReadAllBytes(file).Length > kept.Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed record Product(int M, int N, int K)
    {
        public bool TransposeA { get; init; }

        public bool TransposeB { get; init; }

        public bool Accumulate { get; init; }

        public bool Bias { get; init; }

        public DType Operands { get; init; }

        public DType Result { get; init; }

        public int Padding { get; init; }

        public int Batch { get; init; } = 1;

        public void Check(OpenedBackend opened, double tolerance)
        {
            (int rowsA, int columnsA) = TransposeA ? (K, M) : (M, K);
            (int rowsB, int columnsB) = TransposeB ? (N, K) : (K, N);
            (int strideA, int strideB, int strideD) = (columnsA + Padding, columnsB + Padding, N + Padding);
            var a = Draw(opened, 1, Batch * rowsA * strideA, Operands);
            var b = Draw(opened, 2, Batch * rowsB * strideB, Operands);
            var d = Draw(opened, 3, Batch * M * strideD, Result);
            var bias = Bias ? Draw(opened, 4, N, Result) : default;
            float[] hostA = opened.Read(a), hostB = opened.Read(b), before = opened.Read(d), hostBias = Bias ? opened.Read(bias) : new float[N];
            opened.Backend.Multiply(
                new MatrixOperand(a.Pointer, Operands, rowsA, columnsA, strideA, TransposeA, rowsA * strideA),
                new MatrixOperand(b.Pointer, Operands, rowsB, columnsB, strideB, TransposeB, rowsB * strideB),
                new MatrixOperand(d.Pointer, Result, M, N, strideD, BatchStride: M * strideD), Accumulate, bias, Batch);
            float[] after = opened.Read(d);
            for (int i = 0; i < after.Length; i++)
            {
                (int batch, int row, int column) = (i / (M * strideD), i / strideD % M, i % strideD);
                if (column >= N)
                {
                    Assert.Equal(before[i], after[i]);
                    continue;
                }

                double sum = hostBias[column] + (Accumulate ? before[i] : 0);
                for (int k = 0; k < K; k++)
                {
                    int indexA = batch * rowsA * strideA + (TransposeA ? k * strideA + row : row * strideA + k);
                    int indexB = batch * rowsB * strideB + (TransposeB ? column * strideB + k : k * strideB + column);
                    sum += (double)hostA[indexA] * hostB[indexB];
                }

                Assert.InRange(after[i] - sum, -tolerance, tolerance);
            }
        }

        private static TensorView Draw(OpenedBackend opened, uint sample, int count, DType type)
        {
            var stream = new PhiloxStream(7, RandomPurpose.Initialization, 0, sample);
            var values = new float[count];
            for (int i = 0; i < count; i++)
                values[i] = (float)(2 * stream.NextUniform() - 1);
            return type == DType.BFloat16 ? opened.NewBFloat16(values) : opened.New(values);
        }
    }
}
