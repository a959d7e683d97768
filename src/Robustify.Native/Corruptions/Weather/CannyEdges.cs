using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// OpenCV's Canny detector (J. Canny, PAMI 8 (1986)) with 3x3 Sobel gradients, repeated edges, and |gx| + |gy| as magnitude: local maxima
/// across the gradient above the low threshold that hang together with one above the high threshold.
/// </summary>
internal static class CannyEdges
{
    private const int Low = 50;
    private const int High = 150;
    private const int TangentBits = 15;
    private const int Tangent = 13573; // tan(22.5 degrees) in 15-bit fixed point

    private const byte Weak = 1;
    private const byte Edge = 2;

    /// <summary>Elements a row of the result, with a border of one on either side, which holds no edge.</summary>
    public static int StrideOf(int width) => width + 2;

    /// <summary>An element is 2 on an edge. Takes integers 1 to 4 of the scratch.</summary>
    /// <param name="levels">0..255, its border filled with the edge elements.</param>
    /// <param name="edges">Height + 2 rows of <see cref="StrideOf"/>, the border all round, and room for eight more.</param>
    /// <param name="scratch">The worker's buffers.</param>
    public static void Find(in PaddedPlane levels, Span<byte> edges, CorruptionScratch scratch)
    {
        int width = levels.Width, height = levels.Height;
        var magnitude = new PaddedPlane(1, width, height, scratch);
        var gradientX = new PaddedPlane(2, width, height, scratch);
        var gradientY = new PaddedPlane(3, width, height, scratch);
        Span<int> weak = scratch.Integers(4, 2 * width * height);
        edges.Clear();
        ClearWithBorder(magnitude.Row(-1));
        ClearWithBorder(magnitude.Row(height));
        for (int y = 0; y < height; y++)
            Gradient(levels, y, gradientX.Row(y), gradientY.Row(y), magnitude.Row(y));

        int count = 0;
        for (int y = 0; y < height; y++)
            count = Suppress(magnitude, gradientX.Row(y), gradientY.Row(y), y, edges, weak, count);
        Follow(edges, StrideOf(width), weak[..count], weak[count..]);
    }

    private static void Gradient(in PaddedPlane levels, int y, Span<int> gradientX, Span<int> gradientY, Span<int> magnitude)
    {
        int stride = levels.Stride;
        ref int centre = ref Unsafe.Add(ref levels.Origin, y * stride);
        for (int x = 0; x < levels.Width; x += PaddedPlane.Lanes)
        {
            Vector256<int> a = At(ref centre, x - stride - 1), b = At(ref centre, x - stride), c = At(ref centre, x - stride + 1);
            Vector256<int> d = At(ref centre, x - 1), f = At(ref centre, x + 1);
            Vector256<int> g = At(ref centre, x + stride - 1), h = At(ref centre, x + stride), i = At(ref centre, x + stride + 1);
            var gx = c - a + ((f - d) << 1) + (i - g);
            var gy = g - a + ((h - b) << 1) + (i - c);
            gx.CopyTo(gradientX[x..]);
            gy.CopyTo(gradientY[x..]);
            (Vector256.Abs(gx) + Vector256.Abs(gy)).CopyTo(magnitude[x..]);
        }

        // Outside the image the magnitude is 0: behind the row, and before the next one, which is the same room.
        magnitude[levels.Width..].Clear();
        Unsafe.Add(ref magnitude[0], -1) = 0;
    }

