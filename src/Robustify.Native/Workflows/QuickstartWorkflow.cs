using System.Text.Json;
using Robustify.Native.Augment;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Evaluation.Report;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;

namespace Robustify.Native.Workflows;

/// <summary>What a quickstart measured.</summary>
/// <param name="Models">original, teacher, robust, full_finetune.</param>
/// <param name="Ledger">What each cost.</param>
/// <param name="TotalParameters">Numbers in the large model.</param>
public sealed record QuickstartResult(IReadOnlyList<ModelResult> Models, Ledger Ledger, long TotalParameters);

/// <summary>
/// The verb quickstart, the whole method in one go: a small teacher made robust, the large pretrained model distilled from it, the same
/// model tuned whole for comparison, and all of them measured.
/// </summary>
public static class QuickstartWorkflow
{
    // AugMix's operations leave a black background black, so on pictures of things before black they do not teach what brightness and
    // contrast change; PixMix's sums do.
    private static readonly AugmentationOptions Augmentation = new() { Kind = MixtureKind.Pixmix };

    private static readonly string[] Phases = ["teacher", "robust", "full_finetune"];

    /// <summary>Runs every phase in a directory of its own under the run's and writes results.json and report.md.</summary>
    public static QuickstartResult Run(QuickstartOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        string model = options.Model ?? BundledModel.Find();
        var source = ModelSource.Resolve(model).RequireFinite();
        var amounts = options.Amounts;
        var data = LabeledData.Open(options.Data, options.Seed, amounts.Images, amounts.TestImages, amounts.HeldOut);
        data.RequireClasses(source.Model, model);
        options.Record.Validate();
        // All of them before the first begins: a kill must not leave a phase of an earlier run to be resumed.
        foreach (string phase in options.Resume ? [] : Phases)
            RunDirectory.Forget(Path.Combine(options.Out, phase));
        var directory = RunDirectory.OpenTraining(options.Out, describe, options.Resume);
        var measured = directory.Guard(() =>
        {
            var ledger = new Ledger();
            var teacher = directory.TrainingPart("teacher", options.Resume);
            ledger["teacher"] = teacher.Guard(() => ClassifierTraining.Train(
                ClassifierTrainingOptions.Teach("resnet_fashion", teacher.Root) with
                {
                    Seed = options.Seed, Epochs = amounts.TeacherEpochs, Augmentation = Augmentation, Validates = false, Resume = options.Resume,
                    Record = options.Record,
                },
                context, ModelSource.Resolve("resnet_fashion"), data, teacher));

            // Two passes over three quarters of the images: below what tuning everything takes.
            var fewer = LabeledData.Open(options.Data, options.Seed, amounts.Images * 3 / 4, amounts.TestImages, amounts.HeldOut);
            var robust = directory.TrainingPart("robust", options.Resume);
            ledger["robust"] = robust.Guard(() => DistillationWorkflow.Train(
                Distillation(model, teacher.Root, robust.Root, options.Seed) with { Resume = options.Resume, Record = options.Record },
                context, source, fewer, robust));

            var full = directory.TrainingPart("full_finetune", options.Resume);
            ledger["full_finetune"] = full.Guard(() => ClassifierTraining.Train(
                ClassifierTrainingOptions.Finetune(model, full.Root) with
                {
                    Seed = options.Seed, Augmentation = Augmentation, Resume = options.Resume, Record = options.Record,
                },
                context, source, data, full));

            ledger["original"] = default;
            var results = Measure(
                options, context, data, [("original", model), ("teacher", teacher.Root), ("robust", robust.Root), ("full_finetune", full.Root)], ledger, directory);
            using var shapes = source.LoadClassifier(_ => false, options.Seed);
            var result = new QuickstartResult(results, ledger, shapes.TotalCount);
            directory.WriteText("report.md", QuickstartReport.Markdown(result));
            return result;
        });
        HtmlReport.Write(directory.Root);
        return measured;
    }

    /// <summary>
    /// The method as a run of minutes allows it: small batches make many steps of few images; with a split tail the clean head gives the
    /// original's answers; and the teacher, trained for seconds, knows less than the student, so it has little weight. The held-out
    /// images were seen in pretraining, where the original is better than anywhere else: the clean margin needs no standard error beside it.
    /// </summary>
    private static DistillationRunOptions Distillation(string student, string teacher, string output, ulong seed)
    {
        var standard = new DistillationRunOptions { Student = student, Teacher = teacher, Out = output, Seed = seed, Augmentation = Augmentation };
        return standard with
        {
            CleanConfidence = 0, Epochs = 2, Validates = false, Optimizer = standard.Optimizer with { Rate = 6e-4 },
            Method = standard.Method with { BatchSize = 16, Lambda = 0.05f, Tail = TailKind.Split },
        };
    }

    private static ModelResult[] Measure(
        QuickstartOptions options, RunContext context, LabeledData data, IReadOnlyList<(string Name, string Model)> models, Ledger ledger,
        RunDirectory directory)
    {
        // Each corruption and severity is batches of its own: a few images of each must not cost a whole batch.
        int corrupted = options.Amounts.CorruptedImages, batchSize = corrupted == 0 ? Benchmark.BatchSize : Math.Min(corrupted, Benchmark.BatchSize);
        var loaded = new List<LoadedModel>();
        try
        {
            foreach (var (name, model) in models)
                loaded.Add(LoadedModel.Open(name, model, context.Target, batchSize));
            var measured = new BenchmarkOptions { Seed = options.Seed, CorruptedImages = corrupted };
            IPredictor[] predictors = [.. loaded.Select(m => m.Predictor)];
            string[] names = [.. models.Select(m => m.Name)];
            var plan = BenchmarkPlanner.OnTheFly(measured, predictors[0].Model, data);
            var passes = plan.Passes.ConvertAll(p => new MeasuredPass(p, [.. predictors.Select(_ => new MemoryAnswerTable(p.Rows.Count, p.Indices.Length))]));
            Benchmark.Measure(predictors, passes, context);
            var results = ResultReader.Read(names, predictors, passes);
            RunFiles.Write(directory, new RunResults
            {
                Models = results, Ledger = ledger, Protocol = plan.Protocol, Suites = plan.Descriptions(passes),
                Comparisons = ComparisonReader.Read(names, passes, options.Seed), Warnings = plan.Warnings, Caveats = plan.Caveats,
            });
            BenchmarkSamples.Write(directory, context, predictors, passes);
            return results;
        }
        finally
        {
            foreach (var model in loaded)
                model.Dispose();
        }
    }
}
