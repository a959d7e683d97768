using Robustify.Kernels;

namespace Robustify.Native.Data.Images;

/// <summary>
/// An 8-bit image in memory: row-major [height, width, channels], one channel (grey) or three (RGB). <see cref="Reshape"/> reuses the
/// buffer, so a worker that keeps its images allocates nothing per sample.
/// </summary>
public sealed class Image8
{
    /// <summary>Sides beyond this are refused: no image of the supported data sets comes near, and products of sides stay in 32 bits.</summary>
    public const int MaxSide = 16384;

    private byte[] storage;

    /// <summary>A black image.</summary>
    public Image8(int width, int height, int channels)
    {
        storage = [];
        Reshape(width, height, channels);
        Pixels.Clear();
    }

    /// <summary>Columns.</summary>
    public int Width { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>1 (grey) or 3 (RGB).</summary>
    public int Channels { get; private set; }

    /// <summary>Height x Width x Channels bytes.</summary>
    public Span<byte> Pixels => storage.AsSpan(0, Width * Height * Channels);

    /// <summary>Gives the image another size. The pixels are undefined afterwards; the buffer grows only when it must.</summary>
    /// <exception cref="RobustifyException">A side outside 1..<see cref="MaxSide"/>, or a channel count other than 1 or 3.</exception>
    public void Reshape(int width, int height, int channels)
    {
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide)
            throw new RobustifyException($"image: size {width}x{height} is outside 1..{MaxSide} a side; use an image within that range");
        if (channels is not (1 or 3))
            throw new RobustifyException($"image: {channels} channels found, 1 (grey) or 3 (RGB) expected; convert the image first");
        long bytes = (long)width * height * channels;
        if (bytes > int.MaxValue)
            throw new RobustifyException($"image: {width}x{height}x{channels} needs {bytes} bytes, more than 2 GiB; use a smaller image");
        Room((int)bytes);
        (Width, Height, Channels) = (width, height, channels);
    }

    /// <summary>At least so many bytes, of which the first are <see cref="Pixels"/>; what they held may be lost.</summary>
    internal Span<byte> Room(int bytes)
    {
        if (storage.Length < bytes)
            storage = GC.AllocateUninitializedArray<byte>(bytes);
        return storage.AsSpan(0, bytes);
    }

    /// <summary>Makes this image a copy of <paramref name="source"/>.</summary>
    public void CopyFrom(Image8 source)
    {
        Reshape(source.Width, source.Height, source.Channels);
        source.Pixels.CopyTo(Pixels);
    }
}
