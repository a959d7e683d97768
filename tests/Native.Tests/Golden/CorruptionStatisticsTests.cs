using System.Text.Json;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>Random corruptions under own seeds have the statistics of the reference's.</summary>
[Trait("Category", "Golden")]
public class CorruptionStatisticsTests
{
    private const int Seeds = 20;

    // A plain Fourier sum over 224 pixels takes too long; small images tell the same.
    private const int LargestBandPowerSide = 64;

    // At 224 pixels every other severity is enough: the formula is the one the small images test at all five.
    private static int[] Severities(int size) => size <= LargestBandPowerSide ? [1, 2, 3, 4, 5] : [1, 3, 5];

    // All that draw, but for frost, whose published overlays are not here.
    private static readonly string[] Names =
    [
        "gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "glass_blur", "motion_blur", "snow", "fog", "elastic_transform", "spatter",
    ];

    public static TheoryData<int, string, string, int> Cases()
    {
        var cases = new TheoryData<int, string, string, int>();
        string folder = GoldenData.PathOf("corruptions");
        foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder, "stats_*.json") : [])
        {
            int size = int.Parse(Path.GetFileNameWithoutExtension(file)["stats_".Length..]);
            foreach (var photo in GoldenData.Json("corruptions", $"stats_{size}.json").GetProperty("photos").EnumerateObject())
            {
                foreach (string name in Names)
                {
                    foreach (int severity in Severities(size))
                        cases.Add(size, photo.Name, name, severity);
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RandomCorruptionsHaveTheStatisticsOfTheReference(int size, string photo, string name, int severity)
    {
        var reference = GoldenData.Json("corruptions", $"stats_{size}.json").GetProperty("photos").GetProperty(photo)
            .GetProperty(name).GetProperty($"{severity}");
        var clean = ImageComparison.Load(3, "corruptions", "photos", $"{photo}_{size}.png");
        var corruption = CorruptionCatalog.Find(name);
        var scratch = new CorruptionScratch();
        var corrupted = new Image8(1, 1, 1);
        var statistics = new List<ImageStatistics>();
        var bands = new List<double[]>();
        for (uint sample = 0; sample < Seeds; sample++)
        {
            PhiloxStream stream = CorruptionSeed.Stream(2024, corruption, severity, sample);
            corruption.Apply(clean, corrupted, severity, stream, scratch);
            statistics.Add(new(clean, corrupted));
            if (size <= LargestBandPowerSide)
                bands.Add(ImageStatistics.BandPower(clean, corrupted));
        }

        // Four standard errors of the difference of two sample means, plus the floors given with the reference: 0.25 level, 0.1 dB, 3 %.
        for (int channel = 0; channel < 3; channel++)
        {
            Check($"mean of channel {channel}", statistics.Select(s => s.ChannelMean[channel]), reference.GetProperty("channel_mean"), channel, _ => 0.25);
            Check($"std of channel {channel}", statistics.Select(s => s.ChannelStd[channel]), reference.GetProperty("channel_std"), channel, _ => 0.25);
        }

        Check("mean absolute difference", statistics.Select(s => s.MeanAbsoluteDifference), reference.GetProperty("mean_abs_diff"), null, _ => 0.25);
        Check("PSNR", statistics.Select(s => s.Psnr), reference.GetProperty("psnr"), null, _ => 0.1);
        for (int band = 0; band < ImageStatistics.Bands && bands.Count > 0; band++)
            Check($"band {band}", bands.Select(b => b[band]), reference.GetProperty("band_power"), band, mean => 0.03 * mean);
    }

    private static void Check(string what, IEnumerable<double> samples, JsonElement reference, int? element, Func<double, double> floor)
    {
        double Figure(string name) => element is { } i ? reference.GetProperty(name)[i].GetDouble() : reference.GetProperty(name).GetDouble();
        double[] values = samples.ToArray();
        double mean = values.Average(), variance = values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1);
        double expected = Figure("mean"), spread = Figure("std");
        double bound = 4 * Math.Sqrt(spread * spread / 20 + variance / values.Length) + floor(expected);
        Assert.True(Math.Abs(mean - expected) <= bound, $"{what}: {mean} found, {expected} +- {bound} expected");
    }
}
