using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Noise;
using Robustify.Native.Data.Images;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>
/// Corruptions on the device against the host's, byte for byte: same draws, same roundings. The constants are those of severity 3 (and 5
/// where another branch is taken) of CIFAR-10-C, and of ImageNet-C for the large disk.
/// </summary>
public sealed class CorruptionKernelTests
{
    private const ulong Seed = 20260101;
    private static readonly int[] Samples = [0, 7, 123_456];

    [SoftwareCudaTheory]
    [InlineData("gaussian_noise", 3, 3, false)]
    [InlineData("gaussian_noise", 3, 1, false)]
    [InlineData("shot_noise", 3, 3, false)]
    [InlineData("shot_noise", 3, 1, false)]
    [InlineData("impulse_noise", 3, 3, false)]
    [InlineData("impulse_noise", 3, 1, false)]
    [InlineData("speckle_noise", 3, 3, false)]
    [InlineData("brightness", 3, 3, false)]
    [InlineData("brightness", 3, 1, false)]
    [InlineData("saturate", 3, 3, false)]
    [InlineData("saturate", 5, 3, false)]
    [InlineData("saturate", 5, 1, false)]
    [InlineData("contrast", 3, 3, false)]
    [InlineData("contrast", 3, 1, false)]
    [InlineData("defocus_blur", 3, 3, false)]
    [InlineData("gaussian_blur", 3, 3, false)]
    [InlineData("gaussian_blur", 3, 1, false)]
    [InlineData("gaussian_noise", 3, 3, true)]
    [InlineData("shot_noise", 3, 3, true)]
    [InlineData("impulse_noise", 3, 3, true)]
    [InlineData("saturate", 5, 3, true)]
    [InlineData("contrast", 3, 3, true)]
    [InlineData("defocus_blur", 3, 3, true)]
    [InlineData("gaussian_blur", 3, 3, true)]
    public void A_batch_is_corrupted_as_the_host_does_it_byte_for_byte(string name, int severity, int channels, bool check)
    {
        // 33 x 29: no multiple of a block, a Philox block or a warp.
        var images = DeviceImages.Draw(3, 33, 29, channels);
        using var device = new DeviceImages(new SoftwareDeviceOptions { Check = check, Order = check ? ThreadOrder.Forward : ThreadOrder.Random });
        TensorView x = device.Upload(images), y = device.New(DType.UInt8, x.Shape);
        Corrupt(device, name, severity, x, y);
        device.ExpectEqual(OnHost(name, severity, images), y);
    }

    [SoftwareCudaFact]
    public void The_large_disk_of_ImageNet_sums_its_rings_as_the_host_does()
    {
        var images = DeviceImages.Draw(1, 121, 120, 3);
        using var device = new DeviceImages(new());
        TensorView x = device.Upload(images), y = device.New(DType.UInt8, x.Shape);
        Defocus(device, new DiskKernel(10, 0.5), x, y);
        device.ExpectEqual(OnHost("defocus_blur", 5, images), y);
    }

    private static void Corrupt(DeviceImages device, string name, int severity, TensorView x, TensorView y)
    {
        var backend = device.Backend;
        var corruption = CorruptionCatalog.Find(name);
        var ids = device.Upload<int>(Samples, DType.Int32, new Shape(Samples.Length));
        var draw = new CorruptionDraw(Seed, (uint)RandomPurpose.Corruption, (uint)corruption.Index << 8 | (uint)severity, ids);
        switch (name)
        {
            case "gaussian_noise":
                backend.GaussianNoise(x, y, draw, (float)(0.08 * 255));
                break;
            case "speckle_noise":
                backend.SpeckleNoise(x, y, draw, 0.12f);
                break;
            case "impulse_noise":
                backend.ImpulseNoise(x, y, draw, (uint)Math.Ceiling(0.03 * 4294967296.0));
                break;
            case "shot_noise":
                var outcomes = new PhotonOutcomes(100);
                var bins = device.Upload(outcomes.Table, DType.UInt8, new Shape(outcomes.Table.Length));
                backend.ShotNoise(x, y, bins, draw, outcomes.IndexBits);
                break;
            case "brightness":
                backend.Brightness(x, y, 0.15);
                break;
            case "saturate":
                backend.Saturate(x, y, severity == 5 ? 2.5 : 1.5, severity == 5 ? 0.2 : 0);
                break;
            case "contrast":
                backend.Contrast(x, y, 0.4);
                break;
            case "defocus_blur":
                Defocus(device, new DiskKernel(0.5, 0.6), x, y);
                break;
            default:
                double[] weights = new GaussianKernel(0.7).Weights;
                backend.GaussianBlur(x, y, device.Upload<double>(weights, DType.Float64, new Shape(weights.Length)));
                break;
        }
    }

    private static void Defocus(DeviceImages device, DiskKernel kernel, TensorView x, TensorView y)
    {
        int[] offsets = [.. kernel.Rings.SelectMany(ring => ring.Offsets).SelectMany(offset => (int[])[offset.X, offset.Y])];
        int[] ends = [.. kernel.Rings.Select((_, i) => kernel.Rings.Take(i + 1).Sum(ring => ring.Offsets.Length))];
        double[] weights = [.. kernel.Rings.Select(ring => ring.Weight / 255)];
        device.Backend.DefocusBlur(
            x, y, device.Upload<int>(offsets, DType.Int32, new Shape(offsets.Length / 2, 2)), device.Upload<int>(ends, DType.Int32, new Shape(ends.Length)),
            device.Upload<double>(weights, DType.Float64, new Shape(weights.Length)));
    }

    private static Image8[] OnHost(string name, int severity, Image8[] images) => [.. images.Select((image, i) =>
    {
        var corruption = CorruptionCatalog.Find(name);
        var result = new Image8(1, 1, 1);
        corruption.Apply(image, result, severity, CorruptionSeed.Stream(Seed, corruption, severity, (uint)Samples[i]), new CorruptionScratch());
        return result;
    })];
}
