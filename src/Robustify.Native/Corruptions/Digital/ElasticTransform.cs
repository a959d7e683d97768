using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>
/// An affine map that moves three points by a random jitter, then a displacement of every pixel along a smoothed random field. The constants
/// at 224 pixels are multiples of 244, as published; here they are in pixels.
/// </summary>
internal sealed class ElasticTransform : Corruption
{
    private const double Truncate = 3;

    private static readonly SeverityTable<Warp> Warps = new(
        imageNet224: [new(488, 170.8, 24.4), new(488, 19.52, 48.8), new(12.2, 2.44, 4.88), new(17.08, 2.44, 4.88), new(29.28, 2.44, 4.88)],
        inception299: [new(720, 252, 36), new(720, 28.8, 72), new(18, 3.6, 7.2), new(25.2, 3.6, 7.2), new(43.2, 3.6, 7.2)],
        tiny64: [new(0, 0, 5.12), new(3.2, 19.2, 3.84), new(6.4, 5.12, 3.84), new(6.4, 1.92, 1.92), new(10.24, 1.92, 1.28)],
        cifar32: [new(0, 0, 2.56), new(1.6, 6.4, 2.24), new(2.56, 1.92, 1.92), new(3.2, 1.28, 1.6), new(3.2, 0.96, 0.96)]);

    public override string Name => "elastic_transform";

    public override CorruptionGroup Group => CorruptionGroup.Digital;

    public override int Index => 12;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        Warp warp = Warps.At(variant, severity);
        int width = source.Width, height = source.Height, pixels = width * height;
        Span<float> warped = scratch.Floats(0, pixels * Displacement.Lanes);
        JitteredAffine.Draw(width, height, warp.Jitter, random).Apply(source, warped, scratch);
        Span<float> dx = scratch.Floats(1, pixels), dy = scratch.Floats(2, pixels);
        DrawField(dx, width, height, warp, random, scratch);
        DrawField(dy, width, height, warp, random, scratch);
        Displacement.Apply(warped, dx, dy, destination);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        Warp warp = Warps.At(variant, severity);
        var maps = new double[6 * batch.Images];
        for (int i = 0; i < batch.Images; i++)
        {
            var map = JitteredAffine.Draw(batch.Width, batch.Height, warp.Jitter, batch.StreamOf(i));
            ((ReadOnlySpan<double>)[map.A, map.B, map.C, map.D, map.E, map.F]).CopyTo(maps.AsSpan(6 * i));
        }

        batch.Backend.ElasticTransform(
            batch.Source, batch.Result, batch.Draw, batch.Tables.Upload<double>(maps, new(batch.Images, 6)), warp.Alpha,
            Weights(batch, warp.Kernel, batch.Height), Weights(batch, warp.Kernel, batch.Width));
    }

    private static TensorView Weights(DeviceBatch batch, GaussianKernel kernel, int size) =>
        batch.Tables.Keep((kernel, Math.Min(size, kernel.Radius)), "mirrored", () => GaussianFilter.Fold(kernel, size));

    private static void DrawField(Span<float> field, int width, int height, Warp warp, IRandomStream random, CorruptionScratch scratch)
    {
        Span<uint> words = scratch.Words(field.Length);
        random.FillWords(words);
        if (warp.Alpha == 0)
        {
            field.Clear();
            return;
        }

        Span<double> values = scratch.Doubles(0, field.Length);
        ToSymmetric(words, values);
        GaussianFilter.Apply(values, width, height, 1, warp.Kernel, mirrored: true, scratch);
        TensorPrimitives.Multiply(values, warp.Alpha, values);
        TensorPrimitives.ConvertTruncating<double, float>(values, field);
    }

    // Words as fractions in [-1, 1): word / 2^31 - 1, without a rounding.
    private static void ToSymmetric(ReadOnlySpan<uint> words, Span<double> values)
    {
        const double unit = 1 / 2147483648.0;
        int i = 0;
        for (; i <= values.Length - 4 && Avx.IsSupported; i += 4)
            (Avx.ConvertToVector256Double((Vector128.Create(words[i..]) ^ Vector128.Create(0x80000000)).AsInt32()) * unit).CopyTo(values[i..]);
        for (; i < values.Length; i++)
            values[i] = words[i] * unit - 1;
    }

    private sealed record Warp(double Alpha, double Sigma, double Jitter)
    {
        public GaussianKernel Kernel { get; } = new(Sigma, Truncate);
    }
}
