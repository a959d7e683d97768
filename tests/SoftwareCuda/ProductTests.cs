using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests;

/// <summary>The unchanged product, its bindings included, on the software device.</summary>
public sealed class ProductTests
{
    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_product_compiles_its_own_kernels_and_leaves_nothing_behind(bool check)
    {
        using var device = new SoftwareDevice(new() { Check = check });
        using (var backend = new CudaBackend(CudaLibraries.Load(), new CudaOptions()))
            Assert.Contains("Software CUDA device", backend.Description, StringComparison.Ordinal);
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    [SoftwareCudaFact]
    public void An_absent_device_is_named_and_the_remedy_told()
    {
        using var device = new SoftwareDevice(new() { Present = false });
        var error = Assert.ThrowsAny<RobustifyException>(() => CudaLibraries.Load());
        Assert.Contains("no CUDA-capable device", error.Message, StringComparison.Ordinal);
    }
}
