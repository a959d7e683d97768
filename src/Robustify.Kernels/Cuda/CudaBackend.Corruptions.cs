using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// Corruptions of batches of 8-bit images [images, height, width, channels], 1 or 3 channels, x to y: the host's results to the bit. The
/// constants of a severity are the caller's.
/// </summary>
internal sealed partial class CudaBackend
{
    // What may lie between the passes over a batch: images beyond it take turns.
    private const long MostScratchBytes = 256 << 20;
    private const int MostImageParts = 64;
    private const int Levels = 256;

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

    private void Normals(string kernel, TensorView x, TensorView y, in CorruptionDraw draw, float sigma) => Launch(
        kernel, DrawGeometry(x), new(2 * Bytes(x), 40 * x.Shape.Count), x, y, draw.SampleIds, x.Shape[0], ImageLength(x), draw.Seed, draw.Purpose,
        draw.Epoch, sigma);

    /// <summary>Runs <paramref name="work"/> over as many images at a time as the scratch memory of one image allows.</summary>
    private void InTurns(TensorView x, TensorView y, in CorruptionDraw draw, long bytesOfOne, Action<Turn> work)
    {
        int images = x.Shape[0], together = (int)Math.Clamp(MostScratchBytes / bytesOfOne, 1, images);
        nint scratch = Scratch(together * bytesOfOne);
        for (int first = 0; first < images; first += together)
        {
            int count = Math.Min(together, images - first);
            var ids = draw.SampleIds.IsAbsent ? default : new TensorView(draw.SampleIds.Pointer + first * sizeof(int), DType.Int32, new Shape(count));
            work(new Turn(first, count, Part(x, first, count), Part(y, first, count), draw with { SampleIds = ids }, scratch));
        }
    }

    private static TensorView Part(TensorView x, int first, int count) => new(
        x.Pointer + (nint)(first * (x.Shape.Count / x.Shape[0]) * x.Type.Size()), x.Type, new Shape(count, x.Shape[1], x.Shape[2], x.Shape[3]));

    private static int Pixels(TensorView x) => x.Shape[1] * x.Shape[2];

    /// <summary>Blocks that a fill of so many words takes of a stream.</summary>
    private static uint Blocks(long words) => (uint)((words + DrawElements - 1) / DrawElements);

    private static LaunchGeometry PixelGeometry(TensorView x) => FlatGeometry.For(x.Shape.Rows, DType.Float32);

    private static LaunchGeometry ElementGeometry(TensorView x) => FlatGeometry.For(x.Shape.Count, DType.Float32);

    private static LaunchGeometry DrawGeometry(TensorView x) => FlatGeometry.ForSamples(x.Shape[0], ImageLength(x), DrawElements);

    private static int ImageLength(TensorView x) => (int)(x.Shape.Count / x.Shape[0]);

    /// <summary>Some images of a batch, with scratch memory for each.</summary>
    private readonly record struct Turn(int First, int Count, TensorView X, TensorView Y, CorruptionDraw Draw, nint Scratch);
}
