using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>How far an image is from the reference, in levels of 255.</summary>
public readonly record struct ImageComparison(int Max, double Mean, double DifferingShare)
{
    public static ImageComparison Of(Image8 actual, Image8 expected)
    {
        Assert.Equal((expected.Width, expected.Height, expected.Channels), (actual.Width, actual.Height, actual.Channels));
        return Of(actual.Pixels, expected.Pixels);
    }

    public static ImageComparison Of(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        int max = 0, differing = 0;
        long sum = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            int difference = Math.Abs(actual[i] - expected[i]);
            max = Math.Max(max, difference);
            differing += difference > 0 ? 1 : 0;
            sum += difference;
        }

        return new(max, (double)sum / actual.Length, (double)differing / actual.Length);
    }

    public void AssertWithin(int max, double differingShare = 1, double mean = 255) =>
        Assert.True(Max <= max && DifferingShare <= differingShare && Mean <= mean,
            $"max {Max} (at most {max}), differing {DifferingShare:P3} (at most {differingShare:P1}), mean {Mean:F4} (at most {mean})");

    public static Image8 Load(int channels, params string[] parts)
    {
        var image = new Image8(1, 1, 1);
        ImageFile.Read(GoldenData.PathOf(parts), image, channels);
        return image;
    }
}
