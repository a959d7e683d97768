using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;
using Robustify.Native.Tests.Data.Images;

namespace Robustify.Native.Tests.Corruptions;

/// <summary>The Gaussian filter of bytes, summed in single precision, against the one in double precision.</summary>
public sealed class GaussianBytesTests
{
    private static readonly double[] Sigmas = [0.05, 0.25, 0.4, 0.5, 0.7, 1, 1.5, 2.5, 3, 4, 6.5];

    [Fact]
    public void EveryByteIsThatOfTheFilterInDoublePrecision()
    {
        var scratch = new CorruptionScratch();
        foreach (var image in Images())
        {
            foreach (double sigma in Sigmas)
            {
                var kernel = new GaussianKernel(sigma);
                var values = new double[image.Pixels.Length];
                UnitRange.FromBytes(image.Pixels, values);
                GaussianFilter.Apply(values, image.Width, image.Height, image.Channels, kernel, mirrored: false, scratch);
                byte[] expected = new byte[values.Length], actual = new byte[values.Length], inPlace = image.Pixels.ToArray();
                UnitRange.ToBytes(values, expected);
                GaussianBytes.Apply(image.Pixels, actual, image.Width, image.Height, image.Channels, kernel, scratch);
                GaussianBytes.Apply(inPlace, inPlace, image.Width, image.Height, image.Channels, kernel, scratch);
                Assert.True(expected.AsSpan().SequenceEqual(actual), $"sigma {sigma}, {image.Width}x{image.Height}x{image.Channels}");
                Assert.Equal(expected, inPlace);
            }
        }
    }

    // Noise has few sums near a whole level, flat areas have nothing else, and ramps are between; sides about the vectors' lengths and below the kernel's.
    private static IEnumerable<Image8> Images()
    {
        foreach (var (width, height, channels) in new[] { (1, 1, 1), (3, 5, 3), (31, 9, 1), (33, 20, 3), (97, 40, 3) })
        {
            yield return Augment.TestImages.Random(width, height, channels, 5);
            yield return TestImages.Gradient(width, height, channels);
            foreach (byte level in (byte[])[0, 1, 77, 255])
            {
                var flat = new Image8(width, height, channels);
                flat.Pixels.Fill(level);
                yield return flat;

                // A flat image with one noisy corner: rows of both kinds.
                var corner = new Image8(width, height, channels);
                corner.CopyFrom(flat);
                for (int i = 0; i < corner.Pixels.Length / 3; i++)
                    corner.Pixels[i] = (byte)(i * 7919 % 251);
                yield return corner;
            }
        }
    }
}
