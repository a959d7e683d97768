using System.Globalization;
using Robustify.Native.Augment;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>
/// One training run in a directory, whatever is trained: loader, trainer, checkpoints at each epoch's end, metrics, resume, and a clean
/// end where it is interrupted.
/// </summary>
internal sealed class TrainingRun
{
    public required RunContext Context { get; init; }

    public required RunDirectory Directory { get; init; }

    public required LabeledData Data { get; init; }

    public required ModelSource Source { get; init; }

    public required ITrainingStep Step { get; init; }

    public required TrainerOptions Trainer { get; init; }

    public required int Batch { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Name of the phase in progress and metrics.</summary>
    public required string Phase { get; init; }

    /// <summary>How augmented views are made.</summary>
    public AugmentationOptions Augmentation { get; init; } = new();

    public bool Resume { get; init; }

    /// <summary>Writes the model as it stands.</summary>
    public required Action<string> SaveModel { get; init; }

    /// <summary>Trains to the end.</summary>
    public TrainingCost Execute()
    {
        int imageSize = Source.Model.ImageSize;
        using var loader = new BatchLoader(Data.TrainSource, Data.Train, new BatchLoaderOptions
        {
            BatchSize = Batch, ImageSize = imageSize, Normalization = Source.Normalization, Seed = Seed,
            AugMixViews = Step.AugMixViews, Mixture = Augmentation.Kind, AugMix = Augmentation.AugMixFor(imageSize),
            PixMix = Augmentation.PixMixFor(imageSize), NoiseNetwork = Augmentation.Noise, StandardAugmentation = ClassifierTrainingOptions.AugmentationFor(Source.Model),
            Workers = Context.Workers, ShorterSide = Source.Preprocessing.ShorterSide(imageSize),
            CreateResizer = () => new PillowResizer(Source.Preprocessing.Interpolation),
        });
        using var trainer = new Trainer(Context.Backend, Step, loader, Trainer);
        string identity = string.Create(
            CultureInfo.InvariantCulture,
            $"phase {Phase}, seed {Seed}, batch {Batch}, {loader.BatchCount} batches an epoch, {Trainer.Epochs} epochs, {Augmentation.Describe(imageSize)}, {Step.Parameters.TrainedCount} trained parameters, ")
            + Source.Preprocessing.Describe(imageSize);
        if (Resume)
            TrainingState.Load(Directory.State, Step.Parameters, trainer.Optimizer, identity);
        else
            Directory.ClearMetrics();
        Context.Message(string.Create(
            CultureInfo.InvariantCulture,
            $"{Phase}: {Step.Parameters.TrainedCount:N0} of {Step.Parameters.TotalCount:N0} parameters trained; memory planned: "
            + $"{Step.ArenaBytes / 1048576.0:F1} MiB a step, {Step.Parameters.Bytes / 1048576.0:F1} MiB parameters and gradients"));
        SaveModel(Directory.Checkpoint);
        trainer.EpochEnded = (epoch, loss) => EndEpoch(trainer, identity, epoch, loss);
        try
        {
            return trainer.Run(Phase, Context.Progress, Context.Cancellation);
        }
        catch (OperationCanceledException)
        {
            TrainingState.Save(Directory.State, Step.Parameters, trainer.Optimizer, identity);
            throw;
        }
    }

    private void EndEpoch(Trainer trainer, string identity, int epoch, double loss)
    {
        SaveModel(Directory.Checkpoint);
        TrainingState.Save(Directory.State, Step.Parameters, trainer.Optimizer, identity);
        Directory.AppendMetrics(json =>
        {
            json.WriteString("phase", Phase);
            json.WriteNumber("epoch", epoch);
            json.WriteNumber("step", trainer.Optimizer.CompletedSteps);
            json.WriteNumber("loss", loss);
        });
        Context.Message(string.Create(CultureInfo.InvariantCulture, $"{Phase}: epoch {epoch + 1} of {Trainer.Epochs}, loss {loss:F4}"));
    }
}
