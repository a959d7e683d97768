using Robustify.Kernels.Parity;
using Robustify.Native.Corruptions;
using Robustify.Native.Workflows.SelfTests;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Images;

public sealed class ImageSelfTestTests
{
    /// <summary>What selftest proves of a user's device: nothing but PixMix, whose powers differ in their last bits, is told from the CPU's.</summary>
    [SoftwareCudaFact]
    public void A_device_passes_with_every_corruption_and_every_kind_of_view()
    {
        using var device = new DeviceImages(new());
        SelfTestResult[] results = [.. ImageSelfTest.Run(device.Backend, CancellationToken.None)];
        Assert.Empty(results.Where(result => !result.Passed).Select(result => $"{result.Name}: {result.Failure}"));
        Assert.All(results.Where(result => result.Operation != "pixmix"), result => Assert.Equal(0, result.Outcome.Error));
        Assert.Equal(results.Length, results.DistinctBy(result => result.Name).Count());
        Assert.Subset(
            results.Select(result => result.Operation).ToHashSet(), CorruptionCatalog.All.Select(corruption => corruption.Name).Concat(["augmix", "pixmix", "noise2net", "standard"]).ToHashSet());
        device.ExpectClean();
    }
}
