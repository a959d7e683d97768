using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// Mixtures of 8-bit images x [images, height, width, channels] to normalised rows y [rows, height, width, channels] Float32. What is
/// drawn covers all rows of a batch, of which y holds those from firstRow on; row r is made of image r modulo images.
/// </summary>
internal sealed partial class CudaBackend
{
    /// <summary>
    /// AugMix: steps [depth, all rows, chains] of <see cref="ImageStep"/>, weights [all rows, chains + 2] Float32: the image's, the chains',
    /// their sum.
    /// </summary>
    internal void AugMix(
        TensorView x, TensorView y, TensorView steps, TensorView weights, int firstRow, int depth, ReadOnlySpan<float> scales, ReadOnlySpan<float> shifts)
    {
        int chains = weights.Shape.Columns - 2, allRows = weights.Shape.Rows, length = ImageLength(x), channels = x.Shape[3];
        int together = AugMixRowsTogether(y.Shape[0], chains, length, channels), last = channels - 1;
        nint scratch = Scratch(AugMixScratchBytes(y.Shape[0], chains, length, channels));
        for (int first = 0; first < y.Shape[0]; first += together)
        {
            int rows = Math.Min(together, y.Shape[0] - first), row = firstRow + first, works = rows * chains;
            nint from = scratch, to = from + works * length, tables = to + works * length;
            for (int step = 0; step < depth; step++)
            {
                nint own = steps.Pointer + (nint)((((long)step * allRows + row) * chains) * ImageStep.Bytes);
                Apply(step == 0 ? x.Pointer : from, to, tables, own, 0, works, x.Shape, step == 0 ? chains : 0, row);
                (from, to) = (to, from);
            }

            Launch(
                "augment_mix_f32", FlatGeometry.For((long)rows * length, DType.Float32), new((chains + 5L) * rows * length, 2L * chains * rows * length),
                x, from, weights.Pointer + row * (chains + 2) * sizeof(float), y.Pointer + (nint)((long)first * length * sizeof(float)), rows, length,
                channels, chains, row, x.Shape[0], scales[0], scales[Math.Min(1, last)], scales[last], shifts[0], shifts[Math.Min(1, last)], shifts[last]);
        }
    }

    /// <summary>
    /// PixMix: layers [rounds, all rows] of <see cref="ImageStep"/>, blends [rounds, all rows] of <see cref="PixBlend"/>, the first of which
    /// begins a row; pictures [., side, side, channels].
    /// </summary>
    internal void PixMix(
        TensorView x, TensorView y, TensorView layers, TensorView blends, TensorView pictures, int firstRow, int allRows, int rounds,
        ReadOnlySpan<float> scales, ReadOnlySpan<float> shifts)
    {
        int rows = y.Shape[0], length = ImageLength(x), channels = x.Shape[3], last = channels - 1;
        nint layer = Scratch(PixMixScratchBytes(rows, length, channels)), tables = layer + rows * length;
        var geometry = ElementGeometry(y);
        for (int round = 0; round < rounds; round++)
        {
            long offset = (long)round * allRows + firstRow;
            Apply(x.Pointer, layer, tables, layers.Pointer + (nint)(offset * ImageStep.Bytes), pictures.Pointer, rows, x.Shape, 1, firstRow);
            Launch(
                "augment_blend_f32", geometry, new(9 * y.Shape.Count, 10 * y.Shape.Count), layer, y, blends.Pointer + (nint)(offset * PixBlend.Bytes), rows,
                length);
        }

        Launch(
            "augment_normalize_f32", geometry, new(8 * y.Shape.Count, 3 * y.Shape.Count), y, y.Shape.Count, channels, scales[0],
            scales[Math.Min(1, last)], scales[last], shifts[0], shifts[Math.Min(1, last)], shifts[last]);
    }

    /// <summary>Scratch memory of AugMix on so many rows.</summary>
    internal static long AugMixScratchBytes(int rows, int chains, int length, int channels) =>
        AugMixRowsTogether(rows, chains, length, channels) * AugMixBytesOfRow(chains, length, channels);

    /// <summary>Scratch memory of PixMix on so many rows.</summary>
    internal static long PixMixScratchBytes(int rows, int length, int channels) => rows * ((long)length + channels * Levels);

    private static int AugMixRowsTogether(int rows, int chains, int length, int channels) =>
        (int)Math.Clamp(MostScratchBytes / AugMixBytesOfRow(chains, length, channels), 1, rows);

    private static long AugMixBytesOfRow(int chains, int length, int channels) => chains * (2L * length + channels * Levels);

    private void Apply(nint x, nint y, nint tables, nint steps, nint pictures, int works, Shape shape, int chains, int firstRow)
    {
        int images = shape[0], height = shape[1], width = shape[2], channels = shape[3];
        long pixels = (long)height * width, bytes = 2 * works * pixels * channels;
        Launch(
            "augment_tables_u8", new LaunchGeometry((uint)works, (uint)channels, 1, FlatGeometry.Threads), new(bytes / 2, 0), x, tables, steps, pixels,
            channels, chains, firstRow, images);
        Launch(
            "augment_step_u8", FlatGeometry.For(works * pixels, DType.Float32), new(bytes, 0), x, y, tables, steps, pictures, works, height, width,
            channels, chains, firstRow, images);
    }
}
