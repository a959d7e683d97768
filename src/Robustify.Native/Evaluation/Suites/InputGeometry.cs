using System.Globalization;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>How an image is brought to a model's size: an optional border cut off, a resize, a centre crop.</summary>
internal sealed record InputGeometry
{
    /// <summary>Side of the model's square input, pixels.</summary>
    public required int Size { get; init; }

    /// <summary>What the shorter side becomes before the centre crop; null where both sides become <see cref="Size"/>, without a crop.</summary>
    public int? ShorterSide { get; init; }

    /// <summary>How pixels are weighed, with antialiasing.</summary>
    public ResampleFilter Filter { get; init; } = ResampleFilter.Bilinear;

    /// <summary>Whether an image that already has the model's size stays as it is.</summary>
    public bool KeepsFitting { get; init; } = true;

    /// <summary>Pixels cut off every side first, as of ObjectNet's red frame.</summary>
    public int Border { get; init; }

    /// <summary>One line for results.</summary>
    public string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Border > 0 ? $"border of {Border} pixels cut, " : "")}{Resize}{(KeepsFitting ? $"; images of {Size}x{Size} as they are" : "")}");

    private string Resize => ShorterSide is { } side
        ? string.Create(CultureInfo.InvariantCulture, $"shorter side to {side} ({Filter.ToString().ToLowerInvariant()}), centre crop {Size}")
        : string.Create(CultureInfo.InvariantCulture, $"both sides to {Size} ({Filter.ToString().ToLowerInvariant()}), no crop");

    /// <summary>What belongs to a checkpoint.</summary>
    public static InputGeometry Of(Preprocessing preprocessing, int size) =>
        new() { Size = size, ShorterSide = preprocessing.ShorterSide(size), Filter = preprocessing.Interpolation };

    /// <summary>What torchvision does for classifiers: 8/7 of the input, bilinear, centre crop; small inputs without the margin.</summary>
    public static InputGeometry Standard(int size) => new() { Size = size, ShorterSide = EvaluationTransform.DefaultShorterSide(size) };
}
