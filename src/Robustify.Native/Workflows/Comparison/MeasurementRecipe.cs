using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>What all models of a comparison are measured on. The same images and pixels for every seed, so that seeds differ by training alone.</summary>
internal sealed record MeasurementRecipe
{
    /// <summary>Key of the division into train and test where a data set has none, of the test subset and of the corruptions' draws.</summary>
    public required ulong Seed { get; init; }

    /// <summary>At most so many test images; null for all.</summary>
    public required int? Images { get; init; }

    /// <summary>How many of them are corrupted; null for all.</summary>
    public required int? CorruptedImages { get; init; }

    /// <summary>Corruptions made in memory; none for clean images only.</summary>
    public required IReadOnlyList<Corruption> Corruptions { get; init; }

    /// <summary>Severities, each 1..5.</summary>
    public required IReadOnlyList<int> Severities { get; init; }

    /// <summary>Sets of images beside the data set's own.</summary>
    public required IReadOnlyList<BenchmarkSuite> Suites { get; init; }

    /// <summary>How images are brought to the models' size.</summary>
    public required PreprocessingProtocol Protocol { get; init; }

    /// <summary>Reads the property <c>measure</c>.</summary>
    /// <param name="recipe">The recipe, for errors.</param>
    /// <param name="json">The property; null takes every default.</param>
    public static MeasurementRecipe Read(RecipeObject recipe, RecipeObject? json)
    {
        var standard = new BenchmarkRunOptions { Models = [], Out = "" };
        if (json is null)
        {
            return new()
            {
                Seed = 0, Images = null, CorruptedImages = null, Corruptions = standard.Corruptions, Severities = standard.Severities,
                Suites = standard.Suites, Protocol = standard.Protocol,
            };
        }

        var measure = new MeasurementRecipe
        {
            Seed = json.Seed("seed", standard.Seed), Images = json.OptionalWhole("test_images", 1), CorruptedImages = json.OptionalWhole("corrupted_images", 0),
            Corruptions = json.List("corruptions", standard.Corruptions, (value, place) => At(json, place, () => CorruptionCatalog.Find(json.TextOf(value, place)))),
            Severities = json.List("severities", standard.Severities, (value, place) => json.WholeOf(value, place, 1, Corruption.MaxSeverity)),
            Suites = json.List("suites", standard.Suites, (value, place) => At(json, place, () => BenchmarkSuite.Parse(json.TextOf(value, place)))),
            Protocol = json.Text("protocol", standard.Protocol.Name()) is var name && Enum.GetValues<PreprocessingProtocol>().Where(p => p.Name() == name).ToArray() is [var protocol]
                ? protocol
                : throw json.Refuse($"{json.Path}.protocol", $"'{name}' found, one of {string.Join(", ", Enum.GetValues<PreprocessingProtocol>().Select(p => p.Name()))} expected"),
        };
        json.RequireNothingElse();
        if (measure.CorruptedImages == 0 || measure.Corruptions.Count == 0)
            measure = measure with { Corruptions = [], CorruptedImages = null };
        return measure.Suites.Any(s => s.Name == SuiteNames.Clean)
            ? measure
            : throw recipe.Refuse("$.measure.suites", $"{string.Join(", ", measure.Suites)} found, {SuiteNames.Clean} among them expected: every table compares with it");
    }

    /// <summary>As the benchmark takes it, for these models.</summary>
    public BenchmarkRunOptions For(IReadOnlyList<(string Name, string Model)> models, ComparisonRecipe recipe) => new()
    {
        Models = models, Out = "", Data = recipe.Data, HeldOutOfTest = recipe.HeldOutFrom == DataPart.Test ? recipe.HeldOut : 0, Seed = Seed, TestLimit = Images, CorruptedImages = CorruptedImages, Corruptions = Corruptions,
        Severities = Severities, Suites = Suites, Protocol = Protocol,
    };

    private static T At<T>(RecipeObject json, string place, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (RobustifyException refused)
        {
            throw json.Refuse(place, refused.Message);
        }
    }
}
