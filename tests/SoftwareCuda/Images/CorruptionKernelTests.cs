using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>
/// All corruptions on the device against the host's, byte for byte: same draws, same roundings. The four sets of constants come with the
/// sizes.
/// </summary>
public sealed class CorruptionKernelTests
{
    private const ulong Seed = 20260101;

    // No neighbours, and numbers beyond 16 bits.
    private static readonly uint[] Samples = [0, 7, 123_456];

    public static TheoryData<string> Names() => [.. CorruptionCatalog.All.Select(corruption => corruption.Name)];

    /// <summary>CIFAR's constants, at a size that is no multiple of a block, a Philox block or a warp; threads in a random order.</summary>
    [SoftwareCudaTheory]
    [MemberData(nameof(Names))]
    public void An_odd_batch_is_corrupted_as_the_host_does_it_at_every_severity(string name)
    {
        using var device = new DeviceImages(new SoftwareDeviceOptions { Order = ThreadOrder.Random, Seed = 5 });
        for (int severity = 1; severity <= Corruption.MaxSeverity; severity++)
            ExpectHosts(device, name, severity, DeviceImages.Draw(3, 33, 29, 3));
    }

    /// <summary>Grey at the sizes of MNIST, and of CIFAR and Tiny-ImageNet in colour; one pixel, one row.</summary>
    [SoftwareCudaTheory]
    [MemberData(nameof(Names))]
    public void Grey_small_and_degenerate_batches_are_corrupted_as_the_host_does_it(string name)
    {
        using var device = new DeviceImages(new SoftwareDeviceOptions { Order = ThreadOrder.Reverse });
        ExpectHosts(device, name, 3, DeviceImages.Draw(2, 28, 28, 1));
        ExpectHosts(device, name, 5, DeviceImages.Draw(2, 28, 28, 1));
        ExpectHosts(device, name, 4, DeviceImages.Draw(1, 32, 32, 3));
        ExpectHosts(device, name, 2, DeviceImages.Draw(1, 64, 64, 3));
        ExpectHosts(device, name, 5, DeviceImages.Draw(2, 1, 1, 3));
        ExpectHosts(device, name, 1, DeviceImages.Draw(1, 17, 1, 1));
        ExpectHosts(device, name, 3, DeviceImages.Draw(1, 3, 5, 3));
    }

    [SoftwareCudaTheory]
    [MemberData(nameof(Names))]
    public void At_224_pixels_a_corruption_is_the_hosts(string name)
    {
        using var device = new DeviceImages(new());
        ExpectHosts(device, name, 5, DeviceImages.Draw(1, 224, 224, 3));
    }

    /// <summary>Every access checked: bounds, memory never written, races.</summary>
    [SoftwareCudaTheory]
    [MemberData(nameof(Names))]
    public void A_checked_device_finds_no_fault(string name)
    {
        using var device = new DeviceImages(new SoftwareDeviceOptions { Check = true });
        ExpectHosts(device, name, 3, DeviceImages.Draw(2, 21, 18, 3));
        ExpectHosts(device, name, 5, DeviceImages.Draw(1, 13, 11, 1));
    }

    private static void ExpectHosts(DeviceImages device, string name, int severity, Image8[] images)
    {
        var corruption = CorruptionCatalog.Find(name);
        uint[] samples = Samples[..images.Length];
        using var corruptor = new DeviceCorruptor(device.Backend);
        TensorView x = device.Upload(images), y = device.New(DType.UInt8, x.Shape);
        corruptor.Queue(corruption, severity, Seed, samples, x, y);
        device.ExpectEqual([.. images.Select((image, i) =>
        {
            var result = new Image8(1, 1, 1);
            corruption.Apply(image, result, severity, CorruptionSeed.Stream(Seed, corruption, severity, samples[i]), new CorruptionScratch());
            return result;
        })], y);
    }
}
