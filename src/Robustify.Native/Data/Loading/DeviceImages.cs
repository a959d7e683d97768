using Robustify.Kernels.Random;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// A batch as a CUDA device takes it, filled by the loader's threads: 8-bit images at the model's size, where each is cut and whether it is
/// mirrored, and what was drawn for its mixtures.
/// </summary>
internal sealed class DeviceImages
{
    /// <summary>Integers of a window: left, top, flip.</summary>
    public const int WindowLength = 3;

    private readonly int length;

    /// <param name="capacity">Images a batch.</param>
    /// <param name="side">Of an image, in pixels.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="mixtures">Of the views beside the clean one; null where there are none.</param>
    public DeviceImages(int capacity, int side, int channels, MixtureRecord? mixtures)
    {
        (length, Mixtures) = (side * side * channels, mixtures);
        Pixels = new byte[capacity * length];
        Windows = new int[capacity * WindowLength];
    }

    /// <summary>[capacity, side, side, channels].</summary>
    public byte[] Pixels { get; }

    /// <summary>[capacity, 3].</summary>
    public int[] Windows { get; }

    public MixtureRecord? Mixtures { get; }

    /// <summary>Puts an image in its place.</summary>
    public void Put(int position, Image8 image, int left, int top, bool isFlipped)
    {
        image.Pixels.CopyTo(Pixels.AsSpan(position * length, length));
        ((ReadOnlySpan<int>)[left, top, isFlipped ? 1 : 0]).CopyTo(Windows.AsSpan(position * WindowLength));
    }
}
