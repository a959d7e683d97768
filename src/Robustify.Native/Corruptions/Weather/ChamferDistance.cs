using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// Distance to the nearest edge pixel by OpenCV's 5x5 chamfer (G. Borgefors, "Distance transformations in digital images", 1986): steps of 1,
/// 1.4 and 2.1969 in 16.16 fixed point, one pass down and one up. All in vectors: what comes from the pixels
/// beside one is a running minimum.
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

    private static Vector256<int> Ascending => Vector256.Create(1, 2, 3, 4, 5, 6, 7, 8) * One;

    private static Vector256<int> Descending => Vector256.Create(8, 7, 6, 5, 4, 3, 2, 1) * One;

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
            ReadOnlySpan<byte> edge = edges[((y + 1) * CannyEdges.StrideOf(width) + 1)..];
            Down(distances[(y * stride)..], distances[((y + 1) * stride)..], distances[((y + Margin) * stride + Margin)..], width, edge);
        }

        for (int y = height - 1; y >= 0; y--)
            Up(distances[((y + 2 * Margin) * stride)..], distances[((y + Margin + 1) * stride)..], distances[((y + Margin) * stride + Margin)..], width);
        return distances;
    }

    private static void Down(ReadOnlySpan<int> two, ReadOnlySpan<int> one, Span<int> row, int width, ReadOnlySpan<byte> edge)
    {
        var before = Vector256.Create(Far);
        for (int x = 0; x < width; x += Lanes)
        {
            // From left to right: after three steps each lane knows the seven before it, and then the last of the vector before.
            var best = FromRows(two, one, x) & CannyEdges.KeepMasks(edge, x);
            best = Vector256.Min(best, Vector256.Shuffle(best, Vector256.Create(0, 0, 1, 2, 3, 4, 5, 6)) + Vector256.Create(0, One, One, One, One, One, One, One));
            best = Vector256.Min(best, Vector256.Shuffle(best, Vector256.Create(0, 1, 0, 1, 2, 3, 4, 5)) + Vector256.Create(0, 0, 2 * One, 2 * One, 2 * One, 2 * One, 2 * One, 2 * One));
            best = Vector256.Min(best, Vector256.Shuffle(best, Vector256.Create(0, 1, 2, 3, 0, 1, 2, 3)) + Vector256.Create(0, 0, 0, 0, 4 * One, 4 * One, 4 * One, 4 * One));
            best = Vector256.Min(best, before + Ascending);
            best.CopyTo(row[x..]);
            before = Vector256.Shuffle(best, Vector256.Create(Lanes - 1));
        }

        row.Slice(width, Lanes).Fill(Far);
    }

    // As Down, from right to left, and beside what has come down. The first vector may hold what lies behind the row, which is far.
    private static void Up(ReadOnlySpan<int> two, ReadOnlySpan<int> one, Span<int> row, int width)
    {
        var after = Vector256.Create(Far);
        for (int x = (width - 1) / Lanes * Lanes; x >= 0; x -= Lanes)
        {
            var best = FromRows(two, one, x);
            if (x + Lanes > width)
                best = Vector256.ConditionalSelect(Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(width - x)), best, Vector256.Create(Far));
            best = Vector256.Min(best, Vector256.Create<int>(row[x..]));
            best = Vector256.Min(best, Vector256.Shuffle(best, Vector256.Create(1, 2, 3, 4, 5, 6, 7, 7)) + Vector256.Create(One, One, One, One, One, One, One, 0));
            best = Vector256.Min(best, Vector256.Shuffle(best, Vector256.Create(2, 3, 4, 5, 6, 7, 6, 7)) + Vector256.Create(2 * One, 2 * One, 2 * One, 2 * One, 2 * One, 2 * One, 0, 0));
            best = Vector256.Min(best, Vector256.Shuffle(best, Vector256.Create(4, 5, 6, 7, 4, 5, 6, 7)) + Vector256.Create(4 * One, 4 * One, 4 * One, 4 * One, 0, 0, 0, 0));
            best = Vector256.Min(best, after + Descending);
            best.CopyTo(row[x..]);
            after = Vector256.Shuffle(best, Vector256.Create(0));
        }

        row.Slice(width, Lanes).Fill(Far);
    }

    // The minimum over two rows away (knight's moves) and one row away; rows begin at their margin.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> FromRows(ReadOnlySpan<int> two, ReadOnlySpan<int> one, int x)
    {
        var knight = Vector256.Min(Vector256.Min(At(two, x + 1), At(two, x + 3)), Vector256.Min(At(one, x), At(one, x + 4)));
        var diagonal = Vector256.Min(At(one, x + 1), At(one, x + 3));
        var best = Vector256.Min(knight + Vector256.Create(Knight), diagonal + Vector256.Create(Diagonal));
        return Vector256.Min(best, At(one, x + Margin) + Vector256.Create(One));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> At(ReadOnlySpan<int> row, int x) => Vector256.Create(row[x..]);
}
