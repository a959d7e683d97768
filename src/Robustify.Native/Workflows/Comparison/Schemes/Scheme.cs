using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>One way to a model: what is trained, from what, and what is measured of it.</summary>
internal abstract class Scheme
{
    /// <summary>Names its folder and its rows in results: letters, digits, hyphens, underscores, dots.</summary>
    public required string Name { get; init; }

    /// <summary>The recipe's property <c>scheme</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Every option by name, the defaults too: another value anywhere makes it another scheme, which is trained again.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>Names of the schemes whose models it starts from or learns of; each stands before it in the recipe.</summary>
    public virtual IReadOnlyList<string> StandsOn => [];

    /// <summary>Whether there is anything to train.</summary>
    public virtual bool IsTrained => true;

    /// <summary>Images that its training shows, passes counted; for plans.</summary>
    public virtual long PlannedImages(int trainingImages) => 0;

    /// <summary>Trains into the run's directory, or goes on where it stopped there.</summary>
    public abstract TrainingCost Train(SchemeRun run);

    /// <summary>What is measured: the model under the scheme's own name, and others of a sweep.</summary>
    /// <param name="modelOf">File or directory of a scheme's model.</param>
    public virtual IEnumerable<MeasuredModel> Models(Func<string, string> modelOf) => [new(Name, modelOf(Name))];
}

/// <summary>A model to measure.</summary>
/// <param name="Name">Unique among the models of a seed.</param>
/// <param name="Path">File or run directory.</param>
/// <param name="Sweep">The scheme whose sweep it belongs to; null for a model with a row of its own.</param>
/// <param name="Alpha">Its place in the sweep.</param>
internal sealed record MeasuredModel(string Name, string Path, string? Sweep = null, double Alpha = 0);
