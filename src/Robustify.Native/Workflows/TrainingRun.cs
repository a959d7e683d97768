using System.Globalization;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Augment;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>
/// One training run in a directory, whatever is trained: loader, trainer, checkpoints, metrics, resume after any end, and a clean end where
/// it is interrupted.
/// </summary>
/// <remarks>
/// A saving goes in this order: <c>best.safetensors</c>, metrics to the device, <c>ledger.json</c>, <c>state.safetensors</c>, the models. Only the state is resumed
/// from; it alone holds every trained tensor and says how many lines of metrics there were. So a kill between two files leaves either the old state,
/// after which all that followed is made again to the same bits, or the new one, from which the models are written again.
/// </remarks>
internal sealed class TrainingRun
{
    private const string TrainerNumbers = "trainer", MetricsNumbers = "metrics_lines", BestNumbers = "best";

    private BestModel best = BestModel.None;
    private long metricsLines;

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

    /// <summary>What else determines the result, as <c>name value; name value</c>: a state of other choices is not resumed from.</summary>
    public string Choices { get; init; } = "";

    /// <summary>How augmented views are made.</summary>
    public AugmentationOptions Augmentation { get; init; } = new();

    /// <summary>Versions of each image, and whether what frozen parts answer to them is stored; the step is then an <see cref="ICuttableStep"/> that was cut.</summary>
    public BankOptions Bank { get; init; } = new();

    /// <summary>What stored answers depend on beside the step's own tensors, in words.</summary>
    public string FrozenParts { get; init; } = "";

    public bool Resume { get; init; }

    /// <summary>Writes the model as it stands.</summary>
    public required Action<string> SaveModel { get; init; }

    /// <summary>Accuracy on held-out images as the model stands, in 0..1; null where none are held out.</summary>
    public Func<RunContext, double>? Validate { get; init; }

    /// <summary>Trains to the end.</summary>
    public TrainingCost Execute()
    {
        var loading = LoaderOptions(Source, Step, Batch, Seed, Augmentation) with { Workers = Context.Workers, Backend = Context.Backend };
        var cost = default(CacheCost);
        // Before a state is loaded: frozen outputs, and so their key, belong to the tensors the run began with.
        using var cached = Bank.IsCached
            ? TrunkCaching.Open((ICuttableStep)Step, Bank, Data, loading, $"{Conditions}; {FrozenParts}", Context, out cost)
            : null;
        return Execute(cached ?? Step, cost, cached is { NeedsImages: false }
            ? loading with { WithoutImages = true, AugMixViews = 0, AugmentBank = Bank.Versions }
            : loading with { AugmentBank = Bank.Versions });
    }

    private TrainingCost Execute(ITrainingStep step, CacheCost cacheCost, BatchLoaderOptions loading)
    {
        using var loader = new BatchLoader(Data.TrainSource, Data.Train, loading);
        using var trainer = new Trainer(Context.Backend, step, loader, Trainer);
        string identity = Identity(loader);
        Context.Message(string.Create(
            CultureInfo.InvariantCulture,
            $"{Phase}: {Step.Parameters.TrainedCount:N0} of {Step.Parameters.TotalCount:N0} parameters trained; memory planned: "
            + $"{Step.ArenaBytes / 1048576.0:F1} MiB a step, {Step.Parameters.Bytes / 1048576.0:F1} MiB parameters and gradients"));
        bool continues = Resume && File.Exists(Directory.State);
        if (continues)
            Continue(trainer, identity);
        else
            Begin();
        using var ledger = new RunLedger(Directory, Phase, Context.Backend, step, trainer, cacheCost, continues);
        SaveModel(Directory.Checkpoint);
        var utilization = new Utilization(Context.Target, step.MultiplyAdds, loader.BatchSize);
        trainer.StepsLogged = record =>
        {
            ledger.Observe();
            double share = utilization.Of(record);
            AppendMetrics(json => MetricsLine.WriteSteps(json, Phase, record, share));
            Context.Progress.Tell(MetricsLine.RateText(record, share));
        };
        trainer.OutlierFound = Warn;
        trainer.SaveDue = () => Save(trainer, ledger, identity);
        trainer.EpochEnded = record => EndEpoch(trainer, ledger, utilization, identity, record);
        try
        {
            trainer.Run(Phase, Context.Progress, Context.Cancellation);
            return ledger.Cost;
        }
        catch (OperationCanceledException)
        {
            Save(trainer, ledger, identity);
            throw;
        }
    }

    /// <summary>How images are prepared for a step of the model.</summary>
    internal static BatchLoaderOptions LoaderOptions(ModelSource source, ITrainingStep step, int batch, ulong seed, AugmentationOptions augmentation)
    {
        int imageSize = source.Model.ImageSize;
        return new()
        {
            BatchSize = batch, ImageSize = imageSize, Normalization = source.Normalization, Seed = seed, AugMixViews = step.AugMixViews,
            Mixture = augmentation.Kind, AugMix = augmentation.AugMixFor(imageSize), PixMix = augmentation.PixMixFor(imageSize),
            NoiseNetwork = augmentation.Noise, StandardAugmentation = ClassifierTrainingOptions.AugmentationFor(source.Model),
            ShorterSide = source.Preprocessing.ShorterSide(imageSize), CreateResizer = () => new PillowResizer(source.Preprocessing.Interpolation),
        };
    }

