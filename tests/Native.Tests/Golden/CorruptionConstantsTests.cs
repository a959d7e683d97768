using System.Text.Json;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Weather;
using Robustify.Native.Data.Images;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// The constants of shot noise and frost at all four sizes against the published ones: these two have no reference bytes, which hold the
/// constants of the other seventeen.
/// </summary>
public sealed class CorruptionConstantsTests
{
    private static readonly JsonElement Published = Read();

    public static TheoryData<int, int> Cases()
    {
        var cases = new TheoryData<int, int>();
        foreach (int size in (int[])[32, 64, 224, 299])
        {
            for (int severity = 1; severity <= Corruption.MaxSeverity; severity++)
                cases.Add(size, severity);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ShotNoiseCountsThePublishedPhotons(int size, int severity)
    {
        double photons = Constants(size, "shot_noise", severity)[0];
        var corruption = CorruptionCatalog.Find("shot_noise");
        var noisy = new Image8(1, 1, 1);
        corruption.Apply(Flat(size, 128), noisy, severity, CorruptionSeed.Stream(5, corruption, severity, 0), new CorruptionScratch());

        // A level is k photons of so many; other counts have other levels in between.
        var levels = Enumerable.Range(0, (int)photons + 1).Select(k => (byte)(k / photons * 255)).ToHashSet();
        Assert.All(noisy.Pixels.ToArray().Distinct(), level => Assert.Contains(level, levels));

        // A Poisson variable of mean m has variance m: five deviations of the sample's own variance, about sqrt(2 / n). With few photons clipping
        // at white takes some of it, with 500 two counts share a level.
        double mean = 128 / 255.0 * photons;
        double variance = noisy.Pixels.ToArray().Select(v => Math.Ceiling(v / 255.0 * photons - 1e-9)).Average(count => (count - mean) * (count - mean));
        if (photons >= 25)
            Assert.Equal(mean, variance, mean * (5 * Math.Sqrt(2.0 / noisy.Pixels.Length) + 0.02));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void FrostHasThePublishedWeights(int size, int severity)
    {
        double[] weights = Constants(size, "frost", severity);
        using var folder = new TemporaryFolder();
        foreach (var (image, overlay) in ((byte, byte)[])[(200, 0), (0, 200), (90, 130)])
        {
            for (int i = 1; i <= 5; i++)
                folder.Write($"frost{i}.png", ImageFile.Encode(Flat(320, overlay), ImageEncoding.Png));
            var frost = CorruptionCatalog.Find("frost", FrostOverlays.Read(folder.Root));
            var result = new Image8(1, 1, 1);
            frost.Apply(Flat(size, image), result, severity, CorruptionSeed.Stream(5, frost, severity, 0), new CorruptionScratch());
            byte expected = (byte)Math.Min(weights[0] * image + weights[1] * overlay, 255);
            Assert.All(result.Pixels.ToArray(), level => Assert.Equal(expected, level));
        }
    }

    private static double[] Constants(int size, string name, int severity) => GoldenData.Doubles(
        Published.GetProperty("variants").EnumerateObject().Single(v => v.Value.GetProperty("size").GetInt32() == size).Value
            .GetProperty("severities").GetProperty(name)[severity - 1]);

    private static Image8 Flat(int side, byte level)
    {
        var image = new Image8(side, side, 3);
        image.Pixels.Fill(level);
        return image;
    }

    private static JsonElement Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(CorruptionReferenceBytesTests.Reference("corruption_params.json")));
        return document.RootElement.Clone();
    }
}
