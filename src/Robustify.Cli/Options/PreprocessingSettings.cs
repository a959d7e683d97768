using System.CommandLine;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Models;

namespace Robustify.Cli.Options;

/// <summary>How pictures become a model's input, where the user wants it otherwise than the checkpoint says.</summary>
internal sealed class PreprocessingSettings
{
    private const string Standard = "that of the checkpoint";

    private readonly TextOption mean = new("--mean", "A,B,C", "mean of each channel, of a brightness of 0..1", Standard, () => "");
    private readonly TextOption std = new("--std", "A,B,C", "deviation of each channel, above 0", Standard, () => "");
    private readonly OptionalNumberOption<double> crop = new(
        "--crop", "side of the centre crop over the shorter side of the resized picture", new(0.05, 1), Standard);

    private readonly TextOption interpolation = new(
        "--interpolation", "NAME", $"how pictures are resized: {string.Join(", ", Enum.GetNames<ResampleFilter>()).ToLowerInvariant()}", Standard, () => "");

    private readonly OptionalNumberOption<int> imageSize = new(
        "--image-size", "side of the input in pixels; learned positions are interpolated", new(8, 4096), "that of the model");

    public PreprocessingSettings() => crop.Aliases.Add("--crop-ratio");

    /// <summary>Adds the options to a verb that records them.</summary>
    public void AddTo(Command command, RunSettings run) => run.Add(command, mean, std, crop, interpolation, imageSize);

    /// <summary>Adds the options; those of the picture alone without the input's size.</summary>
    public void AddTo(Command command, bool withSize)
    {
        foreach (var option in (ReadOnlySpan<Option>)[mean, std, crop, interpolation])
            command.Add(option);
        if (withSize)
            command.Add(imageSize);
    }

    /// <summary>What the options say.</summary>
    public ModelOverrides Bind(ParseResult parse) => new()
    {
        ImageSize = parse.GetResult(imageSize) is null ? null : imageSize.Of(parse),
        Preprocessing = new PreprocessingOverrides
        {
            Mean = Numbers("--mean", mean.Of(parse)), Std = Numbers("--std", std.Of(parse)), CropRatio = crop.Of(parse), Interpolation = Filter(interpolation.Of(parse)),
        },
    };

    private static double[]? Numbers(string option, string text) => text.Length == 0 ? null : [.. text.Split(',').Select(part =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new RobustifyException($"{option}: '{text}' found, numbers with commas between expected"))];

    private static ResampleFilter? Filter(string name)
    {
        if (name.Length == 0)
            return null;
        return Enum.TryParse(name, ignoreCase: true, out ResampleFilter filter) && !char.IsAsciiDigit(name[0]) && name[0] is not ('-' or '+')
            ? filter
            : throw new RobustifyException($"--interpolation: '{name}' found, one of {string.Join(", ", Enum.GetNames<ResampleFilter>()).ToLowerInvariant()} expected");
    }
}
