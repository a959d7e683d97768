using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>LP-FT: a linear probe first, then everything from there, so that tuning begins with a head that fits (Kumar et al., arXiv 2202.10054).</summary>
internal sealed class ProbeThenTuneScheme : Scheme
{
    /// <summary>The two phases in one set of options.</summary>
    public required ProbeThenTuneOptions Training { get; init; }

    public override long PlannedImages(int trainingImages) =>
        (long)(Training.Probe.Epochs + Training.Tuning.Epochs) * Math.Min(trainingImages, Training.Tuning.Limit ?? trainingImages);

    public override TrainingCost Train(SchemeRun run)
    {
        var options = Training.For(run.Recipe.Data, run.Directory.Root, run.Seed, run.Resume);
        options = new(options.Probe with { Validates = false }, options.Tuning with { Validates = false });
        return ProbeThenTune.Train(options, run.Context, run.Data(Training.Tuning.Limit), run.Directory);
    }
}
