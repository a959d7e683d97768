using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Robustify.Kernels.Random;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// Fractal noise by the diamond-square algorithm on a torus (A. Fournier, D. Fussell and L. Carpenter, "Computer rendering of stochastic
/// models", CACM 25 (1982)), from 0 to 1. Each level's noise is amplitude * U(-amplitude, amplitude), so an octave falls by the square
/// of the decay. Squares are drawn first, then the diamonds on the lattice's rows, then those on its columns.
/// </summary>
/// <remarks>
/// The points of a level lie in three dense planes beside the lattice (centres, on rows, on columns), each row followed by its first
/// element and led by its last, so that a level is computed in whole vectors; interleaved, the four are the next lattice.
/// </remarks>
internal static unsafe class Plasma
{
    private const int Lead = 8; // elements before a row; the one before its first is its last
    private const int Trail = 8; // and after it; the one after its last is its first

    /// <summary>Draws a map of side <paramref name="size"/>, a power of two.</summary>
    /// <returns>The map in the scratch's float buffers; rows are <paramref name="stride"/> elements apart.</returns>
    public static Span<float> Draw(int size, double decay, IRandomStream random, CorruptionScratch scratch, out int stride)
    {
        Span<float> lattice = Plane(0, size, scratch), next = Plane(1, size, scratch);
        Span<uint> words = scratch.Words(Math.Max(size / 2, 4) * Math.Max(size / 2, 4));
        At(lattice, 0, 1) = 0;
        Wrap(lattice, 1);
        double amplitude = 100;
        for (int side = 1; side < size; side *= 2, amplitude /= decay)
        {
            Span<float> centres = Plane(2, side, scratch), onRows = Plane(3, side, scratch), onColumns = Plane(4, side, scratch);
            Refine(lattice, centres, onRows, onColumns, side, (float)(amplitude * amplitude), words[..(side * side)], random);
            Interleave(lattice, onRows, onColumns, centres, side, next);
            Wrap(next, 2 * side);
            Span<float> spent = lattice;
            lattice = next;
            next = spent;
        }

        stride = Stride(size);
        Normalize(lattice, size);
        return lattice[Lead..];
    }

    private static void Refine(
        Span<float> lattice, Span<float> centres, Span<float> onRows, Span<float> onColumns, int side, float noise, Span<uint> words,
        IRandomStream random)
    {
        fixed (float* points = lattice, centre = centres, row = onRows, column = onColumns)
        {
            fixed (uint* word = words)
            {
                random.FillWords(words);
                for (int y = 0; y < side; y++)
                {
                    float* upper = Row(points, y, side), lower = Row(points, (y + 1) % side, side);
                    Mean(upper, upper + 1, lower, lower + 1, word + y * side, noise, Row(centre, y, side), side);
                }

                Wrap(centres, side);
                random.FillWords(words);
                for (int y = 0; y < side; y++)
                {
                    float* here = Row(points, y, side);
                    Mean(Row(centre, y, side), Row(centre, (y + side - 1) % side, side), here, here + 1, word + y * side, noise, Row(row, y, side), side);
                }

                random.FillWords(words);
                for (int y = 0; y < side; y++)
                {
                    float* here = Row(centre, y, side);
                    Mean(here, here - 1, Row(points, y, side), Row(points, (y + 1) % side, side), word + y * side, noise, Row(column, y, side), side);
                }
            }
        }
    }

    // to = mean of the four + noise * U(-1, 1).
    private static void Mean(float* a, float* b, float* c, float* d, uint* words, float noise, float* to, int length)
    {
        int x = 0;
        for (; x <= length - 8; x += 8)
        {
            var sum = Vector256.Load(a + x) + Vector256.Load(b + x) + (Vector256.Load(c + x) + Vector256.Load(d + x));
            var uniform = Vector256.ConvertToSingle((Vector256.Load(words + x) ^ Vector256.Create(0x8000_0000u)).AsInt32());
            Vector256.FusedMultiplyAdd(uniform, Vector256.Create(noise * (1f / 2147483648f)), sum * Vector256.Create(0.25f)).Store(to + x);
        }

        for (; x < length; x++)
        {
            float sum = a[x] + b[x] + (c[x] + d[x]);
            to[x] = MathF.FusedMultiplyAdd((int)(words[x] ^ 0x8000_0000u), noise * (1f / 2147483648f), sum * 0.25f);
        }
    }

    private static void Interleave(Span<float> lattice, Span<float> onRows, Span<float> onColumns, Span<float> centres, int side, Span<float> next)
    {
        fixed (float* points = lattice, row = onRows, column = onColumns, centre = centres, to = next)
        {
            for (int y = 0; y < side; y++)
            {
                Zip(Row(points, y, side), Row(row, y, side), Row(to, 2 * y, 2 * side), side);
                Zip(Row(column, y, side), Row(centre, y, side), Row(to, 2 * y + 1, 2 * side), side);
            }
        }
    }

    private static void Zip(float* even, float* odd, float* to, int length)
    {
        int x = 0;
        if (Avx.IsSupported)
        {
            for (; x <= length - 8; x += 8)
            {
                Vector256<float> a = Vector256.Load(even + x), b = Vector256.Load(odd + x);
                Vector256<float> low = Avx.UnpackLow(a, b), high = Avx.UnpackHigh(a, b);
                Avx.Permute2x128(low, high, 0x20).Store(to + 2 * x);
                Avx.Permute2x128(low, high, 0x31).Store(to + 2 * x + 8);
            }
        }

        for (; x < length; x++)
            (to[2 * x], to[2 * x + 1]) = (even[x], odd[x]);
    }

    private static void Normalize(Span<float> map, int size)
    {
        float smallest = float.PositiveInfinity, largest = float.NegativeInfinity;
        for (int y = 0; y < size; y++)
        {
            ReadOnlySpan<float> row = map.Slice(y * Stride(size) + Lead, size);
            smallest = Math.Min(smallest, System.Numerics.Tensors.TensorPrimitives.Min(row));
            largest = Math.Max(largest, System.Numerics.Tensors.TensorPrimitives.Max(row));
        }

        float scale = largest > smallest ? 1 / (largest - smallest) : 0; // a map of one point is flat
        for (int y = 0; y < size; y++)
        {
            Span<float> row = map.Slice(y * Stride(size) + Lead, size);
            System.Numerics.Tensors.TensorPrimitives.Subtract(row, smallest, row);
            System.Numerics.Tensors.TensorPrimitives.Multiply(row, scale, row);
        }
    }

    private static int Stride(int side) => Lead + side + Trail;

    private static Span<float> Plane(int slot, int side, CorruptionScratch scratch) => scratch.Floats(slot, Stride(side) * side);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Row(float* plane, int y, int side) => plane + (long)y * Stride(side) + Lead;

    private static ref float At(Span<float> plane, int index, int side) => ref plane[Lead + index / side * Stride(side) + index % side];

    private static void Wrap(Span<float> plane, int side)
    {
        for (int y = 0; y < side; y++)
        {
            Span<float> row = plane.Slice(y * Stride(side), Stride(side));
            row[Lead - 1] = row[Lead + side - 1];
            row[Lead + side] = row[Lead];
        }
    }
}
