using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Elastic transform, pixelate and JPEG on batches of 8-bit images [images, height, width, channels], x to y.</summary>
internal sealed partial class CudaBackend
{
    // An affine map takes six draws of two words, which fill three blocks; the fields follow.
    private const int AffineBlocks = 3;

    private const int JpegUnit = 16;

    /// <summary>
    /// Each image under its affine map [images, 6] Float64, then displaced along two fields of noise in -1..1, smoothed by a mirrored Gaussian
    /// with the weights [radius + 1] Float64 down the columns and along the rows, times <paramref name="alpha"/> pixels; 0 draws none.
    /// </summary>
    internal void ElasticTransform(TensorView x, TensorView y, in CorruptionDraw draw, TensorView maps, double alpha, TensorView down, TensorView across)
    {
        int height = x.Shape[1], width = x.Shape[2], channels = x.Shape[3], pixels = height * width;
        InTurns(x, y, draw, pixels * (3L * sizeof(double) + channels * sizeof(float)), turn =>
        {
            nint plane = (nint)((long)turn.Count * pixels * sizeof(double));
            nint dx = turn.Scratch, dy = dx + plane, columns = dy + plane, warped = columns + plane;
            Launch(
                "corruption_warp_u8", PixelGeometry(turn.X), new(5 * Bytes(turn.X), 20 * turn.X.Shape.Count), turn.X, warped,
                maps.Pointer + turn.First * 6 * sizeof(double), turn.Count, height, width, channels);
            for (int axis = 0; axis < 2 && alpha != 0; axis++)
            {
                nint field = axis == 0 ? dx : dy;
                Launch(
                    "corruption_field_f64", FlatGeometry.ForSamples(turn.Count, pixels, DrawElements), new(plane, 20L * turn.Count * pixels), field,
                    turn.Draw.SampleIds, turn.Count, pixels, turn.Draw.Seed, turn.Draw.Purpose, turn.Draw.Epoch, AffineBlocks + (uint)axis * Blocks(pixels));
                Gaussian(field, columns, turn.Count, height, width, down, across, mirrored: true);
            }

            Launch(
                "corruption_displace_u8", PixelGeometry(turn.X), new(5 * Bytes(turn.X) + 2 * plane, 20 * turn.X.Shape.Count), warped,
                alpha == 0 ? 0 : dx, alpha == 0 ? 0 : dy, turn.Y, turn.Count, height, width, channels, BitConverter.DoubleToInt64Bits(alpha));
        });
    }

    /// <summary>Shrinks and enlarges back; the tables of the two axes, first smaller, then larger.</summary>
    internal void Pixelate(TensorView x, TensorView y, DeviceResampling fewerColumns, DeviceResampling fewerRows, DeviceResampling columns, DeviceResampling rows)
    {
        int height = x.Shape[1], channels = x.Shape[3], fewWidth = fewerColumns.First.Shape.Columns, fewHeight = fewerRows.First.Shape.Columns;
        long narrow = (long)height * fewWidth * channels, small = (long)fewHeight * fewWidth * channels, low = (long)fewHeight * x.Shape[2] * channels;
        InTurns(x, y, default, narrow + small + low, turn =>
        {
            TensorView narrowed = new(turn.Scratch, DType.UInt8, new Shape(turn.Count, height, fewWidth, channels));
            TensorView shrunk = new(narrowed.Pointer + (nint)(turn.Count * narrow), DType.UInt8, new Shape(turn.Count, fewHeight, fewWidth, channels));
            TensorView widened = new(shrunk.Pointer + (nint)(turn.Count * small), DType.UInt8, new Shape(turn.Count, fewHeight, x.Shape[2], channels));
            ResampleRows(turn.X, narrowed, fewerColumns.First, fewerColumns.Count, fewerColumns.Weights, fewerColumns.Stride);
            ResampleColumns(narrowed, shrunk, fewerRows.First, fewerRows.Count, fewerRows.Weights, fewerRows.Stride);
            ResampleRows(shrunk, widened, columns.First, columns.Count, columns.Weights, columns.Stride);
            ResampleColumns(widened, turn.Y, rows.First, rows.Count, rows.Weights, rows.Stride);
        });
    }

    /// <summary>JPEG and back: quantisation steps [64] Int32 of luma and of chroma; grey images have luma alone.</summary>
    internal void Jpeg(TensorView x, TensorView y, TensorView lumaSteps, TensorView chromaSteps)
    {
        int height = x.Shape[1], width = x.Shape[2];
        bool grey = x.Shape[3] == 1;
        int stride = RoundUp(width, grey ? JpegUnit / 2 : JpegUnit), rows = RoundUp(height, grey ? JpegUnit / 2 : JpegUnit);
        long plane = (long)stride * rows;
        InTurns(x, y, default, grey ? plane : plane + plane / 2, turn =>
        {
            nint luma = turn.Scratch, blue = luma + (nint)(turn.Count * plane), red = blue + (nint)(turn.Count * plane / 4);
            long samples = turn.Count * plane;
            if (grey)
                Launch("corruption_jpeg_pad_u8", FlatGeometry.For(samples, DType.Float32), new(2 * samples, 0), turn.X, luma, turn.Count, height, width, rows, stride);
            else
            {
                Launch(
                    "corruption_jpeg_split_u8", FlatGeometry.For(samples / 4, DType.Float32), new(5 * samples, 5 * samples), turn.X, luma, blue, red,
                    turn.Count, height, width, rows, stride);
                TransformBlocks(blue, chromaSteps, turn.Count * rows / 2, stride / 2);
                TransformBlocks(red, chromaSteps, turn.Count * rows / 2, stride / 2);
            }

            TransformBlocks(luma, lumaSteps, turn.Count * rows, stride);
            if (grey)
                Launch("corruption_jpeg_cut_u8", PixelGeometry(turn.Y), new(2 * samples, 0), luma, turn.Y, turn.Count, height, width, rows, stride);
            else
                Launch(
                    "corruption_jpeg_join_u8", PixelGeometry(turn.Y), new(5 * samples, 20 * samples), luma, blue, red, turn.Y, turn.Count, height, width,
                    rows, stride);
        });
    }

    private void TransformBlocks(nint plane, TensorView steps, long lines, int stride) => Launch(
        "corruption_jpeg_blocks_u8", FlatGeometry.For(lines * stride / 64, DType.Float32), new(2 * lines * stride, 20 * lines * stride), plane, steps,
        lines, stride);

    private static int RoundUp(int side, int unit) => (side + unit - 1) / unit * unit;
}
