using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    /// <summary>edges[i] is 2 on an edge. Takes integers 1 to 4 of the scratch.</summary>
    /// <param name="levels">0..255, its border filled with the edge elements.</param>
    /// <param name="edges">Width x Height.</param>
    /// <param name="scratch">The worker's buffers.</param>
    public static void Find(in PaddedPlane levels, Span<byte> edges, CorruptionScratch scratch)
    {
        int width = levels.Width, height = levels.Height;
        var magnitude = new PaddedPlane(1, width, height, scratch);
        var gradientX = new PaddedPlane(2, width, height, scratch);
        var gradientY = new PaddedPlane(3, width, height, scratch);
        Span<int> stack = scratch.Integers(4, width * height);
        edges.Clear();
        ClearWithBorder(magnitude.Row(-1));
        ClearWithBorder(magnitude.Row(height));
        for (int y = 0; y < height; y++)
            Gradient(levels, y, gradientX.Row(y), gradientY.Row(y), magnitude.Row(y));

        int count = 0;
        for (int y = 0; y < height; y++)
            count = Suppress(magnitude, gradientX.Row(y), gradientY.Row(y), y, edges, stack, count);
        Follow(edges, width, height, stack, count);
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
        in PaddedPlane magnitude, ReadOnlySpan<int> gradientX, ReadOnlySpan<int> gradientY, int y, Span<byte> edges, Span<int> stack, int count)
    {
        int width = magnitude.Width, stride = magnitude.Stride;
        ref int row = ref Unsafe.Add(ref magnitude.Origin, y * stride);
        for (int x = 0; x < width; x++)
        {
            int m = gradientMagnitude(ref row, x);
            if (m <= Low || !IsMaximum(ref row, x, stride, m, gradientX[x], gradientY[x]))
                continue;
            if (m > High)
            {
                edges[y * width + x] = Edge;
                stack[count++] = y * width + x;
            }
            else
                edges[y * width + x] = Weak;
        }

        return count;

        static int gradientMagnitude(ref int row, int x) => Unsafe.Add(ref row, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsMaximum(ref int row, int x, int stride, int m, int gx, int gy)
    {
        ref int here = ref Unsafe.Add(ref row, x);
        int across = Math.Abs(gx), along = Math.Abs(gy) << TangentBits, limit = across * Tangent;
        if (along < limit)
            return m > Near(ref here, -1) && m >= Near(ref here, 1);
        if (along > limit + (across << (TangentBits + 1)))
            return m > Near(ref here, -stride) && m >= Near(ref here, stride);
        int s = (gx ^ gy) < 0 ? -1 : 1;
        return m > Near(ref here, -stride - s) && m > Near(ref here, stride + s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Near(ref int here, int offset) => Unsafe.Add(ref here, offset);

    // From every strong pixel outwards over the weak ones that touch.
    private static void Follow(Span<byte> edges, int width, int height, Span<int> stack, int count)
    {
        while (count > 0)
        {
            int at = stack[--count], y = at / width, x = at % width;
            for (int j = Math.Max(y - 1, 0); j <= Math.Min(y + 1, height - 1); j++)
            {
                for (int i = Math.Max(x - 1, 0); i <= Math.Min(x + 1, width - 1); i++)
                {
                    if (edges[j * width + i] == Weak)
                    {
                        edges[j * width + i] = Edge;
                        stack[count++] = j * width + i;
                    }
                }
            }
        }
    }

    /// <summary>Whether a value of the result is an edge.</summary>
    public static bool IsEdge(byte value) => value == Edge;
}
