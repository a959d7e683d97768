using System.Globalization;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.ConvNext;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>The verbs pretrain, teach and finetune: trains a plain classifier and measures it on clean test images.</summary>
public static class ClassifierTraining
{
    /// <summary>Trains, writes the run directory, and returns what it took.</summary>
    public static TrainingCost Run(ClassifierTrainingOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        options.Validate();
        return Measured(options, context, describe, (source, data, directory) => Train(options, context, source, data, directory));
    }

    /// <summary>A training in a directory of its own, and the clean accuracy of what it left there.</summary>
    internal static TrainingCost Measured(
        ClassifierTrainingOptions options, RunContext context, Action<Utf8JsonWriter> describe, Func<ModelSource, LabeledData, RunDirectory, TrainingCost> train)
    {
        var data = LabeledData.Open(options.Data, options.Seed, options.Limit, options.TestLimit, options.HeldOut);
        var source = Resolve(options, data).RequireFinite();
        data.RequireClasses(source.Model, options.Model);
        Regularized(source.Model, options);
        var directory = RunDirectory.OpenTraining(options.Out, describe, options.Resume);
        return directory.Guard(() =>
        {
            var cost = train(source, data, directory);
            using var trained = LoadedModel.Open(options.ResultName, directory.Root, context.Target, Benchmark.BatchFor(data.Test.Length));
            var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = [], Preprocessing = source.Preprocessing };
            var results = Benchmark.Run([trained.Predictor], data.TestSource, data.Test, measured, context);
            directory.WriteJson("results.json", json => ResultsFile.Write(json, results, new Ledger { [options.ResultName] = cost }));
            foreach (var result in results)
                context.Message($"{result.Name}: clean top-1 {result.Clean.Top1:F4} on {result.Clean.Images} test images");
            return cost;
        });
    }

    /// <summary>The memory of the training, without taking it: weights are not opened, and of the data only the names of its classes for a new classifier.</summary>
    /// <param name="options">The training.</param>
    /// <param name="precision">What it computes in.</param>
    /// <param name="isCuda">Whether it computes on CUDA.</param>
    public static MemoryPlan Plan(ClassifierTrainingOptions options, Precision precision, bool isCuda)
    {
        options.Validate();
        var source = options.NewClassifier
            ? Resolve(options, LabeledData.Open(options.Data, options.Seed, options.Limit, options.TestLimit, options.HeldOut))
            : ModelSource.Resolve(options.Model, options.Overrides);
        source.Model.RequireHead(options.Model);
        return Plan(source, options, precision, isCuda);
    }

    /// <summary>The model, with a fresh classifier for the classes of the data where one is asked for.</summary>
    internal static ModelSource Resolve(ClassifierTrainingOptions options, LabeledData data) => ModelSource.Resolve(
        options.Model, options.NewClassifier ? options.Overrides with { Classes = data.TrainSource.ClassNames.Count } : options.Overrides);

    /// <summary>The same of a model that is known already.</summary>
    public static MemoryPlan Plan(ModelSource source, ClassifierTrainingOptions options, Precision precision, bool isCuda)
    {
        if (options.Part == TrainedPart.Prompt)
            source = source.WithPrompt(options.PromptWidth ?? PromptedModel.StandardWidth(source.Model));
        var target = ComputeTarget.ForPlanning(precision);
        using var parameters = new ParameterStore(source.Model.AllSpecs(), spec => IsTrained(options, source.Model, spec), target);
        using var step = Step(options, source, parameters, options.Batch, target);
        return MemoryPlan.Of(step, options.Optimizer, TrainingRun.LoaderOptions(source, step, options.Batch, options.Seed, options.Augmentation), isCuda);
    }

    private static ClassificationStep Step(
        ClassifierTrainingOptions options, ModelSource source, ParameterStore parameters, int batch, ComputeTarget target) =>
        new(Regularized(source.Model, options), parameters, new ClassificationOptions
        {
            BatchSize = batch, LabelSmoothing = options.LabelSmoothing, HeadDropout = options.HeadDropout, AugMixViews = options.AugMixViews,
            ConsistencyWeight = options.ConsistencyWeight, Seed = options.Seed, Frozen = FrozenPart(options, source.Model),
        }, target);

    /// <summary>The training alone, for workflows that measure by themselves.</summary>
    internal static TrainingCost Train(
        ClassifierTrainingOptions options, RunContext context, ModelSource source, LabeledData data, RunDirectory directory)
    {
        if (options.Part == TrainedPart.Prompt)
            source = source.WithPrompt(options.PromptWidth ?? PromptedModel.StandardWidth(source.Model));
        using var parameters = source.LoadClassifier(spec => IsTrained(options, source.Model, spec), options.Seed, context.Target);
        using var step = Step(options, source, parameters, Math.Min(options.Batch, data.Train.Length), context.Target);
        using var validation = new Validation(data, options.Seed, isRobust: options.AugMixViews > 0, () => new ClassifierPredictor(
            options.ResultName, source.Model, parameters, source.Normalization, Benchmark.BatchFor(data.HeldOut.Length), context.Target));
        var cost = new TrainingRun
        {
            Context = context, Directory = directory, Data = data, Source = source, Step = step, Seed = options.Seed, Resume = options.Resume,
            Batch = Math.Min(options.Batch, data.Train.Length), Phase = options.ResultName, Augmentation = options.Augmentation,
            Trainer = new TrainerOptions
            {
                Epochs = options.Epochs, Optimizer = options.Optimizer, Schedule = options.Schedule, WarmupFraction = options.Warmup, Record = options.Record,
            },
            Choices = string.Create(
                CultureInfo.InvariantCulture,
                $"part {options.Part} {options.TailBlocks} {options.Tuned}; views {options.AugMixViews}; consistency {options.ConsistencyWeight}; smoothing {options.LabelSmoothing}; "
                + $"dropout {options.HeadDropout} {options.Dropout} {options.StochasticDepth}"),
            Bank = options.Bank, FrozenParts = $"{source.Model.Description}; views {options.AugMixViews}",
            SaveModel = path => source.Save(path, parameters),
            Validate = data.HeldOut.Length > 0 && options.Epochs > 1 && options.Validates ? validation.Measure : null,
        }.Execute();

        // Of the prompt's tensor only the frame moves.
        return options.Part == TrainedPart.Prompt && source.Model is PromptedModel prompted ? cost with { TrainedParameters = prompted.FrameCount } : cost;
    }

    /// <summary>The model with the random layers that training asks for; its tensors stay the same.</summary>
    private static IVisionModel Regularized(IVisionModel model, ClassifierTrainingOptions options)
    {
        if (options.Dropout == 0 && options.StochasticDepth == 0)
            return model;
        return model switch
        {
            VisionTransformer transformer => new VisionTransformer(
                transformer.Options with { Dropout = options.Dropout, StochasticDepth = options.StochasticDepth }),
            ConvNext convolutional when options.Dropout == 0 => new ConvNext(convolutional.Options with { StochasticDepth = options.StochasticDepth }),
            _ => throw new RobustifyException(
                $"--dropout and --stochastic-depth: {model.Description} found, a vision transformer expected, or a ConvNeXt with --stochastic-depth alone; leave them out"),
        };
    }

    /// <summary>What lies before the first trained tensor, where a bank makes its outputs worth keeping; null where nothing does.</summary>
    /// <exception cref="RobustifyException">A cache is wanted where nothing is frozen first.</exception>
    private static FrozenBlocks? FrozenPart(ClassifierTrainingOptions options, IVisionModel model)
    {
        if (options.Bank.Versions == 0)
            return null;
        int count = options.Part switch
        {
            TrainedPart.Linear => model.BlockCount,
            TrainedPart.Partial when options.Tuned == TunedEnd.Last => model.BlockCount - (options.TailBlocks ?? model.DefaultTailBlocks),
            _ => 0,
        };
        if (count == 0 && options.Bank.IsCached)
            throw new RobustifyException("--augment-bank: nothing before the trained part is frozen, so nothing can be stored; use --method linear, --method partial --tuned last, or --trunk-cache none");
        return count == 0 ? null : new FrozenBlocks(count, options.Bank.Stored);
    }

    private static bool IsTrained(ClassifierTrainingOptions options, IVisionModel model, ParameterSpec spec)
    {
        if (options.Part == TrainedPart.Prompt)
            return spec.Name == PromptedModel.TensorName;
        if (options.Part == TrainedPart.Full || spec.Name.StartsWith(model.HeadName + ".", StringComparison.Ordinal))
            return true;
        return options.Part == TrainedPart.Partial
            && ThreeHeadedStudent.IsTuned(model, spec.Name, options.TailBlocks ?? model.DefaultTailBlocks, options.Tuned);
    }
}
