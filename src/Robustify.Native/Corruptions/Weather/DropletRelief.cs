using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// How bright drops of water are: the distance from their edges, cut at 20 pixels, smoothed, equalised, embossed and smoothed again, as the
/// reference does it with OpenCV. Every stage works on whole levels.
/// </summary>
internal static class DropletRelief
{
    private const int MaxDistance = 20 * ChamferDistance.One;
    private const int Levels = 256;
    private const int Ninth = 7282; // of 65536, rounded up

    /// <summary>relief[i] in 0..255 for liquid levels with filled borders, and room for 8 more behind. Takes integers 1 to 4 and bytes 2 of the scratch.</summary>
    public static void Find(in PaddedPlane liquid, Span<byte> relief, CorruptionScratch scratch)
    {
        int width = liquid.Width, height = liquid.Height;
        Span<byte> edges = scratch.Bytes(2, CannyEdges.StrideOf(width) * (height + 2) + PixelLanes.Width);
        CannyEdges.Find(liquid, edges, scratch);
        Span<int> distances = ChamferDistance.Find(edges, width, height, scratch, out int stride);
        var plane = new PaddedPlane(2, width, height, scratch);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<int> from = distances.Slice((y + 2) * stride + 2, width);
            System.Numerics.Tensors.TensorPrimitives.Min(from, MaxDistance, plane.Row(y));
        }

        plane.MirrorEdges();
        var smooth = new PaddedPlane(3, width, height, scratch);
        for (int y = 0; y < height; y++)
            MeanDistance(plane, y, smooth.Row(y));
        Equalize(smooth);
        smooth.MirrorEdges();
        var embossed = new PaddedPlane(2, width, height, scratch);
        for (int y = 0; y < height; y++)
            Emboss(smooth, y, embossed.Row(y));
        embossed.MirrorEdges();
        for (int y = 0; y < height; y++)
            MeanLevel(embossed, y, relief[(y * width)..]);
    }

    // The mean of nine distances, cut to a whole number. The reference rounds it to single precision first, which reaches no whole number
    // below 20 from beneath. A ninth of a whole number is here a multiplication, exact up to 2299.
    private static void MeanDistance(in PaddedPlane from, int y, Span<int> to)
    {
        ref int centre = ref Unsafe.Add(ref from.Origin, y * from.Stride);
        for (int x = 0; x < from.Width; x += PaddedPlane.Lanes)
            (((Nine(ref centre, x, from.Stride) >> 16) * Vector256.Create(Ninth)) >> 16).CopyTo(to[x..]);
    }

    private static void Equalize(in PaddedPlane plane)
    {
        Span<int> histogram = stackalloc int[Levels], mapped = stackalloc int[Levels];
        mapped.Clear();
        Count(plane, histogram);

        int first = 0, total = plane.Width * plane.Height, sum = 0;
        while (histogram[first] == 0)
            first++;
        if (histogram[first] == total)
            mapped[first] = first;
        else
        {
            float scale = 255f / (total - histogram[first]);
            for (int level = first + 1; level < Levels; level++)
            {
                sum += histogram[level];
                mapped[level] = (int)MathF.Round(sum * scale, MidpointRounding.ToEven);
            }
        }

        for (int y = 0; y < plane.Height; y++)
        {
            foreach (ref int level in plane.Row(y)[..plane.Width])
                level = mapped[level];
        }
    }

    // Neighbours have mostly one level: counted in four tables in turn, no count waits for the one before it.
    private static void Count(in PaddedPlane plane, Span<int> histogram)
    {
        Span<int> tables = stackalloc int[4 * Levels];
        tables.Clear();
        for (int y = 0; y < plane.Height; y++)
        {
            ReadOnlySpan<int> row = plane.Row(y)[..plane.Width];
            int x = 0;
            for (; x <= row.Length - 4; x += 4)
            {
                tables[row[x]]++;
                tables[Levels + row[x + 1]]++;
                tables[2 * Levels + row[x + 2]]++;
                tables[3 * Levels + row[x + 3]]++;
            }

            for (; x < row.Length; x++)
                tables[row[x]]++;
        }

        for (int level = 0; level < Levels; level++)
            histogram[level] = tables[level] + tables[Levels + level] + tables[2 * Levels + level] + tables[3 * Levels + level];
    }

    // Correlation with [-2 -1 0; -1 1 1; 0 1 2], saturated to 0..255.
    private static void Emboss(in PaddedPlane from, int y, Span<int> to)
    {
        int stride = from.Stride;
        ref int centre = ref Unsafe.Add(ref from.Origin, y * stride);
        for (int x = 0; x < from.Width; x += PaddedPlane.Lanes)
        {
            var diagonal = At(ref centre, x + stride + 1) - At(ref centre, x - stride - 1);
            var sum = (diagonal << 1) + At(ref centre, x + stride) - At(ref centre, x - stride)
                + At(ref centre, x + 1) - At(ref centre, x - 1) + At(ref centre, x);
            Vector256.Min(Vector256.Max(sum, Vector256<int>.Zero), Vector256.Create(255)).CopyTo(to[x..]);
        }
    }

    // The mean of nine levels, rounded: a ninth has no ties, so that is floor((sum + 4) / 9).
    private static void MeanLevel(in PaddedPlane from, int y, Span<byte> to)
    {
        ref int centre = ref Unsafe.Add(ref from.Origin, y * from.Stride);
        for (int x = 0; x < from.Width; x += PaddedPlane.Lanes)
            PixelLanes.Store((((Nine(ref centre, x, from.Stride) + Vector256.Create(4)) * Vector256.Create(Ninth)) >> 16), ref to[x]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Nine(ref int centre, int x, int stride) =>
        At(ref centre, x - stride - 1) + At(ref centre, x - stride) + At(ref centre, x - stride + 1)
        + At(ref centre, x - 1) + At(ref centre, x) + At(ref centre, x + 1)
        + At(ref centre, x + stride - 1) + At(ref centre, x + stride) + At(ref centre, x + stride + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> At(ref int centre, int offset) => Vector256.LoadUnsafe(ref Unsafe.Add(ref centre, offset));
}
