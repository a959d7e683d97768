using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Batches of 8-bit images [images, height, width, channels] on the device, with the host's arithmetic to the bit.</summary>
internal sealed partial class CudaBackend
{
    /// <summary>y = x scale[channel] + shift[channel]; x UInt8, y Float32 or BFloat16, 1 or 3 channels innermost.</summary>
    internal void NormalizePixels(TensorView x, TensorView y, ReadOnlySpan<float> scales, ReadOnlySpan<float> shifts)
    {
        int channels = x.Shape.Columns, last = channels - 1;
        Launch(
            Named(y, "image_normalize_f32", "image_normalize_bf16"), FlatGeometry.For(x.Shape.Count, DType.Float32),
            new(Bytes(x) + Bytes(y), 2 * x.Shape.Count), x, y, x.Shape.Count, channels, scales[0], scales[Math.Min(1, last)], scales[last],
            shifts[0], shifts[Math.Min(1, last)], shifts[last]);
    }

    /// <summary>
    /// Resamples the width: x [images, height, width, channels] to y [images, height, target, channels], by tables in device memory: for
    /// each target its first source pixel, the number of its weights, and <paramref name="stride"/> weights of 22 fraction bits.
    /// </summary>
    internal void ResampleRows(TensorView x, TensorView y, TensorView first, TensorView count, TensorView weights, int stride) => Launch(
        "image_resample_rows_u8", FlatGeometry.For(y.Shape.Count, DType.Float32), new(Bytes(x) + Bytes(y), 2L * stride * y.Shape.Count), x, first,
        count, weights, y, (long)x.Shape[0] * x.Shape[1], x.Shape[2], y.Shape[2], x.Shape[3], stride);

    /// <summary>Resamples the height: x [images, height, width, channels] to y [images, target, width, channels]; tables as for rows.</summary>
    internal void ResampleColumns(TensorView x, TensorView y, TensorView first, TensorView count, TensorView weights, int stride) => Launch(
        "image_resample_columns_u8", FlatGeometry.For(y.Shape.Count, DType.Float32), new(Bytes(x) + Bytes(y), 2L * stride * y.Shape.Count), x,
        first, count, weights, y, x.Shape[0], x.Shape[1], y.Shape[1], x.Shape[2] * x.Shape[3], stride);

    /// <summary>
    /// Images of unlike sizes to y [images, side, side, channels], each by weights of its own or, where it is as large already, as it is.
    /// </summary>
    /// <param name="bytes">The images, rows of pixels one after another.</param>
    /// <param name="sources">[images, 3] Int32: first byte, columns, whether it is resized.</param>
    /// <param name="weights">
    /// [images, 2, side (2 + stride)] Int32, across then down: of each target its first source pixel, of each the number of its weights, and they,
    /// <paramref name="stride"/> apart, of 22 fraction bits. Absent where none is resized.
    /// </param>
    /// <param name="stride">Weights that a target has room for.</param>
    /// <param name="y">Written.</param>
    internal void ResizeEach(TensorView bytes, TensorView sources, TensorView weights, int stride, TensorView y) => Launch(
        "image_resize_each_u8", FlatGeometry.For(y.Shape.Rows, DType.Float32), new(2 * Bytes(y), 2L * stride * stride * y.Shape.Count), bytes, sources, weights, y,
        y.Shape[0], y.Shape[1], y.Shape[3], stride);

    /// <summary>
    /// Of each image the window of y's size whose corner is (left, top), mirrored left to right where flip is not 0; what lies outside is
    /// black. windows [images, 3] Int32: left, top, flip.
    /// </summary>
    internal void CropAndFlip(TensorView x, TensorView windows, TensorView y) => Launch(
        "image_crop_flip_u8", FlatGeometry.For(y.Shape.Count, DType.Float32), new(2 * Bytes(y), 0), x, windows, y, x.Shape[0], x.Shape[1],
        x.Shape[2], y.Shape[1], y.Shape[2], x.Shape[3]);
}
