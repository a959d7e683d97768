using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Workflows.SelfTests;

/// <summary>Pictures with a gradient, noise and flat parts, so that every level and every hue occurs.</summary>
internal sealed class DrawnPictures(int count, int width, int height, int channels) : IImageSource
{
    private readonly Image8[] pictures = [.. Enumerable.Range(0, count).Select(number => Draw(number, width, height, channels))];

    /// <inheritdoc/>
    public string Description => "drawn pictures";

    /// <inheritdoc/>
    public int Count => pictures.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; } = ["picture"];

    /// <summary>One of them, not to be written to.</summary>
    public Image8 this[int index] => pictures[index];

    /// <inheritdoc/>
    public int Label(int index) => 0;

    /// <inheritdoc/>
    public void Read(int index, Image8 destination) => destination.CopyFrom(pictures[index]);

    private static Image8 Draw(int number, int width, int height, int channels)
    {
        var picture = new Image8(width, height, channels);
        for (int i = 0; i < picture.Pixels.Length; i++)
        {
            int x = i / channels % width, y = i / channels / width;
            uint word = Philox.Block(77, (uint)number, (uint)i, 0, 0).X;
            picture.Pixels[i] = (byte)(y < height / 3 ? 255 * x / width : y < 2 * height / 3 ? (int)(word >> 24) : 40 * (i % channels) + x / 8 * 16);
        }

        return picture;
    }
}
