namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// A rectangle of an NHWC image copied with its border filled in, so that the loops over a window need no tests for the image's edge.
/// </summary>
internal static unsafe class ImageBand
{
    /// <summary>
    /// destination[rows, columns, channels] = image rows firstRow .. and columns firstColumn ..; what lies outside the image is zero.
    /// </summary>
    public static void Copy(
        float* image, int height, int width, int channels, int firstRow, int rows, int firstColumn, int columns, float* destination)
    {
        int left = Math.Clamp(-firstColumn, 0, columns);
        int right = Math.Clamp(width - firstColumn, left, columns);
        int copied = (right - left) * channels;
        int rowLength = columns * channels;
        for (int row = 0; row < rows; row++, destination += rowLength)
        {
            int sourceRow = firstRow + row;
            if (sourceRow < 0 || sourceRow >= height || copied == 0)
            {
                new Span<float>(destination, rowLength).Clear();
                continue;
            }

            float* source = image + ((long)sourceRow * width + firstColumn + left) * channels;
            new Span<float>(destination, left * channels).Clear();
            new Span<float>(source, copied).CopyTo(new Span<float>(destination + left * channels, copied));
            new Span<float>(destination + right * channels, (columns - right) * channels).Clear();
        }
    }
}
