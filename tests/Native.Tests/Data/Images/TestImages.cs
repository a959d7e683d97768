using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Data.Images;

internal static class TestImages
{
    /// <summary>Ramps with a step, unlike in every channel.</summary>
    public static Image8 Gradient(int width, int height, int channels)
    {
        var image = new Image8(width, height, channels);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int x = i / channels % width, y = i / channels / width, c = i % channels;
            image.Pixels[i] = (byte)(x * 5 + y * 3 + c * 60 + (x / 6 % 2) * 40);
        }

        return image;
    }

    public static Image8 Flat(int width, int height, int channels, byte level)
    {
        var image = new Image8(width, height, channels);
        image.Pixels.Fill(level);
        return image;
    }
}
