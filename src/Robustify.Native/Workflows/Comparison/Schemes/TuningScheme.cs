using Robustify.Native.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>One classifier trained with cross-entropy and, with two mixtures, the consistency term: teacher, full and partial tuning, linear probe.</summary>
internal sealed class TuningScheme : Scheme
{
    /// <summary>Its options; output, seed and data are the run's.</summary>
    public required ClassifierTrainingOptions Training { get; init; }

    public override long PlannedImages(int trainingImages) => (long)Training.Epochs * Math.Min(trainingImages, Training.Limit ?? trainingImages);

    public override TrainingCost Train(SchemeRun run)
    {
        var data = run.Data(Training.Limit);
        var source = ModelSource.Resolve(Training.Model).RequireFinite();
        data.RequireClasses(source.Model, Training.Model);
        var options = Training with { Data = run.Recipe.Data, Out = run.Directory.Root, Seed = run.Seed, Resume = run.Resume, Validates = false };
        return ClassifierTraining.Train(options, run.Context, source, data, run.Directory);
    }
}
