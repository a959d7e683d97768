using System.Numerics.Tensors;

namespace Robustify.Native.Augment;

/// <summary>
/// Sums in one order on every machine and device: 256 lanes, element i into lane i mod 256, folded by halves within each 32 lanes and then
/// across them, as a block of threads folds them.
/// </summary>
internal static class LaneSums
{
    private const int Lanes = 256;
    private const int WarpLanes = 32;

    /// <summary>sum x.</summary>
    public static float Sum(ReadOnlySpan<float> values)
    {
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        for (int i = 0; i < values.Length; i += Lanes)
        {
            var part = values.Slice(i, Math.Min(Lanes, values.Length - i));
            TensorPrimitives.Add(lanes[..part.Length], part, lanes);
        }

        return Fold(lanes);
    }

    /// <summary>sum x^2, each product fused with its sum.</summary>
    public static float SumOfSquares(ReadOnlySpan<float> values)
    {
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        for (int i = 0; i < values.Length; i += Lanes)
        {
            var part = values.Slice(i, Math.Min(Lanes, values.Length - i));
            TensorPrimitives.FusedMultiplyAdd(part, part, lanes[..part.Length], lanes);
        }

        return Fold(lanes);
    }

    private static float Fold(Span<float> lanes)
    {
        for (int warp = 0; warp < Lanes; warp += WarpLanes)
            FoldHalves(lanes.Slice(warp, WarpLanes));
        for (int warp = 1; warp < Lanes / WarpLanes; warp++)
            lanes[warp] = lanes[warp * WarpLanes];
        return FoldHalves(lanes[..(Lanes / WarpLanes)]);
    }

    private static float FoldHalves(Span<float> lanes)
    {
        for (int half = lanes.Length / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
                lanes[i] += lanes[i + half];
        }

        return lanes[0];
    }
}
