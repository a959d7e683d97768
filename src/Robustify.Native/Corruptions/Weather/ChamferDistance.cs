using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// Distance to the nearest edge pixel by OpenCV's 5x5 chamfer (G. Borgefors, "Distance transformations in digital images", 1986): steps of 1,
/// 1.4 and 2.1969 in 16.16 fixed point, one pass down and one up. A row's minimum over the rows before it is taken in vectors; what comes
/// from the pixel beside it, one by one.
/// </summary>
internal static class ChamferDistance
{
    /// <summary>One pixel.</summary>
    public const int One = 1 << 16;

    private const int Diagonal = 91750; // 1.4
    private const int Knight = 143976; // 2.1969
    private const int Far = int.MaxValue >> 2;
    private const int Margin = 2;
    private const int Lanes = 8;

    /// <summary>
    /// Distances in 1/65536 pixel, row y at <c>distances[(y + 2) * stride + 2]</c>; takes integers 1 of the scratch, where they lie.
    /// </summary>
    public static Span<int> Find(ReadOnlySpan<byte> edges, int width, int height, CorruptionScratch scratch, out int stride)
    {
        stride = width + 2 * Margin + Lanes;
        Span<int> distances = scratch.Integers(1, stride * (height + 2 * Margin));
        distances.Fill(Far);
        for (int y = 0; y < height; y++)
        {
            Span<int> row = distances[((y + Margin) * stride + Margin)..];
            FromRows(distances[(y * stride)..], distances[((y + 1) * stride)..], row, width, keep: false);
            ReadOnlySpan<byte> edge = edges.Slice((y + 1) * CannyEdges.StrideOf(width) + 1, width);
            int before = Far;
            for (int x = 0; x < width; x++)
                row[x] = before = Math.Min(row[x], before + One) & CannyEdges.KeepMask(edge[x]);
            row.Slice(width, Lanes).Fill(Far);
        }

        for (int y = height - 1; y >= 0; y--)
        {
            Span<int> row = distances[((y + Margin) * stride + Margin)..];
            FromRows(distances[((y + 2 * Margin) * stride)..], distances[((y + Margin + 1) * stride)..], row, width, keep: true);
            row.Slice(width, Lanes).Fill(Far);
            int after = Far;
            for (int x = width - 1; x >= 0; x--)
                row[x] = after = Math.Min(row[x], after + One);
        }

        return distances;
    }

    // The minimum over two rows away (knight's moves) and one row away; rows begin at their margin.
    private static void FromRows(ReadOnlySpan<int> two, ReadOnlySpan<int> one, Span<int> row, int width, bool keep)
    {
        for (int x = 0; x < width; x += Lanes)
        {
            var knight = Vector256.Min(Vector256.Min(At(two, x + 1), At(two, x + 3)), Vector256.Min(At(one, x), At(one, x + 4)));
            var diagonal = Vector256.Min(At(one, x + 1), At(one, x + 3));
            var best = Vector256.Min(knight + Vector256.Create(Knight), diagonal + Vector256.Create(Diagonal));
            best = Vector256.Min(best, At(one, x + Margin) + Vector256.Create(One));
            (keep ? Vector256.Min(best, Vector256.Create<int>(row[x..])) : best).CopyTo(row[x..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> At(ReadOnlySpan<int> row, int x) => Vector256.Create(row[x..]);
}
