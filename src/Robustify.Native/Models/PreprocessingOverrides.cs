using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Models;

/// <summary>What a user wants otherwise of a checkpoint's preprocessing; null leaves it as it is.</summary>
public sealed record PreprocessingOverrides
{
    /// <summary>Mean of each channel, in units of full brightness.</summary>
    public IReadOnlyList<double>? Mean { get; init; }

    /// <summary>Deviation of each channel, above 0.</summary>
    public IReadOnlyList<double>? Std { get; init; }

    /// <summary>Side of the crop over the shorter side, 0.05..1.</summary>
    public double? CropRatio { get; init; }

    /// <summary>How pictures are resized.</summary>
    public ResampleFilter? Interpolation { get; init; }

    /// <summary>What was found, changed.</summary>
    /// <exception cref="RobustifyException">Another number of channels than the model has, or a value outside its range.</exception>
    internal Preprocessing Apply(string name, Preprocessing found, int channels)
    {
        if (this == new PreprocessingOverrides())
            return found;
        foreach (var (option, values) in (ReadOnlySpan<(string, IReadOnlyList<double>?)>)[("mean", Mean), ("deviation", Std)])
        {
            if (values is not null && values.Count != channels)
                throw new RobustifyException($"model '{name}': {option} of {values.Count} channels found, {channels} expected as the model has");
        }

        return new(
            new Normalization([.. Mean ?? found.Normalization.Mean], [.. Std ?? found.Normalization.Std]),
            CropRatio is { } ratio ? Preprocessing.RequireRatio($"model '{name}'", ratio) : found.CropRatio, Interpolation ?? found.Interpolation,
            $"the options given, and {found.Source}");
    }
}
