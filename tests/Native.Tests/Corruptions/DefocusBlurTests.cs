using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Corruptions;

/// <summary>Defocus by running and separable sums in single precision, against the kernel's rings summed one pixel after the other.</summary>
public sealed class DefocusBlurTests
{
    // The published constants of the sets whose sizes are met below; the largest has rings of more pixels than 16 bits can sum.
    private static readonly (double Radius, double Sigma)[] ImageNet = [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)];
    private static readonly (double Radius, double Sigma)[] Inception = [(4, 0.1), (5, 0.5), (7, 0.5), (10, 0.5), (12, 0.5)];
    private static readonly (double Radius, double Sigma)[] Tiny = [(0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)];
    private static readonly (double Radius, double Sigma)[] Cifar = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)];

    [Fact]
    public void EveryByteIsThatOfTheKernelsRings()
    {
        Check(Image(121, 125, 3), ImageNet);
        Check(Image(259, 280, 1), Inception);
        Check(Image(47, 50, 3), Tiny);
        Check(Image(1, 1, 3), Cifar);
        Check(Image(33, 5, 1), Cifar);
        Check(Image(2, 40, 3), Cifar);
    }

    [Fact]
    public void TheSeparableFormIsOffByAThousandthOfALevelAtMost()
    {
        foreach (var (radius, sigma) in (IEnumerable<(double, double)>)[.. ImageNet, .. Inception, .. Tiny, .. Cifar])
            Assert.InRange(new DiskKernel(radius, sigma).Separable.Tolerance, 0, 1e-3f);
    }

    private static void Check(Image8 image, (double Radius, double Sigma)[] disks)
    {
        var (actual, scratch) = (new Image8(1, 1, 1), new CorruptionScratch());
        var defocus = CorruptionCatalog.Find("defocus_blur");
        for (int severity = 1; severity <= disks.Length; severity++)
        {
            defocus.Apply(image, actual, severity, CorruptionSeed.Stream(1, defocus, severity, 0), scratch);
            var expected = Correlate(image, new DiskKernel(disks[severity - 1].Radius, disks[severity - 1].Sigma));
            Assert.True(actual.Pixels.SequenceEqual(expected), $"{image.Width}x{image.Height}x{image.Channels}, severity {severity}");
        }
    }

    private static byte[] Correlate(Image8 image, DiskKernel kernel)
    {
        int channels = image.Channels;
        var result = new byte[image.Pixels.Length];
        for (int i = 0; i < result.Length; i++)
        {
            int channel = i % channels, x = i / channels % image.Width, y = i / channels / image.Width;
            double sum = 0;
            foreach (var ring in kernel.Rings)
            {
                int bytes = 0;
                foreach (var (dx, dy) in ring.Offsets)
                    bytes += image.Pixels[(Border.Reflect101(y + dy, image.Height) * image.Width + Border.Reflect101(x + dx, image.Width)) * channels + channel];
                sum = Math.FusedMultiplyAdd(bytes, ring.Weight / 255, sum);
            }

            result[i] = UnitRange.ToByte(sum);
        }

        return result;
    }

    // In stripes from left to right: noise, one colour, white, a ramp, and a checkerboard.
    private static Image8 Image(int width, int height, int channels)
    {
        var image = Augment.TestImages.Random(width, height, channels, 3);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int channel = i % channels, x = i / channels % width, y = i / channels / width;
            image.Pixels[i] = (5 * x / width) switch
            {
                0 => image.Pixels[i],
                1 => (byte)(90 + 50 * channel),
                2 => 255,
                3 => (byte)(2 * x + y),
                _ => (byte)((x / 3 + y / 2) % 2 * 200),
            };
        }

        return image;
    }
}
