using System.Text.Json;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// Corruptions against the original functions on a computed test image, with their draws from splitmix64. At 299 pixels, of which no published
/// outputs are kept, against benchmarks/peers/corruptions.py, which gives every byte of the published outputs at the other sizes but three.
/// </summary>
[Trait("Category", "Golden")]
public class CorruptionReferenceBytesTests
{
    public static TheoryData<int, string, int> Cases()
    {
        var cases = new TheoryData<int, string, int>();
        foreach (var entry in Entries())
        {
            string name = entry.GetProperty("corruption").GetString()!;
            if (CorruptionCatalog.All.Any(c => c.Name == name))
                cases.Add(entry.GetProperty("n").GetInt32(), name, entry.GetProperty("severity").GetInt32());
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void BytesMatchTheOriginalFunctions(int n, string name, int severity)
    {
        var entry = Entries().Single(e => e.GetProperty("n").GetInt32() == n && e.GetProperty("corruption").GetString() == name
            && e.GetProperty("severity").GetInt32() == severity);
        int stride = entry.GetProperty("stride").GetInt32(), offset = entry.GetProperty("offset").GetInt32();
        int[] shape = entry.GetProperty("shape").EnumerateArray().Select(x => x.GetInt32()).ToArray();
        byte[] expected = File.ReadAllBytes(Reference(Path.ChangeExtension(FileOf(n), ".bin")))
            .AsSpan(offset, shape[0] * shape[1] * shape[2]).ToArray();

        var actual = new Image8(1, 1, 1);
        var stream = new SplitMix64Stream(entry.GetProperty("seed").GetUInt64());
        CorruptionCatalog.Find(name).Apply(TestImage(n), actual, severity, stream, new CorruptionScratch());

        var sampled = new byte[expected.Length];
        int at = 0;
        for (int y = 0; y < shape[0]; y++)
        {
            for (int x = 0; x < shape[1]; x++)
            {
                for (int c = 0; c < 3; c++)
                    sampled[at++] = actual.Pixels[((y * stride * n) + (x * stride)) * 3 + c];
            }
        }

        // Isolated truncations may fall the other way: 0.1 % of the bytes. At sigma 0.5 more do: the file was made where NumPy takes its exp
        // from AVX-512, which is one unit in the last place below the C library's at exp(-2), and this image's linear ramps meet whole levels
        // often. NumPy with NPY_DISABLE_CPU_FEATURES=AVX512_SKX differs from the file in the same 0.23 % (gaussian_blur) and 0.13 % (glass_blur).
        // JPEG, pixelate and impulses are integer arithmetic.
        bool integer = name is "pixelate" or "jpeg_compression" or "impulse_noise", hasSigmaOneHalf = (n, name, severity) is (64, "gaussian_blur", 1) or (64, "glass_blur", 2);
        ImageComparison.Of(sampled, expected).AssertWithin(integer ? 0 : 1, differingShare: hasSigmaOneHalf ? 0.0025 : 0.001);
    }

    [Fact]
    public void TheTestImageIsTheOneOfTheReference()
    {
        Assert.Equal([0, 52, 104, 7, 59, 111], TestImage(32).Pixels[..6].ToArray());
        Assert.Equal([102, 102, 154], TestImage(32).Pixels[^3..].ToArray());
        Assert.Equal([231, 47, 119], TestImage(224).Pixels.Slice((100 * 224 + 57) * 3, 3).ToArray());
    }

    private static IEnumerable<JsonElement> Entries()
    {
        foreach (string file in (string[])[FileOf(0), FileOf(299)])
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(Reference(file)));
            foreach (var entry in document.RootElement.GetProperty("cases").EnumerateArray())
                yield return entry.Clone();
        }
    }

    private static string FileOf(int n) => n == 299 ? "golden_corruptions_299.json" : "golden_corruptions.json";

    // These bytes are of one computed image, so another directory of golden photographs does not replace them.
    internal static string Reference(string name)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string path = Path.Combine(directory.FullName, "tests", "fixtures", "reference", name);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException($"no tests/fixtures/reference/{name} above {AppContext.BaseDirectory}; run the tests from a clone");
    }

    private static Image8 TestImage(int n)
    {
        var image = new Image8(n, n, 3);
        for (int y = 0; y < n; y++)
        {
            for (int x = 0; x < n; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    image.Pixels[(y * n + x) * 3 + c] = (byte)(x * (200 / n + 1) + y * (90 / n + 1) + 40 * c
                        + (((x / 5) ^ (y / 7)) & 1) * (50 + 20 * c) + (x * y + 3 * c) % 13 * 4);
                }
            }
        }

        return image;
    }
}
