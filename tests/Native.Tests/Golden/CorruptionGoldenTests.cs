using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>Corruptions against the outputs of the published generators on photographs.</summary>
[Trait("Category", "Golden")]
public class CorruptionGoldenTests
{
    public static TheoryData<int, string, string, int> Deterministic() =>
        Cases("*_s?.png", ["defocus_blur", "gaussian_blur", "brightness", "contrast", "pixelate", "jpeg_compression"]);

    public static TheoryData<int, string, string, int> NormalSamples() => Cases("*_s?_sample.png", ["gaussian_noise"]);

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
    [MemberData(nameof(NormalSamples))]
    public void NoiseFromRecordedDrawsMatchesTheReference(int size, string photo, string name, int severity)
    {
        var expected = ImageComparison.Load(3, "corruptions", $"png{size}", photo, $"{name}_s{severity}_sample.png");
        var clean = ImageComparison.Load(3, "corruptions", "photos", $"{photo}_{size}.png");
        var actual = new Image8(1, 1, 1);
        var draws = new RecordedNormals(GoldenData.Floats("corruptions", "draws", "standard_normal.f32"));
        CorruptionCatalog.Find(name).Apply(clean, actual, severity, draws, new CorruptionScratch());

        // The draws were rounded to single precision, which moves isolated values across a truncation step.
        ImageComparison.Of(actual, expected).AssertWithin(1, differingShare: 0.001);
    }

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
