using System.Text.Json;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>The two phases of LP-FT (Kumar et al., "Fine-tuning can distort pretrained features and underperform out-of-distribution", arXiv 2202.10054).</summary>
/// <param name="Probe">The head alone on clean images.</param>
/// <param name="Tuning">Everything, from the probed head on, at a low rate.</param>
internal sealed record ProbeThenTuneOptions(ClassifierTrainingOptions Probe, ClassifierTrainingOptions Tuning)
{
    /// <summary>A probe of one pass at 1e-3, and tuning as <see cref="ClassifierTrainingOptions.Finetune"/> has it at a third of its rate.</summary>
    public static ProbeThenTuneOptions Standard(string model, string output)
    {
        var tuning = ClassifierTrainingOptions.Finetune(model, output) with { ResultName = "lp_ft" };
        return new(
            tuning with { Part = TrainedPart.Linear, AugMixViews = 0, Optimizer = tuning.Optimizer with { Rate = 1e-3 } },
            tuning with { Optimizer = tuning.Optimizer with { Rate = 1e-4 } });
    }

    /// <summary>The same for another data set, directory and seed.</summary>
    public ProbeThenTuneOptions For(string? data, string output, ulong seed, bool resume) =>
        new(Probe with { Data = data, Out = output, Seed = seed, Resume = resume }, Tuning with { Data = data, Out = output, Seed = seed, Resume = resume });
}

/// <summary>Trains both phases of LP-FT: the probe in a directory <c>probe</c> inside the run's, the tuning in the run's own.</summary>
internal static class ProbeThenTune
{
    /// <summary>Trains, writes the run directory with the clean accuracy, and returns what it took.</summary>
    public static TrainingCost Run(ProbeThenTuneOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        var tuning = options.Tuning;
        tuning.Validate();
        options.Probe.Validate();
        return ClassifierTraining.Measured(tuning, context, describe, (_, data, directory) => Train(options, context, data, directory));
    }

    /// <summary>Trains, or goes on in the phase that was interrupted, and returns what both took.</summary>
    public static TrainingCost Train(ProbeThenTuneOptions options, RunContext context, LabeledData data, RunDirectory directory)
    {
        var source = ClassifierTraining.Resolve(options.Tuning, data).RequireFinite();
        data.RequireClasses(source.Model, options.Tuning.Model);
        var probe = directory.TrainingPart("probe", options.Probe.Resume);
        var probed = probe.Guard(() => ClassifierTraining.Train(
            options.Probe with { ResultName = options.Tuning.ResultName + "_probe" }, context, source, data, probe));
        var tuned = ClassifierTraining.Train(
            options.Tuning with { Model = probe.Root, Overrides = new(), NewClassifier = false }, context, ModelSource.Resolve(probe.Root), data, directory);
        return (probed + tuned) with { TrainedParameters = tuned.TrainedParameters };
    }
}
