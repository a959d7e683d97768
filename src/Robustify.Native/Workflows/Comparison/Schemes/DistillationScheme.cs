using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>The method, and distillation without its parts: a fraction of the large model tuned with a robust teacher.</summary>
internal sealed class DistillationScheme : Scheme
{
    /// <summary>Its options; models, output, seed and data are the run's.</summary>
    public required DistillationRunOptions Training { get; init; }

    /// <summary>The scheme whose model teaches.</summary>
    public required string Teacher { get; init; }

    public override IReadOnlyList<string> StandsOn => [Teacher];

    public override long PlannedImages(int trainingImages) => (long)Training.Epochs * Math.Min(trainingImages, Training.Limit ?? trainingImages);

    public override TrainingCost Train(SchemeRun run)
    {
        var data = run.Data(Training.Limit);
        data.RequireClasses(run.Large.Model, run.Recipe.Large);
        var options = Training with
        {
            Student = run.Recipe.Large, Teacher = run.ModelOf(Teacher), Data = run.Recipe.Data, Out = run.Directory.Root, Seed = run.Seed, Resume = run.Resume, Validates = false,
            HeldOut = run.Recipe.HeldOut, HeldOutFrom = run.Recipe.HeldOutFrom,
        };
        return DistillationWorkflow.Train(options, run.Context, run.Large, data, run.Directory);
    }
}
