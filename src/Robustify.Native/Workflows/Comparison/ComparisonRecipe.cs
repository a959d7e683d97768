using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Files;
using Robustify.Native.Models;
using Robustify.Native.Workflows.Benchmarks;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>What a comparison trains and measures, read from one JSON file; docs/compare.md has every property.</summary>
internal sealed record ComparisonRecipe
{
    /// <summary>The pretrained large model: file or run directory.</summary>
    public required string Large { get; init; }

    /// <summary>The small model that teachers are made of: preset, file or run directory.</summary>
    public required string Small { get; init; }

    /// <summary>Data directory; null for the default.</summary>
    public required string? Data { get; init; }

    /// <summary>Keys of the runs; every scheme is trained once for each.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>Images held out of every scheme's training and of measuring, to calibrate on.</summary>
    public required int HeldOut { get; init; }

    /// <summary>The part of the data they are taken from.</summary>
    public required DataPart HeldOutFrom { get; init; }

    /// <summary>What all models are measured on.</summary>
    public required MeasurementRecipe Measure { get; init; }

    /// <summary>Other data sets that models are put to use on; null for none.</summary>
    public required TransferRecipe? Transfer { get; init; }

    /// <summary>Label sets that CLIP models are asked by name; null for none.</summary>
    public required ZeroShotRecipe? ZeroShot { get; init; }

    /// <summary>In the order of the recipe, which is the order of training: a scheme stands on earlier ones alone.</summary>
    public required IReadOnlyList<Scheme> Schemes { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="RobustifyException">One line that names the place in the file, what was found and what was expected.</exception>
    public static ComparisonRecipe Open(string file) => Read(RecipeObject.Open(file));

    /// <summary>Reads an opened recipe; with <paramref name="replaced"/> schemes in place of its own, which must have been read before.</summary>
    public static ComparisonRecipe Read(RecipeObject json, IReadOnlyList<RecipeObject>? replaced = null)
    {
        var defaults = json.Object("defaults");
        _ = json.Has("ablate"); // The verb ablate's, which reads the rest as this one does.
        _ = json.Has("schemes");
        var head = new ComparisonRecipe
        {
            Large = json.OptionalText("large") ?? BundledModel.Find(), Small = json.Text("small", "resnet_fashion"), Data = json.OptionalText("data"),
            Seeds = json.List<ulong>("seeds", [0], json.SeedOf), HeldOut = json.Whole("held_out", 1000, 0),
            HeldOutFrom = json.Choice("held_out_from", DataPart.Train),
            Measure = MeasurementRecipe.Read(json, json.Object("measure")), Transfer = TransferRecipe.Read(json), ZeroShot = ZeroShotRecipe.Read(json), Schemes = [],
        };
        if (head.Seeds.Count == 0 || head.Seeds.Distinct().Count() != head.Seeds.Count)
            throw json.Refuse("$.seeds", $"{string.Join(", ", head.Seeds)} found, at least one seed and none twice expected");
        var schemes = new List<Scheme>();
        var objects = replaced ?? json.Objects("schemes", defaults);
        foreach (var one in objects)
        {
            var scheme = SchemeReader.Read(one, head, schemes);
            if (schemes.Any(s => s.Name == scheme.Name))
                throw one.Refuse(one.Path, $"a second scheme of the name '{scheme.Name}' found; tell them apart with \"name\"");
            schemes.Add(scheme);
        }

        json.RequireNothingElse();
        if (replaced is null)
            defaults?.RequireNothingElse();
        return schemes.Count > 0 ? head with { Schemes = schemes } : throw json.Refuse("$.schemes", "an empty list found, at least one scheme expected");
    }

    /// <summary>The data of a seed, with at most so many training images; what is held out and tested does not depend on their number.</summary>
    public LabeledData OpenData(ulong seed, int? images) =>
        LabeledData.Open(Data, seed, images, Measure.Images, HeldOut, Measure.Seed, HeldOutFrom);

    /// <summary>What every scheme of a seed depends on beside its own options.</summary>
    public SortedDictionary<string, string> Common(ulong seed) => new(StringComparer.Ordinal)
    {
        ["large"] = AnswerFiles.DigestOfModel(Large)[..16], ["data"] = Data ?? "default", ["held_out"] = $"{HeldOut} of {ChoiceWords.Of(HeldOutFrom)}",
        ["seed"] = seed.ToString(CultureInfo.InvariantCulture), ["test_seed"] = Measure.Seed.ToString(CultureInfo.InvariantCulture),
    };
}
