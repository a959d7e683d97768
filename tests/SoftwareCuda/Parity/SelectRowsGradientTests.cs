using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Parity;

public sealed class SelectRowsGradientTests
{
    private const int TableRows = 5, Places = 71, Width = 35;

    // Places far apart take one row, one row is taken by none, and two places name rows that there are not.
    private static readonly int[] Rows = [.. Enumerable.Range(0, Places).Select(i => i switch { 3 => -1, 40 => TableRows, _ => i * i % 4 })];

    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sums_of_places_are_the_CPUs_to_the_bit_and_rows_outside_add_to_nothing(bool accumulate)
    {
        float[] expected, found;
        using (var cpu = new CpuBackend(1))
            expected = Gradient(cpu, accumulate);
        using var device = new SoftwareDevice(new() { Check = true });
        using (var cuda = new CudaBackend(CudaLibraries.Load(), new CudaOptions()))
            found = Gradient(cuda, accumulate);
        device.ExpectClean();
        Assert.Equal(expected, found);
        Assert.All(found[(4 * Width)..], value => Assert.Equal(accumulate ? 0.5f : 0, value));
    }

    private static float[] Gradient(IBackend backend, bool accumulate)
    {
        using var memory = backend.Allocate(1 << 16, "test");
        TensorView dy = memory.View(0, new Shape(Places, Width)), rows = memory.View(16384, new Shape(Places), DType.Int32);
        TensorView table = memory.View(32768, new Shape(TableRows, Width));
        backend.Upload<float>([.. Enumerable.Range(0, Places * Width).Select(i => MathF.Sin(i) * (1 + i % 7))], dy);
        backend.Upload<int>(Rows, rows);
        backend.Upload<float>([.. Enumerable.Repeat(0.5f, TableRows * Width)], table);
        backend.SelectRowsGradient(dy, rows, table, accumulate);
        var values = new float[TableRows * Width];
        backend.Download<float>(table, values);
        return values;
    }
}
