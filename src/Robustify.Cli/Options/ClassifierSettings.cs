using System.CommandLine;
using Robustify.Cli.Reporting;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Options;

/// <summary>What pretrain, teach and finetune share; the defaults are those of the verb's options.</summary>
internal sealed class ClassifierSettings
{
    private readonly ClassifierTrainingOptions standard;
    private readonly RunSettings run;
    private readonly TextOption model;
    private readonly TextOption data = RunSettings.DataOption();
    private readonly NumberOption<int> epochs;
    private readonly NumberOption<int> batch;
    private readonly OptionalNumberOption<int> limit = new("--limit", "training images at most, as many of each class", new(1, null), "all");
    private readonly OptionalNumberOption<int> testLimit = new("--test-limit", "test images at most, as many of each class", new(1, null), "all");
    private readonly NumberOption<int> heldOut;
    private readonly RecordSettings record = new();
    private readonly FlagOption newClassifier = new("--new-classifier", "begin with a fresh classifier for the classes of the data in the place of the model's");
    private readonly FlagOption plan = MemoryReport.Option();
    private readonly PreprocessingSettings preprocessing = new();
    private readonly OptimizerSettings optimizer;
    private readonly NumberOption<float> labelSmoothing;
    private readonly NumberOption<float> headDropout;
    private readonly NumberOption<float> dropout;
    private readonly NumberOption<float> stochasticDepth;
    private readonly NumberOption<int> augMixViews;
    private readonly AugmentationSettings augmentation;
    private readonly NumberOption<float> consistencyWeight;

    /// <param name="run">The common options.</param>
    /// <param name="standard">The verb's defaults; its model and output count for nothing.</param>
    /// <param name="modelDefault">The default model in words.</param>
    /// <param name="model">The default model.</param>
    public ClassifierSettings(RunSettings run, ClassifierTrainingOptions standard, string modelDefault, Func<string> model)
    {
        (this.run, this.standard) = (run, standard);
        this.model = new("--model", "MODEL", "preset, safetensors file or run directory", modelDefault, model);
        epochs = new("--epochs", "passes over the training images", new(1, 100_000), standard.Epochs);
        batch = new("--batch", "images a step, not counting views", new(1, 65536), standard.Batch);
        heldOut = new(
            "--held-out",
            "training images set aside, so that runs which are compared train on the same ones; several epochs are measured on them to keep the best model",
            new(0, null), standard.HeldOut);
        optimizer = new(standard.Optimizer, standard.Schedule, standard.Warmup);
        labelSmoothing = new(
            "--label-smoothing", "part of a label's weight spread over all classes", new(0, 1, HighOpen: true), standard.LabelSmoothing);
        headDropout = new("--head-dropout", "probability of dropout before the classifier", new(0, 1, HighOpen: true), standard.HeadDropout);
        dropout = new("--dropout", "probability of dropout inside a transformer's blocks", new(0, 1, HighOpen: true), standard.Dropout);
        stochasticDepth = new(
            "--stochastic-depth", "probability that a transformer's last block is skipped; less for the ones before", new(0, 1, HighOpen: true),
            standard.StochasticDepth);
        augMixViews = new(
            "--augmix-views", "mixtures an image: 0 for clean images, 1, or 2 with the consistency term", new(0, 2), standard.AugMixViews);
        augmentation = new(standard.Augmentation);
        consistencyWeight = new("--consistency-weight", "weight of the consistency term of two mixtures", new(0, 1000), standard.ConsistencyWeight);
    }

    /// <summary>Whether only the memory is asked for.</summary>
    public bool WantsPlan(ParseResult parse) => plan.Of(parse);

    public void AddTo(Command command)
    {
        command.Add(plan);
        run.Add(command, model, newClassifier, data);
        run.AddCommon(command, writes: true);
        record.AddTo(command, run);
        run.Add(command, epochs, batch, limit, testLimit, heldOut);
        preprocessing.AddTo(command, run);
        optimizer.AddTo(command, run);
        run.Add(command, labelSmoothing, headDropout, dropout, stochasticDepth, augMixViews, consistencyWeight);
        augmentation.AddTo(command, run);
    }

    /// <summary>The same where views, rate and decay have another default, that of a method.</summary>
    public ClassifierTrainingOptions Bind(ParseResult parse, ClassifierTrainingOptions method) => Bind(parse) with
    {
        AugMixViews = parse.GetValue(augMixViews) ?? method.AugMixViews, Optimizer = optimizer.Optimizer(parse, method.Optimizer), ResultName = method.ResultName,
    };

    public ClassifierTrainingOptions Bind(ParseResult parse) => standard with
    {
        Model = model.Of(parse), Overrides = preprocessing.Bind(parse), NewClassifier = newClassifier.Of(parse), Data = data.Of(parse), Out = run.Out.Of(parse), Seed = run.Seed.Of(parse),
        Epochs = epochs.Of(parse), Batch = batch.Of(parse), Limit = limit.Of(parse), TestLimit = testLimit.Of(parse), HeldOut = heldOut.Of(parse),
        Resume = record.Resume(parse), Record = record.Bind(parse),
        Optimizer = optimizer.Optimizer(parse), Schedule = optimizer.Schedule(parse), Warmup = optimizer.Warmup(parse),
        LabelSmoothing = labelSmoothing.Of(parse), HeadDropout = headDropout.Of(parse), Dropout = dropout.Of(parse),
        StochasticDepth = stochasticDepth.Of(parse), AugMixViews = augMixViews.Of(parse), Augmentation = augmentation.Bind(parse), ConsistencyWeight = consistencyWeight.Of(parse),
    };
}
