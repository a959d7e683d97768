using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Digital.Jpeg;

/// <summary>The steps of a JPEG component at one quality: the tables of ITU-T T.81, annex K, scaled as libjpeg scales them.</summary>
internal sealed class QuantizationTable
{
    private static readonly int[] LumaBase =
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ];

    private static readonly int[] ChromaBase =
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ];

    private QuantizationTable(int[] standard, int quality)
    {
        int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        int[] steps = [.. standard.Select(value => Math.Clamp((value * scale + 50) / 100, 1, 255))];
        for (int row = 0; row < 8; row++)
        {
            Steps[row] = Vector256.Create(steps, row * 8);
            Divisors[row] = Vector256.ConvertToSingle(Steps[row] * 8);
            Halves[row] = Steps[row] * 4;
        }
    }

    /// <summary>Row by row.</summary>
    public Vector256<int>[] Steps { get; } = new Vector256<int>[8];

    /// <summary>Eight times the steps: the forward transform gives eight times the coefficients.</summary>
    public Vector256<float>[] Divisors { get; } = new Vector256<float>[8];

    /// <summary>Half of that, for rounding.</summary>
    public Vector256<int>[] Halves { get; } = new Vector256<int>[8];

    /// <summary>The 64 steps, row by row.</summary>
    public int[] ToArray() => [.. Steps.SelectMany(row => Enumerable.Range(0, 8).Select(column => row[column]))];

    public static QuantizationTable Luma(int quality) => new(LumaBase, quality);

    public static QuantizationTable Chroma(int quality) => new(ChromaBase, quality);
}
