using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Digital.Jpeg;

/// <summary>Halving of the chroma planes and libjpeg's smooth ("fancy", triangle) doubling.</summary>
internal static unsafe class ChromaSampling
{
    /// <summary>Means of 2x2 samples; the rounding alternates between 1/4 and 1/2 from column to column.</summary>
    public static void Halve(int* upper, int* lower, int* to, int width)
    {
        for (int x = 0; x < width; x++)
            to[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 1 + (x & 1)) >> 2;
    }

    /// <summary>
    /// One row of doubled width between two rows: the nearer counts three quarters, and so does the nearer of two columns. Planes of one
    /// or two columns are repeated instead. Takes room for width + 1 sums.
    /// </summary>
    public static void Double(int* nearer, int* farther, int* to, int width, int* sums)
    {
        if (width <= 2)
        {
            for (int x = 0; x < width; x++)
                to[2 * x] = to[2 * x + 1] = nearer[x];
            return;
        }

        int i = 0;
        for (; i <= width - 8; i += 8)
            (Vector256.Load(nearer + i) * 3 + Vector256.Load(farther + i)).Store(sums + i);
        for (; i < width; i++)
            sums[i] = 3 * nearer[i] + farther[i];

        to[0] = (sums[0] * 4 + 8) >> 4;
        to[1] = (sums[0] * 3 + sums[1] + 7) >> 4;
        int last = width - 1;
        i = 1;
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
        {
            for (; i <= last - 8; i += 8)
            {
                var three = Vector256.Load(sums + i) * 3;
                var even = (three + Vector256.Load(sums + i - 1) + Vector256.Create(8)) >> 4;
                var odd = (three + Vector256.Load(sums + i + 1) + Vector256.Create(7)) >> 4;
                var low = System.Runtime.Intrinsics.X86.Avx2.UnpackLow(even, odd);
                var high = System.Runtime.Intrinsics.X86.Avx2.UnpackHigh(even, odd);
                Vector256.Create(low.GetLower(), high.GetLower()).Store(to + 2 * i);
                Vector256.Create(low.GetUpper(), high.GetUpper()).Store(to + 2 * i + 8);
            }
        }

        for (; i < last; i++)
        {
            to[2 * i] = (sums[i] * 3 + sums[i - 1] + 8) >> 4;
            to[2 * i + 1] = (sums[i] * 3 + sums[i + 1] + 7) >> 4;
        }

        to[2 * last] = (sums[last] * 3 + sums[last - 1] + 8) >> 4;
        to[2 * last + 1] = (sums[last] * 4 + 7) >> 4;
    }
}
