using System.Text.Json;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Weather;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>Corruptions against the outputs of the published generators on photographs.</summary>
[Trait("Category", "Golden")]
public class CorruptionGoldenTests
{
    public static TheoryData<int, string, string, int> Deterministic() =>
        Cases("*_s?.png", ["defocus_blur", "gaussian_blur", "brightness", "contrast", "pixelate", "jpeg_compression", "zoom_blur", "saturate"]);

    public static TheoryData<int, string, string, int> Samples() => Cases(
        "*_s?_sample.png",
        ["gaussian_noise", "speckle_noise", "glass_blur", "motion_blur", "snow", "fog", "elastic_transform", "spatter"]);

    public static TheoryData<string> FrostCases() =>
        new(Frost().Select(entry => entry.GetProperty("file").GetString()!).Where(file => File.Exists(GoldenData.PathOf("corruptions", "frost_synthetic", file))));

    [Theory]
    [MemberData(nameof(Deterministic))]
    public void DeterministicCorruptionsMatchTheReference(int size, string photo, string name, int severity)
    {
        var expected = ImageComparison.Load(3, "corruptions", $"png{size}", photo, $"{name}_s{severity}.png");
        var clean = ImageComparison.Load(3, "corruptions", "photos", $"{photo}_{size}.png");
        var actual = new Image8(1, 1, 1);
        CorruptionCatalog.Find(name).Apply(clean, actual, severity, new NoDraws(), new CorruptionScratch());

        // pixelate and JPEG are integer arithmetic throughout, so nothing may differ; elsewhere the last bit of a double or (defocus) of a
        // single-precision kernel decides isolated truncations.
        bool integer = name is "pixelate" or "jpeg_compression";
        ImageComparison.Of(actual, expected).AssertWithin(integer ? 0 : 1, differingShare: 0.01);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void RecordedDrawsGiveTheSamplesOfTheReference(int size, string photo, string name, int severity)
    {
        if (Draws(size, name, severity) is not { } draws)
            return; // this sample's draws are not among the files
        var expected = ImageComparison.Load(3, "corruptions", $"png{size}", photo, $"{name}_s{severity}_sample.png");
        var clean = ImageComparison.Load(3, "corruptions", "photos", $"{photo}_{size}.png");
        var actual = new Image8(1, 1, 1);
        CorruptionCatalog.Find(name).Apply(clean, actual, severity, draws, new CorruptionScratch());

        // The draws were rounded to single precision, which moves isolated values across a truncation step. Water goes through an edge
        // detector, where one such value moves an edge by a pixel.
        var comparison = ImageComparison.Of(actual, expected);
        if (name == "spatter" && severity <= 3)
            comparison.AssertWithin(255, differingShare: 0.01, mean: 0.05);
        else
            comparison.AssertWithin(name == "elastic_transform" ? 2 : 1, differingShare: 0.002);
    }

    [Theory]
    [MemberData(nameof(FrostCases))]
    public void FrostFromGivenOverlaysMatchesTheReference(string file)
    {
        var entry = Frost().Single(e => e.GetProperty("file").GetString() == file);
        string photo = entry.GetProperty("photo").GetString()!;
        var expected = ImageComparison.Load(3, "corruptions", "frost_synthetic", file);
        var clean = ImageComparison.Load(3, "corruptions", "photos", photo);
        string folder = Directory.CreateTempSubdirectory("robustify-frost-").FullName;
        try
        {
            for (int i = 0; i < 5; i++)
                File.Copy(GoldenData.PathOf("corruptions", "frost_synthetic", $"overlay{i}.png"), Path.Combine(folder, $"frost{i + 1}.png"));
            var draws = new RecordedDraws(
                integers: [entry.GetProperty("overlay").GetInt32(), entry.GetProperty("x_start").GetInt32(), entry.GetProperty("y_start").GetInt32()]);
            var frost = CorruptionCatalog.Find("frost", FrostOverlays.Read(folder));
            var actual = new Image8(1, 1, 1);
            frost.Apply(clean, actual, entry.GetProperty("severity").GetInt32(), draws, new CorruptionScratch());
            ImageComparison.Of(actual, expected).AssertWithin(photo.Contains("224") ? 0 : 1, differingShare: 0.01); // small overlays are resized
            Assert.Null(frost.Caveat);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<JsonElement> Frost() => GoldenData.Json("corruptions", "frost_synthetic", "cases.json").GetProperty("cases").EnumerateArray();

    private static IRandomStream? Draws(int size, string name, int severity)
    {
        float[] normals = GoldenData.Floats("corruptions", "draws", "standard_normal.f32");
        double[] Uniforms() => [.. GoldenData.Floats("corruptions", "draws", "uniform01.f32").Select(u => (double)u)];
        double Angle(double low, double high) => (Calls(size, name, severity).Last().GetProperty("result").GetDouble() - low) / (high - low);
        switch (name)
        {
            case "motion_blur":
                return new RecordedDraws(uniforms: [Angle(-45, 45)]);
            case "snow":
                return new RecordedDraws(normals, [Angle(-135, -45)]);
            case "fog" or "elastic_transform":
                return new RecordedDraws(uniforms: Uniforms());
            case "glass_blur":
                string path = GoldenData.PathOf("corruptions", "draws", $"glass_blur_n{size}_s{severity}.i8");
                if (!File.Exists(path))
                    return null;
                int delta = size == 32 ? 1 : severity switch { 1 => 1, 2 => 2, 3 => 2, 4 => 3, _ => 4 };
                return new RecordedDraws(uniforms: [.. File.ReadAllBytes(path).Select(b => ((sbyte)b + delta + 0.5) / (2 * delta))]);
            default:
                return new RecordedDraws(normals);
        }
    }

    private static IEnumerable<JsonElement> Calls(int size, string name, int severity) =>
        GoldenData.Json("corruptions", "draws", "draws.json").GetProperty($"calls_{size}").GetProperty($"{name}_s{severity}").EnumerateArray();

    private static TheoryData<int, string, string, int> Cases(string pattern, string[] names)
    {
        var cases = new TheoryData<int, string, string, int>();
        foreach (string folder in GoldenData.Directories("corruptions").Where(folder => folder.StartsWith("png")))
        {
            foreach (string photo in GoldenData.Directories("corruptions", folder))
            {
                foreach (string file in Directory.GetFiles(GoldenData.PathOf("corruptions", folder, photo), pattern).Order(StringComparer.Ordinal))
                {
                    string[] parts = Path.GetFileNameWithoutExtension(file).Replace("_sample", "").Split("_s");
                    string name = string.Join("_s", parts[..^1]);
                    if (names.Contains(name))
                        cases.Add(int.Parse(folder[3..]), photo, name, int.Parse(parts[^1]));
                }
            }
        }

        return cases;
    }
}
