using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>What a scheme trains with: the recipe, one seed, a directory of its own.</summary>
internal sealed record SchemeRun
{
    /// <summary>The recipe.</summary>
    public required ComparisonRecipe Recipe { get; init; }

    /// <summary>Key of every draw.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Device, progress, cancellation.</summary>
    public required RunContext Context { get; init; }

    /// <summary>The large model.</summary>
    public required ModelSource Large { get; init; }

    /// <summary>Where the scheme's files go.</summary>
    public required RunDirectory Directory { get; init; }

    /// <summary>Directory or file of an earlier scheme's model.</summary>
    public required Func<string, string> ModelOf { get; init; }

    /// <summary>Whether an interrupted training of the same options lies in the directory.</summary>
    public required bool Resume { get; init; }

    /// <summary>The data with at most so many training images; what is held out and tested does not depend on it.</summary>
    public LabeledData Data(int? images) => Recipe.OpenData(Seed, images);
}
