using System.Text.Json;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>Decoding JPEG files as Pillow does.</summary>
[Trait("Category", "Golden")]
public class JpegDecodingTests
{
    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        if (!File.Exists(GoldenData.PathOf("jpeg", "cases.json")))
            return cases;
        foreach (var entry in GoldenData.Json("jpeg", "cases.json").GetProperty("cases").EnumerateArray())
            cases.Add(entry.GetProperty("file").GetString()!, entry.GetProperty("decoded").GetString()!);
        return cases;
    }

    // Tolerance 0: both are libjpeg-turbo with the accurate integer DCT and smooth upsampling. CMYK goes through the same
    // (255-C)(255-K)/255 as the fixture, rounded.
    [Theory]
    [MemberData(nameof(Cases))]
    public void DecodedPixelsAreThoseOfPillow(string file, string decoded)
    {
        var expected = ImageComparison.Load(ImageFile.ChannelsAsStored, "jpeg", decoded);
        var actual = ImageComparison.Load(ImageFile.ChannelsAsStored, "jpeg", file);
        ImageComparison.Of(actual, expected).AssertWithin(0);
    }

    public static TheoryData<int, string, int> CompressedSamples()
    {
        var cases = new TheoryData<int, string, int>();
        foreach (string folder in GoldenData.Directories("corruptions").Where(folder => folder.StartsWith("png")))
        {
            foreach (string photo in GoldenData.Directories("corruptions", folder))
            {
                for (int severity = 1; severity <= 5; severity++)
                {
                    if (File.Exists(GoldenData.PathOf("corruptions", folder, photo, $"jpeg_compression_s{severity}.jpg")))
                        cases.Add(int.Parse(folder[3..]), photo, severity);
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(CompressedSamples))]
    public void StreamsOfTheCorruptionDecodeToItsPixels(int size, string photo, int severity)
    {
        string name = $"jpeg_compression_s{severity}";
        var expected = ImageComparison.Load(3, "corruptions", $"png{size}", photo, name + ".png");
        var actual = ImageComparison.Load(3, "corruptions", $"png{size}", photo, name + ".jpg");
        ImageComparison.Of(actual, expected).AssertWithin(0);
    }
}
