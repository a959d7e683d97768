using System.Globalization;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Augment;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>Options of the verb distill.</summary>
public sealed record DistillationRunOptions
{
    /// <summary>The pretrained large model: file or run directory.</summary>
    public required string Student { get; init; }

    /// <summary>The small robust model: file or run directory.</summary>
    public required string Teacher { get; init; }

    /// <summary>What of the student's checkpoint is taken otherwise.</summary>
    public ModelOverrides Overrides { get; init; } = new();

    /// <summary>Data directory; null for the default.</summary>
    public string? Data { get; init; }

    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>Name of the model in results.json and of the phase in progress.</summary>
    public string ResultName { get; init; } = "robust";

    /// <summary>Key of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Passes over the training set.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>At most so many training images.</summary>
    public int? Limit { get; init; }

    /// <summary>At most so many test images.</summary>
    public int? TestLimit { get; init; }

    /// <summary>Continue the run in <see cref="Out"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>What is written down on the way.</summary>
    public RecordOptions Record { get; init; } = new();

    /// <summary>Images held out of training and test to calibrate the selector on.</summary>
    public int HeldOut { get; init; } = 1000;

    /// <summary>The part of the data set they are taken from.</summary>
    public DataPart HeldOutFrom { get; init; } = DataPart.Train;

    /// <summary>A bank of augmented versions, and whether what frozen parts answer to it is stored.</summary>
    public BankOptions Bank { get; init; } = new();

    /// <summary>Whether each of several epochs is measured on the held-out images, to keep the best model too.</summary>
    public bool Validates { get; init; } = true;

    /// <summary>How much clean accuracy on the held-out images the selector may give away, as a fraction.</summary>
    public double CleanMargin { get; init; } = 0.002;

    /// <summary>How many standard errors of that loss are kept beside it, so that it holds on other images too.</summary>
    public double CleanConfidence { get; init; } = 1;

    /// <summary>Shape of the learning-rate schedule.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Part of the steps that warm up.</summary>
    public double Warmup { get; init; } = 0.05;

    /// <summary>How augmented images are made.</summary>
    public AugmentationOptions Augmentation { get; init; } = new();

    /// <summary>Optimizer and its highest rate.</summary>
    public OptimizerOptions Optimizer { get; init; } = new() { Kind = OptimizerKind.AdamW, Rate = 1e-3, WeightDecay = 0.05, MaximumGradientNorm = 1 };

    /// <summary>How the classes are put into words where the student is a CLIP model without a classifier.</summary>
    public ZeroShotOptions ZeroShot { get; init; } = new();

    /// <summary>Their names, one a line in the order of the labels; null for the data's own.</summary>
    public string? ClassesFile { get; init; }

    /// <summary>The method's choices.</summary>
    public DistillationOptions Method { get; init; } = new() { BatchSize = 64 };
}

