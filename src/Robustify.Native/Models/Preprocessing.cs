using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Models;

/// <summary>How a picture becomes the input that a checkpoint was trained on: resized, the middle cropped, normalised.</summary>
/// <param name="Normalization">Mean and deviation of each channel.</param>
/// <param name="CropRatio">Side of the crop over the shorter side of the resized picture, above 0 and at most 1.</param>
/// <param name="Interpolation">How it is resized.</param>
/// <param name="Source">Where this is known from, in words.</param>
public sealed record Preprocessing(Normalization Normalization, double CropRatio, ResampleFilter Interpolation, string Source)
{
    private const string MeanKey = "robustify.mean";
    private const string StdKey = "robustify.std";
    private const string CropRatioKey = "robustify.crop_ratio";
    private const string InterpolationKey = "robustify.interpolation";

    /// <summary>What the shorter side is resized to: floor(size / ratio), as timm and Hugging Face compute it.</summary>
    public int ShorterSide(int imageSize) => (int)Math.Floor(imageSize / CropRatio + 1e-9);

    /// <summary>In one line: <c>shorter side 256 bilinear, crop 224, mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225</c>.</summary>
    public string Describe(int imageSize) => string.Create(
        CultureInfo.InvariantCulture,
        $"shorter side {ShorterSide(imageSize)} {Interpolation.ToString().ToLowerInvariant()}, crop {imageSize}, mean {Join(Normalization.Mean, " ")}, "
        + $"deviation {Join(Normalization.Std, " ")}");

    /// <summary>Writes the entries that <see cref="FromMetadata"/> reads.</summary>
    internal void Write(IDictionary<string, string> metadata)
    {
        metadata[MeanKey] = Join(Normalization.Mean, ",");
        metadata[StdKey] = Join(Normalization.Std, ",");
        metadata[CropRatioKey] = CropRatio.ToString("R", CultureInfo.InvariantCulture);
        metadata[InterpolationKey] = Interpolation.ToString().ToLowerInvariant();
    }

    /// <summary>What this engine wrote into a checkpoint; entries that are missing come from <paramref name="otherwise"/>.</summary>
    /// <exception cref="RobustifyException">An entry is no number, or not in its range.</exception>
    internal static Preprocessing FromMetadata(string path, IReadOnlyDictionary<string, string> metadata, Preprocessing otherwise)
    {
        var found = otherwise;
        if (metadata.TryGetValue(MeanKey, out string? mean) && metadata.TryGetValue(StdKey, out string? std))
            found = found with { Normalization = new Normalization(Numbers(path, mean), Numbers(path, std)), Source = "the checkpoint" };
        if (metadata.TryGetValue(CropRatioKey, out string? ratio))
            found = found with { CropRatio = RequireRatio(path, Numbers(path, ratio)[0]), Source = "the checkpoint" };
        if (metadata.TryGetValue(InterpolationKey, out string? filter))
            found = found with { Interpolation = Filter(path, filter), Source = "the checkpoint" };
        return found;
    }

    /// <summary>The filter of that name.</summary>
    internal static ResampleFilter Filter(string path, string name) => Enum.TryParse(name, ignoreCase: true, out ResampleFilter filter) && Enum.IsDefined(filter)
        && !char.IsAsciiDigit(name[0])
        ? filter
        : throw new RobustifyException(
            $"{path}: interpolation '{Files.OneLine.Of(name)}' found, one of {string.Join(", ", Enum.GetNames<ResampleFilter>()).ToLowerInvariant()} expected");

    /// <summary>A ratio above 0 and at most 1.</summary>
    internal static double RequireRatio(string path, double ratio) => ratio is >= 0.05 and <= 1
        ? ratio
        : throw new RobustifyException($"{path}: crop ratio {ratio.ToString(CultureInfo.InvariantCulture)} found, 0.05..1 expected");

    private static string Join(IReadOnlyList<double> values, string separator) =>
        string.Join(separator, values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

    private static double[] Numbers(string path, string text) => [.. text.Split(',').Select(part =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new RobustifyException($"{path}: metadata '{Files.OneLine.Of(text)}' found where numbers with commas between are expected"))];
}
