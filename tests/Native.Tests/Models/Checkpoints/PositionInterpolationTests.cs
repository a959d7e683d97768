using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>Learned positions for another grid, against torch's bicubic interpolation with antialiasing.</summary>
[Trait("Category", "Golden")]
public sealed class PositionInterpolationTests
{
    [Fact]
    public void LargerSmallerAndEqualGridsAreAsTorchComputesThem()
    {
        var recorded = GoldenData.Json("numeric", "positions.json");
        int width = recorded.GetProperty("width").GetInt32();
        foreach (var entry in recorded.GetProperty("cases").EnumerateArray())
        {
            int prefix = entry.GetProperty("prefix").GetInt32();
            float[] source = Array.ConvertAll(GoldenData.Doubles(entry.GetProperty("source")), x => (float)x);
            double[] expected = GoldenData.Doubles(entry.GetProperty("target"));
            var actual = new float[expected.Length];
            Assert.True(PositionInterpolation.IsPossible(source.Length / width, expected.Length / width, prefix));
            PositionInterpolation.Resample(source, actual, width, prefix, prefix);

            // Both compute in double; what is left is the rounding of values below 4 to float32.
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], 5e-7);
        }
    }

    [Fact]
    public void ATokenWithoutAPositionGetsZeroAndTheGridStaysAsItIs()
    {
        float[] grid = [.. Enumerable.Range(0, 9 * 2).Select(i => i * 0.37f - 3)];
        var actual = new float[2 + grid.Length];
        Assert.True(PositionInterpolation.IsPossible(9, 10, 1));
        PositionInterpolation.Resample(grid, actual, 2, PositionInterpolation.StoredPrefix(9, 1), 1);
        Assert.Equal([0, 0, .. grid], actual);
    }
}
