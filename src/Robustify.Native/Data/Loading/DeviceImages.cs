using Robustify.Native.Augment.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// A batch as a CUDA device takes it, filled by the loader's threads: 8-bit images at the model's size, where each is cut and whether it is
/// mirrored, and what was drawn for its mixtures and its noise.
/// </summary>
internal sealed class DeviceImages
{
    /// <summary>Integers of a window: left, top, flip.</summary>
    public const int WindowLength = 3;

    private readonly int capacity;
    private readonly int length;

    /// <param name="capacity">Images a batch.</param>
    /// <param name="crops">Crops of each image: 1, or as many as it has views.</param>
    /// <param name="side">Of an image, in pixels.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="mixtures">Of the views beside the clean one; null where there are none.</param>
    /// <param name="noise">Of the views beside the clean one, or of that one where there are no others; null for none.</param>
    public DeviceImages(int capacity, int crops, int side, int channels, MixtureRecord? mixtures, NoiseRecord? noise)
    {
        (this.capacity, length, Mixtures, Noise) = (capacity, side * side * channels, mixtures, noise);
        Pixels = new byte[(long)crops * capacity * length];
        Windows = new int[crops * capacity * WindowLength];
    }

    /// <summary>[crops, capacity, side, side, channels].</summary>
    public byte[] Pixels { get; }

    /// <summary>[crops, capacity, 3].</summary>
    public int[] Windows { get; }

    public MixtureRecord? Mixtures { get; }

    public NoiseRecord? Noise { get; }

    /// <summary>Puts a crop of an image in its place.</summary>
    public void Put(int crop, int position, Image8 image, int left, int top, bool isFlipped)
    {
        int row = crop * capacity + position;
        image.Pixels.CopyTo(Pixels.AsSpan(row * length, length));
        ((ReadOnlySpan<int>)[left, top, isFlipped ? 1 : 0]).CopyTo(Windows.AsSpan(row * WindowLength));
    }
}
