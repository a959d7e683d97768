using System.Text.Json;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using SkiaSharp;

namespace Robustify.Native.Tests.Golden;

/// <summary>AugMix's operations against Pillow's, and whole mixtures against the published code.</summary>
[Trait("Category", "Golden")]
public sealed class AugMixGoldenTests
{
    // A double sum that lands on the other side of a whole number is truncated one level away; nothing else may differ.
    private const int BilinearTolerance = 1;

    public static TheoryData<string> OperationFiles() => Files("ops");

    public static TheoryData<string> MixtureFiles() => Files("mixtures");

    [Theory]
    [MemberData(nameof(OperationFiles))]
    public void OperationGivesPillowsPixels(string file)
    {
        var expectedCase = Case("ops", file);
        var operation = Operation(expectedCase.GetProperty("op").GetString()!);
        var scratch = new AugMixScratch(new AugMixOptions());
        scratch.Current.CopyFrom(Decode(expectedCase.GetProperty("source").GetString()!));
        operation.Apply(Value(expectedCase.GetProperty("value")), scratch);

        var expected = Decode(file);
        ReadOnlySpan<byte> actualPixels = scratch.Current.Pixels, expectedPixels = expected.Pixels;
        Assert.Equal(expectedPixels.Length, actualPixels.Length);
        int worst = 0, differing = 0;
        for (int i = 0; i < actualPixels.Length; i++)
        {
            int difference = Math.Abs(actualPixels[i] - expectedPixels[i]);
            worst = Math.Max(worst, difference);
            differing += difference > 0 ? 1 : 0;
        }

        bool bilinear = operation.Name is "rotate" or "shear_x" or "shear_y";
        Assert.True(worst <= (bilinear ? BilinearTolerance : 0), $"worst difference {worst}, {differing} values differ");
        // Only sines and cosines of another mathematical library can move a coordinate by its last bit, and that rarely matters.
        Assert.True(differing <= actualPixels.Length / 1000, $"{differing} of {actualPixels.Length} values differ");
    }

    [Theory]
    [MemberData(nameof(MixtureFiles))]
    public void MixtureEqualsThePublishedCodes(string file)
    {
        var mixture = Case("mixtures", file);
        var source = Decode(mixture.GetProperty("source").GetString()!);
        var chains = mixture.GetProperty("chains").EnumerateArray().ToArray();
        var recipe = new AugMixRecipe(chains.Length, chains.Max(c => c.GetArrayLength())) { Mixing = (float)mixture.GetProperty("m").GetDouble() };
        for (int chain = 0; chain < chains.Length; chain++)
        {
            recipe.Weights[chain] = (float)mixture.GetProperty("weights")[chain].GetDouble();
            foreach (var step in chains[chain].EnumerateArray())
                recipe.Append(chain, Operation(step[0].GetString()!), Value(step[1]));
        }

        var mixed = new float[source.Pixels.Length];
        AugMix.Mix(source, mixed, Normalization.Half(source.Channels), recipe, new AugMixScratch(new AugMixOptions()));

        float[] expected = GoldenData.Floats("augmix", file); // CHW
        Assert.Equal(expected.Length, mixed.Length);
        int plane = source.Width * source.Height, channels = source.Channels;
        double worst = 0;
        for (int pixel = 0; pixel < plane; pixel++)
        {
            for (int channel = 0; channel < channels; channel++)
                worst = Math.Max(worst, Math.Abs((double)mixed[pixel * channels + channel] - expected[channel * plane + pixel]));
        }

        // Values within -1..1 after a handful of float roundings (6e-8 each); one level of one chain would be 2e-4 or more.
        Assert.True(worst <= 1e-6, $"worst difference {worst:g3}");
    }

    private static TheoryData<string> Files(string list)
    {
        var files = new TheoryData<string>();
        if (File.Exists(GoldenData.PathOf("augmix", "cases.json")))
        {
            foreach (var entry in GoldenData.Json("augmix", "cases.json").GetProperty(list).EnumerateArray())
                files.Add(entry.GetProperty("file").GetString()!);
        }

        return files;
    }

    private static JsonElement Case(string list, string file) =>
        GoldenData.Json("augmix", "cases.json").GetProperty(list).EnumerateArray().Single(c => c.GetProperty("file").GetString() == file);

    private static AugMixOperation Operation(string name) => AugMixOperation.All.Single(o => o.Name == name);

    private static double Value(JsonElement value) => value.ValueKind == JsonValueKind.Null ? 0 : value.GetDouble();

    private static Image8 Decode(string file)
    {
        using var bitmap = SKBitmap.Decode(GoldenData.PathOf("augmix", file));
        bool grey = bitmap.ColorType == SKColorType.Gray8;
        var image = new Image8(bitmap.Width, bitmap.Height, grey ? 1 : 3);
        var pixels = bitmap.Pixels;
        for (int i = 0; i < pixels.Length; i++)
        {
            if (grey)
                image.Pixels[i] = pixels[i].Red;
            else
                (image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]) = (pixels[i].Red, pixels[i].Green, pixels[i].Blue);
        }

        return image;
    }
}
