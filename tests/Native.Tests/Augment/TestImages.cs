using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Augment;

/// <summary>Images with gradients and noise, so that every operation changes them.</summary>
internal static class TestImages
{
    public static Image8 Random(int width, int height, int channels, uint sample = 0)
    {
        var image = new Image8(width, height, channels);
        var random = new PhiloxStream(77, RandomPurpose.Initialization, 0, sample);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(40 + 120 * i / image.Pixels.Length + random.NextInteger(0, 60));
        return image;
    }
}