/// <summary>The verb distill: tunes a fraction of a large model with a robust teacher, calibrates the selector, measures clean accuracy.</summary>
public static class DistillationWorkflow
{
    /// <summary>Trains, calibrates, writes the run directory, and returns what the training took.</summary>
    public static TrainingCost Run(DistillationRunOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        options.Method.Validate();
        options.Optimizer.Validate();
        var source = ModelSource.Resolve(options.Student, options.Overrides).RequireFinite();
        var data = LabeledData.Open(
            options.Data, options.Seed, options.Limit, options.TestLimit, options.HeldOut, heldOutFrom: options.HeldOutFrom);
        using var zeroShot = source is { IsPretrained: true, Model: IClipImageModel { Classes: 0 } } ? ZeroShot(options, source, data, context) : null;
        source = zeroShot?.Source ?? source;
        data.RequireClasses(source.Model, options.Student);
        RequireModels(options, source);
        options.Record.Validate();
        options.Bank.Validate();
        var directory = RunDirectory.OpenTraining(options.Out, describe, options.Resume);
        return directory.Guard(() =>
        {
            if (zeroShot is not null)
            {
                // From here on it is a classifier like any other, with all that was overridden, and what the run is compared with.
                string classifier = directory.PathOf("zeroshot.safetensors");
                zeroShot.Save(classifier);
                zeroShot.Dispose(); // Training reads the file: a second copy of a large tower is not kept beside it.
                source = ModelSource.Resolve(classifier);
                options = options with { Student = classifier, Overrides = new ModelOverrides { ImageSize = options.Overrides.ImageSize } };
            }

            var cost = Train(options, context, source, data, directory);
            using var robust = LoadedModel.Open(options.ResultName, directory.Root, context.Target, Benchmark.BatchFor(data.Test.Length));
            var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = [], Preprocessing = source.Preprocessing };
            var results = Benchmark.Run([robust.Predictor], data.TestSource, data.Test, measured, context);
            directory.WriteJson("results.json", json => ResultsFile.Write(json, results, new Ledger { [options.ResultName] = cost }));
            context.Message($"{options.ResultName}: clean top-1 {results[0].Clean.Top1:F4} on {results[0].Clean.Images} test images");
            return cost;
        });
    }

    /// <summary>The CLIP model with the zero-shot head of the data's classes, which all three heads start from.</summary>
    private static ZeroShotClassifier ZeroShot(DistillationRunOptions options, ModelSource source, LabeledData data, RunContext context)
    {
        float[] weights;
        using (var text = ZeroShotText.Open(source, options.ZeroShot))
            weights = text.HeadWeights(ClassNames.Of(options.ClassesFile, data.TestSource.ClassNames, data.Path), context);
        return ZeroShotClassifier.Create(options.Student, weights, options.Overrides);
    }

    /// <summary>
    /// The memory of the training, without taking it: no weights are opened, so presets will do for both models, and no data but to count the classes
    /// that a CLIP model without a classifier will have.
    /// </summary>
    /// <param name="options">The training.</param>
    /// <param name="precision">What it computes in.</param>
    /// <param name="isCuda">Whether it computes on CUDA.</param>
    public static MemoryPlan Plan(DistillationRunOptions options, Precision precision = Precision.Fp32, bool isCuda = false)
    {
        options.Method.Validate();
        options.Optimizer.Validate();
        var target = ComputeTarget.ForPlanning(precision);
        var source = ModelSource.Resolve(options.Student, options.Overrides);
        var teacher = ModelSource.Resolve(options.Teacher, new ModelOverrides { ImageSize = options.Overrides.ImageSize });
        if (source.Model is IClipImageModel { Classes: 0 })
        {
            int classes = DataDirectory.Open(options.Data ?? DataDirectory.Default(), DataPart.Test).ClassNames.Count;
            source = ModelSource.Resolve(options.Student, options.Overrides with { Classes = classes });
        }

        source.Model.RequireHead(options.Student);
        var student = new ThreeHeadedStudent(
            source.Model, options.Method.TailBlocks ?? source.Model.DefaultTailBlocks, options.Method.Tail, options.Method.Tuned, options.Method.Heads);
        using var parameters = new ParameterStore(student.TrainingSpecs, student.IsTrained, target);
        using var teacherParameters = new ParameterStore(teacher.Model.AllSpecs(), _ => false, target);
        using var step = new DistillationStep(student, parameters, teacher.Model, teacherParameters, options.Method, target);
        return MemoryPlan.Of(
            step, options.Optimizer, TrainingRun.LoaderOptions(source, step, options.Method.BatchSize, options.Seed, options.Augmentation), isCuda,
            ("teacher", teacherParameters));
    }

    /// <summary>Training and calibration, for workflows that measure by themselves.</summary>
    internal static TrainingCost Train(
        DistillationRunOptions options, RunContext context, ModelSource source, LabeledData data, RunDirectory directory)
    {
        // What training held is given back before calibration loads student and original.
        var cost = Tune(options, context, source, data, directory);
        if (data.HeldOut.Length > 0 && options.Method.Heads > 1)
        {
            var calibration = StudentCalibration.Write(directory.Checkpoint, options.Student, data, options.CleanMargin, options.CleanConfidence, options.Seed, context);
            context.Message($"{options.ResultName}: selector calibrated on {data.HeldOut.Length} held-out images: delta {calibration.Delta:F4}, bias {calibration.Bias:F4}");
        }

        return cost;
    }

    private static TrainingCost Tune(DistillationRunOptions options, RunContext context, ModelSource source, LabeledData data, RunDirectory directory)
    {
        var teacherSource = RequireModels(options, source);
        var method = options.Method with
        {
            Seed = options.Seed, BatchSize = Math.Min(options.Method.BatchSize, data.Train.Length), TrunkStorage = options.Bank.Versions > 0 ? options.Bank.Stored : null,
        };
        var student = new ThreeHeadedStudent(source.Model, method.TailBlocks ?? source.Model.DefaultTailBlocks, method.Tail, method.Tuned, method.Heads);
        using var parameters = student.CreateTrainingStore(source, options.Seed, context.Target);
        using var teacherParameters = teacherSource.LoadClassifier(_ => false, options.Seed, context.Target);
        using var step = new DistillationStep(student, parameters, teacherSource.Model, teacherParameters, method, context.Target);
        var inference = StudentInference.From(method);
        using var validation = new Validation(data, options.Seed, isRobust: true, () => new StudentPredictor(
            "robust", student, parameters, source.Normalization, inference, Benchmark.BatchFor(data.HeldOut.Length), context.Target));
        return new TrainingRun
        {
            Context = context, Directory = directory, Data = data, Source = source, Step = step, Seed = options.Seed, Resume = options.Resume,
            Batch = method.BatchSize, Phase = options.ResultName, Augmentation = options.Augmentation,
            Trainer = new TrainerOptions
            {
                Epochs = options.Epochs, Optimizer = options.Optimizer, Schedule = options.Schedule, WarmupFraction = options.Warmup, Record = options.Record,
            },
            Choices = string.Create(
                CultureInfo.InvariantCulture,
                $"tuned {student.Tuned} {student.TailBlocks} {student.Tail}; weighting {method.Weighting}; uncertainty {method.Uncertainty} "
                + $"{method.DropoutProbability} {method.DropoutPasses}; target {method.Target}; temperature {method.Temperature}; lambda {method.Lambda}; "
                + $"smoothing {method.LabelSmoothing}; teacher {TensorDigest.Of(teacherParameters, _ => true)[..16]}"),
            Bank = options.Bank,
            FrozenParts = $"{source.Model.Description}; {teacherSource.Model.Description}; teacher {TensorDigest.Of(teacherParameters, _ => true)}",
            SaveModel = path => Save(path, source, student, parameters, inference),
            Validate = data.HeldOut.Length > 0 && options.Epochs > 1 && options.Validates ? validation.Measure : null,
        }.Execute();
    }

    /// <summary>Refuses models that cannot be student and teacher; returns the teacher.</summary>
    private static ModelSource RequireModels(DistillationRunOptions options, ModelSource source)
    {
        if (!source.IsPretrained)
            throw new RobustifyException($"--model {options.Student}: is a preset without weights, a pretrained student expected; run pretrain first");
        if (ThreeHeadedStudent.Of(source) is not null)
            throw new RobustifyException($"--model {options.Student}: has three heads already, a plain classifier expected; distill from the original model");
        // Both see the same pixels, so a size that is asked for is the teacher's too.
        var teacher = ModelSource.Resolve(options.Teacher, new ModelOverrides { ImageSize = options.Overrides.ImageSize });
        if (!teacher.IsPretrained)
            throw new RobustifyException($"--teacher {options.Teacher}: is a preset without weights, a trained teacher expected; run teach first");
        DistillationStep.RequireSameTask(source.Model, teacher.Model);
        RequireSameStatistics(options, source.Preprocessing, teacher.Preprocessing);
        return teacher;
    }

    // A batch is normalised once for both.
    private static void RequireSameStatistics(DistillationRunOptions options, Preprocessing student, Preprocessing teacher)
    {
        if (student.Normalization.Mean.SequenceEqual(teacher.Normalization.Mean) && student.Normalization.Std.SequenceEqual(teacher.Normalization.Std))
            return;
        string wanted = $"--mean {Join(student.Normalization.Mean)} --std {Join(student.Normalization.Std)}";
        throw new RobustifyException(
            $"--teacher {options.Teacher}: takes images of mean {Join(teacher.Normalization.Mean)} and deviation {Join(teacher.Normalization.Std)}, "
            + $"those of the student expected; make the teacher with teach {wanted}");

        static string Join(IReadOnlyList<double> values) => string.Join(",", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));
    }

    // From where they are: a copy of a large model would be a second one in memory.
    private static void Save(string path, ModelSource source, ThreeHeadedStudent student, ParameterStore training, StudentInference inference) =>
        source.Save(path, training, student.Heads > 1 ? inference.Metadata(student) : null, specs: student.SavedSpecs);
}
