using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests;

public sealed class DeviceTests
{
    private const string Scale = """
        extern "C" __global__ void scale(float* y, const float* x, float factor, int n) {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) y[i] = factor * x[i];
        }
        """;

    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_modules_with_kernels_of_one_name_stay_apart(bool check)
    {
        using var device = new SoftwareDevice(new() { Check = check });
        var driver = new TestDriver(device);
        nint twice = driver.Compile("extern \"C\" __global__ void k(float* y) { y[0] = 2; }"), thrice = driver.Compile("extern \"C\" __global__ void k(float* y) { y[0] = 3; }");
        nint y = driver.New(4);
        driver.Ok(driver.Launch(driver.Function(twice, "k"), (1, 1, 1), (1, 1, 1), 0, [y]));
        Assert.Equal(2, driver.Download<float>(y, 1)[0]);
        driver.Ok(driver.Launch(driver.Function(thrice, "k"), (1, 1, 1), (1, 1, 1), 0, [y]));
        Assert.Equal(3, driver.Download<float>(y, 1)[0]);
    }

    [SoftwareCudaTheory]
    [InlineData(false, ThreadOrder.Forward)]
    [InlineData(false, ThreadOrder.Random)]
    [InlineData(true, ThreadOrder.Reverse)]
    public void A_kernel_compiled_from_source_computes_on_every_build(bool check, ThreadOrder order)
    {
        using var device = new SoftwareDevice(new() { Check = check, Order = order });
        var driver = new TestDriver(device);
        nint module = driver.Compile(Scale);
        float[] x = [.. Enumerable.Range(0, 1000).Select(i => i * 0.5f)];
        nint from = driver.Upload<float>(x), to = driver.New(4000);
        driver.Ok(driver.Launch(driver.Function(module, "scale"), (4, 1, 1), (256, 1, 1), 0, [to, from, TestDriver.Cell(3), x.Length]));
        Assert.Equal(x.Select(v => 3 * v), driver.Download<float>(to, x.Length));
        device.ExpectClean();
    }
}
