using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Blurs of batches of 8-bit images [images, height, width, channels], x to y.</summary>
internal sealed partial class CudaBackend
{
    /// <summary>
    /// Correlation with a kernel of few distinct weights: offsets [taps, 2] Int32 (x, y), ends [rings] Int32, the tap after each ring's
    /// last, and weights [rings] Float64 divided by 255.
    /// </summary>
    internal void DefocusBlur(TensorView x, TensorView y, TensorView offsets, TensorView ends, TensorView weights) => Launch(
        "corruption_defocus_blur_u8", ElementGeometry(x), new(2 * Bytes(x), offsets.Shape.Rows * x.Shape.Count), x, y, offsets, ends, weights,
        x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], ends.Shape.Columns);

    /// <summary>A separable Gaussian, edge pixels repeated; weights [radius + 1] Float64 of the pixels 0, 1, ... away.</summary>
    internal void GaussianBlur(TensorView x, TensorView y, TensorView weights) => InTurns(
        x, y, default, 2 * ImageLength(x) * sizeof(double), turn => Gaussian(turn.X, turn.Y, weights, turn.Scratch));

    /// <summary>
    /// A Gaussian, pixels taken from up to <paramref name="delta"/> away in a scan, as often as told, and the Gaussian again. The draws of a
    /// scan are whole blocks a row, from the bottom up.
    /// </summary>
    internal void GlassBlur(TensorView x, TensorView y, TensorView weights, in CorruptionDraw draw, int delta, int iterations)
    {
        int length = ImageLength(x), height = x.Shape[1], width = x.Shape[2];
        uint blocksOfScan = (uint)Math.Max(height - 2 * delta, 0) * Blocks(2 * Math.Max(width - 2 * delta, 0));
        InTurns(x, y, draw, length * (2 * sizeof(double) + 2L), turn =>
        {
            nint planes = turn.Scratch + 2 * turn.Count * length * sizeof(double);
            TensorView before = new(planes, DType.UInt8, turn.X.Shape), after = new(planes + turn.Count * length, DType.UInt8, turn.X.Shape);
            Gaussian(turn.X, before, weights, turn.Scratch);
            for (int i = 0; i < iterations; i++)
            {
                Launch(
                    "corruption_glass_u8", PixelGeometry(turn.X), new(2 * Bytes(turn.X), 100L * turn.X.Shape.Rows), before, after, turn.Draw.SampleIds,
                    turn.Count, height, width, x.Shape[3], turn.Draw.Seed, turn.Draw.Purpose, turn.Draw.Epoch, (uint)i * blocksOfScan, delta);
                (before, after) = (after, before);
            }

            Gaussian(before, turn.Y, weights, turn.Scratch);
        });
    }

    /// <summary>A sum along a line: steps [images, taps, 2] Int32 (x, y), weights [taps] Float32.</summary>
    internal void MotionBlur(TensorView x, TensorView y, TensorView steps, TensorView weights) => Launch(
        "corruption_motion_u8", ElementGeometry(x), new(2 * Bytes(x), 2L * weights.Shape.Columns * x.Shape.Count), x, y, steps, weights, x.Shape[0],
        x.Shape[1], x.Shape[2], x.Shape[3], weights.Shape.Columns);

    /// <summary>
    /// The mean of the images and of enlargements of their middle: for each factor the source positions of the columns, then of the rows, whole
    /// parts [factors, width + height] Int32 and fractions Float32.
    /// </summary>
    internal void ZoomBlur(TensorView x, TensorView y, TensorView wholes, TensorView fractions) => Launch(
        "corruption_zoom_u8", ElementGeometry(x), new(2 * Bytes(x), 10L * wholes.Shape[0] * x.Shape.Count), x, y, wholes, fractions, x.Shape[0],
        x.Shape[1], x.Shape[2], x.Shape[3], wholes.Shape[0]);

    /// <summary>8-bit images through a Gaussian; scratch for two doubles an element.</summary>
    private void Gaussian(TensorView x, TensorView y, TensorView weights, nint units)
    {
        int width = x.Shape[2], channels = x.Shape[3], radius = weights.Shape.Columns - 1;
        long elements = x.Shape.Count;
        nint columns = units + (nint)(elements * sizeof(double));
        var geometry = ElementGeometry(x);
        Launch("corruption_units_u8", geometry, new(9 * elements, elements), x, units, elements);
        Launch(
            "corruption_gaussian_columns_f64", geometry, new(16 * elements, 3L * radius * elements), units, columns, weights, x.Shape[0], x.Shape[1],
            width * channels, radius, false);
        Launch(
            "corruption_gaussian_rows_u8", geometry, new(9 * elements, 3L * radius * elements), columns, y, weights, (long)x.Shape[0] * x.Shape[1],
            width, channels, radius);
    }

    /// <summary>Planes of doubles through a Gaussian in place, by way of as much memory again; the weights down the columns and along the rows.</summary>
    private void Gaussian(nint planes, nint columns, int count, int height, int width, TensorView down, TensorView across, bool mirrored)
    {
        long elements = (long)count * height * width;
        var geometry = FlatGeometry.For(elements, DType.Float32);
        int radiusDown = down.Shape.Columns - 1, radiusAcross = across.Shape.Columns - 1;
        Launch(
            "corruption_gaussian_columns_f64", geometry, new(16 * elements, 3L * radiusDown * elements), planes, columns, down, count, height, width,
            radiusDown, mirrored);
        Launch(
            "corruption_gaussian_rows_f64", geometry, new(16 * elements, 3L * radiusAcross * elements), columns, planes, across, (long)count * height,
            width, 1, radiusAcross, mirrored);
    }
}