    private static void ClearWithBorder(Span<int> row)
    {
        row.Clear();
        Unsafe.Add(ref row[0], -1) = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> At(ref int centre, int offset) =>
        Vector256.LoadUnsafe(ref Unsafe.Add(ref centre, offset));

    private static int Suppress(
        in PaddedPlane magnitude, ReadOnlySpan<int> gradientX, ReadOnlySpan<int> gradientY, int y, Span<byte> edges, Span<int> weak, int count)
    {
        int width = magnitude.Width, stride = magnitude.Stride, first = (y + 1) * StrideOf(width) + 1;
        ref int row = ref Unsafe.Add(ref magnitude.Origin, y * stride);
        for (int x = 0; x < width; x += PaddedPlane.Lanes)
        {
            var m = At(ref row, x);
            var aboveLow = Vector256.GreaterThan(m, Vector256.Create(Low));
            if (aboveLow == Vector256<int>.Zero)
                continue;
            var found = aboveLow & IsMaximum(ref row, x, stride, m, Vector256.Create(gradientX[x..]), Vector256.Create(gradientY[x..]));
            var strong = found & Vector256.GreaterThan(m, Vector256.Create(High));
            PixelLanes.Store(-(found + strong), ref edges[first + x]); // what lies behind the row is no edge, and the next row is written later
            for (uint lanes = (found ^ strong).ExtractMostSignificantBits(); lanes != 0; lanes &= lanes - 1)
                weak[count++] = first + x + BitOperations.TrailingZeroCount(lanes);
        }

        return count;
    }

    // Each pixel against its two neighbours across the edge: beside, above and below, or on the diagonal that the gradient lies on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> IsMaximum(ref int row, int x, int stride, Vector256<int> m, Vector256<int> gx, Vector256<int> gy)
    {
        Vector256<int> across = Vector256.Abs(gx), along = Vector256.Abs(gy) << TangentBits, limit = across * Vector256.Create(Tangent);
        var beside = Vector256.GreaterThan(m, At(ref row, x - 1)) & Vector256.GreaterThanOrEqual(m, At(ref row, x + 1));
        var aboveBelow = Vector256.GreaterThan(m, At(ref row, x - stride)) & Vector256.GreaterThanOrEqual(m, At(ref row, x + stride));
        var falling = Vector256.GreaterThan(m, At(ref row, x - stride - 1)) & Vector256.GreaterThan(m, At(ref row, x + stride + 1));
        var rising = Vector256.GreaterThan(m, At(ref row, x - stride + 1)) & Vector256.GreaterThan(m, At(ref row, x + stride - 1));
        var diagonal = Vector256.ConditionalSelect(Vector256.LessThan(gx ^ gy, Vector256<int>.Zero), rising, falling);
        var steep = Vector256.GreaterThan(along, limit + (across << (TangentBits + 1)));
        return Vector256.ConditionalSelect(Vector256.LessThan(along, limit), beside, Vector256.ConditionalSelect(steep, aboveBelow, diagonal));
    }

    // From every weak pixel that touches an edge outwards over the weak ones that touch; few are weak where drops have sharp borders.
    private static void Follow(Span<byte> edges, int stride, ReadOnlySpan<int> weak, Span<int> stack)
    {
        foreach (int candidate in weak)
        {
            if (edges[candidate] != Weak || !Touches(edges, stride, candidate))
                continue;
            edges[candidate] = Edge;
            int count = 0;
            stack[count++] = candidate;
            while (count > 0)
            {
                int at = stack[--count];
                for (int above = at - stride - 1; above <= at + stride - 1; above += stride)
                {
                    for (int neighbour = above; neighbour < above + 3; neighbour++)
                    {
                        if (edges[neighbour] == Weak)
                        {
                            edges[neighbour] = Edge;
                            stack[count++] = neighbour;
                        }
                    }
                }
            }
        }
    }

    private static bool Touches(ReadOnlySpan<byte> edges, int stride, int at) =>
        edges.Slice(at - stride - 1, 3).Contains(Edge) || edges.Slice(at - 1, 3).Contains(Edge) || edges.Slice(at + stride - 1, 3).Contains(Edge);

    /// <summary>Eight elements of the result: 0 where one is an edge, all ones elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> KeepMasks(ReadOnlySpan<byte> edges, int at) =>
        Vector256.LessThan(PixelLanes.Load(ref Unsafe.AsRef(in edges[at])), Vector256.Create((int)Edge));
}
