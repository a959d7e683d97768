using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>A model as it is: the original, or one trained elsewhere.</summary>
internal sealed class GivenScheme : Scheme
{
    /// <summary>File or run directory.</summary>
    public required string Model { get; init; }

    public override bool IsTrained => false;

    public override TrainingCost Train(SchemeRun run) => default;

    public override IEnumerable<MeasuredModel> Models(Func<string, string> modelOf) => [new(Name, Model)];
}
