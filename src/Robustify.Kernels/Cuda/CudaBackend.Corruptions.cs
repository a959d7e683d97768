using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// Corruptions of batches of 8-bit images [images, height, width, channels], 1 or 3 channels, x to y: the host's results to the bit. The
/// constants of a severity are the caller's.
/// </summary>
internal sealed partial class CudaBackend
{
    // What a Gaussian blur may keep between its two passes: images beyond it take turns.
    private const long MostBlurBytes = 64 << 20;
    private const int MostImageParts = 64;

    /// <summary>x + sigma N(0, 1), sigma in levels.</summary>
    internal void GaussianNoise(TensorView x, TensorView y, in CorruptionDraw draw, float sigma) =>
        Normals("corruption_gaussian_noise_u8", x, y, draw, sigma);

    /// <summary>x + x sigma N(0, 1).</summary>
    internal void SpeckleNoise(TensorView x, TensorView y, in CorruptionDraw draw, float sigma) =>
        Normals("corruption_speckle_noise_u8", x, y, draw, sigma);

    /// <summary>Elements become 255 or 0 with a probability of amount / 2^32.</summary>
    internal void ImpulseNoise(TensorView x, TensorView y, in CorruptionDraw draw, uint amount) => Launch(
        "corruption_impulse_noise_u8", DrawGeometry(x), new(2 * Bytes(x), 0), x, y, draw.SampleIds, x.Shape[0], ImageLength(x), draw.Seed,
        draw.Purpose, draw.Epoch, amount);

    /// <summary>Each element by its level's alias table: bins [256, 2^indexBits] of 8 bytes, bound, outcome, alias.</summary>
    internal void ShotNoise(TensorView x, TensorView y, TensorView bins, in CorruptionDraw draw, int indexBits) => Launch(
        "corruption_shot_noise_u8", DrawGeometry(x), new(2 * Bytes(x), 0), x, y, bins, draw.SampleIds, x.Shape[0], ImageLength(x), draw.Seed,
        draw.Purpose, draw.Epoch, indexBits);

    /// <summary>The value of HSV plus a term.</summary>
    internal void Brightness(TensorView x, TensorView y, double added) => Launch(
        "corruption_brightness_u8", FlatGeometry.For(x.Shape.Rows, DType.Float32), new(2 * Bytes(x), 20 * x.Shape.Count), x, y,
        (long)x.Shape.Rows, x.Shape.Columns, BitConverter.DoubleToInt64Bits(added));

    /// <summary>The saturation of HSV times a factor plus a term.</summary>
    internal void Saturate(TensorView x, TensorView y, double factor, double term) => Launch(
        "corruption_saturate_u8", FlatGeometry.For(x.Shape.Rows, DType.Float32), new(2 * Bytes(x), 20 * x.Shape.Count), x, y,
        (long)x.Shape.Rows, x.Shape.Columns, BitConverter.DoubleToInt64Bits(factor), BitConverter.DoubleToInt64Bits(term));

    /// <summary>(x - mean) factor + mean, the mean of each image's channel.</summary>
    internal void Contrast(TensorView x, TensorView y, double factor)
    {
        int images = x.Shape[0], channels = x.Shape.Columns;
        long pixels = x.Shape.Rows / images;
        nint sums = Scratch((long)images * channels * sizeof(double));
        Launch(
            "corruption_contrast_sums_u8", new LaunchGeometry((uint)images, (uint)channels, 1, FlatGeometry.Threads), new(Bytes(x), 0), x, sums,
            pixels, channels);
        uint parts = (uint)Math.Clamp(pixels / (4 * FlatGeometry.Threads), 1, MostImageParts);
        Launch(
            "corruption_contrast_u8", new LaunchGeometry((uint)images, parts, (uint)channels, FlatGeometry.Threads), new(2 * Bytes(x), 0), x, y, sums, pixels,
            channels, BitConverter.DoubleToInt64Bits(factor));
    }

    /// <summary>
    /// Correlation with a kernel of few distinct weights: offsets [taps, 2] Int32 (x, y), ends [rings] Int32, the tap after each ring's
    /// last, and weights [rings] Float64 divided by 255.
    /// </summary>
    internal void DefocusBlur(TensorView x, TensorView y, TensorView offsets, TensorView ends, TensorView weights) => Launch(
        "corruption_defocus_blur_u8", FlatGeometry.For(x.Shape.Count, DType.Float32), new(2 * Bytes(x), offsets.Shape.Rows * x.Shape.Count), x, y,
        offsets, ends, weights, x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], ends.Shape.Columns);

    /// <summary>A separable Gaussian, edge pixels repeated; weights [radius + 1] Float64 of the pixels 0, 1, ... away.</summary>
    internal void GaussianBlur(TensorView x, TensorView y, TensorView weights)
    {
        int images = x.Shape[0], height = x.Shape[1], width = x.Shape[2], channels = x.Shape[3], radius = weights.Shape.Columns - 1;
        long length = ImageLength(x);
        int together = (int)Math.Clamp(MostBlurBytes / (2 * length * sizeof(double)), 1, images);
        nint units = Scratch(2 * together * length * sizeof(double)), columns = units + (nint)(together * length * sizeof(double));
        for (int first = 0; first < images; first += together)
        {
            int count = Math.Min(together, images - first);
            long elements = count * length;
            nint offset = (nint)(first * length);
            var geometry = FlatGeometry.For(elements, DType.Float32);
            Launch("corruption_units_u8", geometry, new(9 * elements, elements), x.Pointer + offset, units, elements);
            Launch(
                "corruption_gaussian_columns_u8", geometry, new(16 * elements, 3L * radius * elements), units, columns, weights, count, height,
                width * channels, radius);
            Launch(
                "corruption_gaussian_rows_u8", geometry, new(9 * elements, 3L * radius * elements), columns, y.Pointer + offset, weights,
                (long)count * height, width, channels, radius);
        }
    }

    private void Normals(string kernel, TensorView x, TensorView y, in CorruptionDraw draw, float sigma) => Launch(
        kernel, DrawGeometry(x), new(2 * Bytes(x), 40 * x.Shape.Count), x, y, draw.SampleIds, x.Shape[0], ImageLength(x), draw.Seed, draw.Purpose,
        draw.Epoch, sigma);

    private static LaunchGeometry DrawGeometry(TensorView x) => FlatGeometry.ForSamples(x.Shape[0], ImageLength(x), DrawElements);

    private static int ImageLength(TensorView x) => (int)(x.Shape.Count / x.Shape[0]);
}
