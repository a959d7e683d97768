using Robustify.Kernels;

namespace Robustify.Native.Data.Images;

/// <summary>Cutting rectangles out of images.</summary>
public static class Cropping
{
    /// <summary>Copies the rectangle with its top-left pixel at (<paramref name="left"/>, <paramref name="top"/>).</summary>
    /// <param name="source">Grey or RGB.</param>
    /// <param name="destination">Another image; takes the result.</param>
    /// <param name="left">First column.</param>
    /// <param name="top">First row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <exception cref="RobustifyException">The rectangle leaves the image, or source and destination are one image.</exception>
    public static void Crop(Image8 source, Image8 destination, int left, int top, int width, int height)
    {
        if (ReferenceEquals(source, destination))
            throw new RobustifyException("crop: source and destination are the same image; pass two");
        if (left < 0 || top < 0 || width < 1 || height < 1 || left > source.Width - width || top > source.Height - height)
            throw new RobustifyException(
                $"crop: rectangle {width}x{height} at ({left}, {top}) leaves the {source.Width}x{source.Height} image; resize the image first");
        destination.Reshape(width, height, source.Channels);
        int sourceRow = source.Width * source.Channels, targetRow = width * source.Channels;
        for (int y = 0; y < height; y++)
            source.Pixels.Slice((top + y) * sourceRow + left * source.Channels, targetRow).CopyTo(destination.Pixels[(y * targetRow)..]);
    }

    /// <summary>Copies the middle. The offset is (side - crop) / 2 rounded half to even, as torchvision's <c>CenterCrop</c>.</summary>
    /// <param name="source">Grey or RGB, at least as large as the crop.</param>
    /// <param name="destination">Another image; takes the result.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <exception cref="RobustifyException">The image is smaller than the crop, or source and destination are one image.</exception>
    public static void CenterCrop(Image8 source, Image8 destination, int width, int height) =>
        Crop(source, destination, Offset(source.Width, width), Offset(source.Height, height), width, height);

    private static int Offset(int side, int crop) => (int)Math.Round((side - crop) / 2.0, MidpointRounding.ToEven);
}
