using System.Text.Json;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Golden;

/// <summary>Resizing and cropping as Pillow and torchvision do.</summary>
[Trait("Category", "Golden")]
public class ResampleGoldenTests
{
    public static TheoryData<string> Cases()
    {
        var cases = new TheoryData<string>();
        if (!File.Exists(GoldenData.PathOf("resample", "cases.json")))
            return cases;
        foreach (var entry in Entries())
            cases.Add(entry.GetProperty("file").GetString()!);
        return cases;
    }

    // Tolerance 0: the same fixed-point arithmetic.
    [Theory]
    [MemberData(nameof(Cases))]
    public void ResizedPixelsAreThoseOfPillow(string file)
    {
        var entry = Entries().Single(e => e.GetProperty("file").GetString() == file);
        var expected = ImageComparison.Load(3, "resample", file);
        var source = ImageComparison.Load(3, "resample", entry.GetProperty("source").GetString()!);
        var filter = Enum.Parse<ResampleFilter>(entry.GetProperty("filter").GetString()!, ignoreCase: true);
        var (width, height) = Pair(entry, "out_size_wh");
        var resampler = new Resampler();
        Image8 cropped = new(1, 1, 1), actual = new(1, 1, 1);
        if (entry.TryGetProperty("resized_size_wh", out _))
        {
            var resized = Pair(entry, "resized_size_wh");
            resampler.ResizeShorterSide(source, cropped, Math.Min(resized.First, resized.Second), filter);
            Assert.Equal(resized, (cropped.Width, cropped.Height));
            Cropping.CenterCrop(cropped, actual, width, height);
        }
        else
        {
            if (entry.TryGetProperty("source_crop_ltrb", out var crop))
            {
                int[] box = crop.EnumerateArray().Select(x => x.GetInt32()).ToArray();
                Cropping.Crop(source, cropped, box[0], box[1], box[2] - box[0], box[3] - box[1]);
                source = cropped;
            }

            resampler.Resize(source, actual, width, height, filter);
        }

        ImageComparison.Of(actual, expected).AssertWithin(0);
    }

    private static IEnumerable<JsonElement> Entries() => GoldenData.Json("resample", "cases.json").GetProperty("cases").EnumerateArray();

    private static (int First, int Second) Pair(JsonElement entry, string name) =>
        (entry.GetProperty(name)[0].GetInt32(), entry.GetProperty(name)[1].GetInt32());
}