    private string Identity(BatchLoader loader)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"phase {Phase}; seed {Seed}; batch {Batch}; {loader.BatchCount} batches an epoch; {Trainer.Epochs} epochs; {Conditions}; "
            + $"{Step.Parameters.TrainedCount} trained parameters; {(Context.Backend.IsHostMemory ? "cpu" : "cuda")} {Context.Precision}; "
            + $"schedule {Trainer.Schedule} {Trainer.WarmupFraction} {Trainer.FinalRateFraction}; "
            + $"data {SourceDigest.Of(Data.TrainSource, Data.Train)[..16]}; frozen tensors {TensorDigest.OfFrozen(Step.Parameters)[..16]}; {OptimizerText}");
        if (Bank.Versions > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; bank {Bank.Versions} {Bank.Stored}");
        return Choices.Length == 0 ? text : $"{text}; {Choices}";
    }

    /// <summary>How images become a batch, in words.</summary>
    private string Conditions =>
        $"{Augmentation.Describe(Source.Model.ImageSize)}; {Source.Preprocessing.Describe(Source.Model.ImageSize)}";

    private string OptimizerText
    {
        get
        {
            var o = Trainer.Optimizer;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{o.Kind} rate {o.Rate}; weight decay {o.WeightDecay}; momentum {o.Momentum} {o.Dampening} {o.Nesterov}; "
                + $"betas {o.Beta1} {o.Beta2} {o.Epsilon}; clip {o.MaximumGradientNorm}");
        }
    }

    private void Begin()
    {
        RunDirectory.Forget(Directory.Root);
        if (Resume)
            Context.Message($"{Phase}: nothing was saved yet, so it starts from the beginning");
    }

    private void Continue(Trainer trainer, string identity)
    {
        var numbers = TrainingState.Load(Directory.State, Step.Parameters, trainer.Optimizer, identity);
        trainer.Restore(Required(numbers, TrainerNumbers, Training.Trainer.SnapshotLength));
        best = BestModel.Read(Required(numbers, BestNumbers, best.Write().Length));
        metricsLines = (long)Required(numbers, MetricsNumbers, 1)[0];
        if (!Directory.TruncateMetrics(metricsLines))
            Context.Message($"{Phase}: metrics.jsonl is shorter than when the state was saved: lines of earlier steps are missing");
        Directory.Prune(trainer.Optimizer.CompletedSteps, Trainer.Record.Keep);
        Context.Message(string.Create(
            CultureInfo.InvariantCulture, $"{Phase}: resumed after step {trainer.Optimizer.CompletedSteps:N0} of {trainer.TotalSteps:N0}"));
    }

    private double[] Required(IReadOnlyDictionary<string, double[]> numbers, string name, int length) =>
        numbers.TryGetValue(name, out double[]? values) && values.Length == length
            ? values
            : throw new RobustifyException(
                $"{Directory.State}: {values?.Length ?? 0} numbers '{name}' found, {length} expected; another version wrote it: start the run without --resume");

    private void Save(Trainer trainer, RunLedger ledger, string identity)
    {
        Directory.SyncMetrics();
        ledger.Write();
        TrainingState.Save(Directory.State, Step.Parameters, trainer.Optimizer, identity, new Dictionary<string, double[]>
        {
            [TrainerNumbers] = trainer.Snapshot(), [MetricsNumbers] = [metricsLines], [BestNumbers] = best.Write(),
        });
        SaveModel(Directory.Checkpoint);
        if (Trainer.Record.Keep == 0)
            return;
        SaveModel(Directory.KeptAt(trainer.Optimizer.CompletedSteps));
        Directory.Prune(trainer.Optimizer.CompletedSteps, Trainer.Record.Keep);
    }

    private void EndEpoch(Trainer trainer, RunLedger ledger, Utilization utilization, string identity, TrainingRecord record)
    {
        // To its end whatever happens meanwhile: an epoch is over with its line and its best model, or not over.
        double accuracy = Validate?.Invoke(Context with { Cancellation = CancellationToken.None }) ?? double.NaN;
        if (accuracy > best.Accuracy)
        {
            best = new BestModel(accuracy, record.Epoch, record.Step);
            SaveModel(Directory.Best);
        }

        double share = utilization.Of(record);
        AppendMetrics(json => MetricsLine.WriteEpoch(json, Phase, record, accuracy, share));
        Save(trainer, ledger, identity);
        Context.Message(MetricsLine.EpochText(Phase, Trainer.Epochs, record, accuracy, share));
    }

    private void Warn(TrainingRecord record, double lossScore, double normScore)
    {
        AppendMetrics(json => MetricsLine.WriteWarning(json, Phase, record, lossScore, normScore));
        Context.Message(MetricsLine.WarningText(Phase, record, lossScore, normScore));
    }

    private void AppendMetrics(Action<Utf8JsonWriter> write)
    {
        Directory.AppendMetrics(write);
        metricsLines++;
    }
}
