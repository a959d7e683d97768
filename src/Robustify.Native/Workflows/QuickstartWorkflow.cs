using System.Text.Json;
using Robustify.Native.Evaluation;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;

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
    /// <summary>Runs every phase in a directory of its own under the run's and writes results.json and report.md.</summary>
    public static QuickstartResult Run(QuickstartOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        string model = options.Model ?? BundledModel.Find();
        var source = ModelSource.Resolve(model);
        var amounts = options.Amounts;
        var data = LabeledData.Open(options.Data, options.Seed, amounts.Images, amounts.TestImages, amounts.HeldOut);
        data.RequireClasses(source.Model, model);
        var directory = RunDirectory.Open(options.Out, describe);
        return directory.Guard(() =>
        {
            var ledger = new Ledger();
            var teacher = directory.Part("teacher");
            ledger["teacher"] = teacher.Guard(() => ClassifierTraining.Train(
                ClassifierTrainingOptions.Teach("resnet_fashion", teacher.Root) with { Seed = options.Seed, Epochs = amounts.TeacherEpochs },
                context, ModelSource.Resolve("resnet_fashion"), data, teacher));

            // Two passes over three quarters of the images: well below what tuning everything takes.
            var fewer = LabeledData.Open(options.Data, options.Seed, amounts.Images * 3 / 4, amounts.TestImages, amounts.HeldOut);
            var robust = directory.Part("robust");
            ledger["robust"] = robust.Guard(() => DistillationWorkflow.Train(
                Distillation(model, teacher.Root, robust.Root, options.Seed),
                context, source, fewer, robust));

            var full = directory.Part("full_finetune");
            ledger["full_finetune"] = full.Guard(() => ClassifierTraining.Train(
                ClassifierTrainingOptions.Finetune(model, full.Root) with { Seed = options.Seed }, context, source, data, full));

            var results = Measure(options, context, data, [("original", model), ("teacher", teacher.Root), ("robust", robust.Root), ("full_finetune", full.Root)]);
            ledger["original"] = default;
            directory.WriteJson("results.json", json => ResultsFile.Write(json, results, ledger));
            using var shapes = source.LoadClassifier(_ => false, options.Seed);
            var result = new QuickstartResult(results, ledger, shapes.TotalCount);
            directory.WriteText("report.md", QuickstartReport.Markdown(result));
            return result;
        });
    }

    /// <summary>
    /// The method as a run of minutes allows it. The teacher, trained for seconds, knows less than the student: it has little weight. Small
    /// batches make many steps of few images. The bundled model has seen the held-out images in pretraining and is too good on them, so a
    /// margin of two points there is less on images it has not seen.
    /// </summary>
    private static DistillationRunOptions Distillation(string student, string teacher, string output, ulong seed)
    {
        var standard = new DistillationRunOptions { Student = student, Teacher = teacher, Out = output, Seed = seed, CleanMargin = 0.02 };
        return standard with
        {
            Epochs = 2, Optimizer = standard.Optimizer with { Rate = 6e-4 },
            Method = standard.Method with { BatchSize = 16, Lambda = 0.05f, Tail = TailKind.Split },
        };
    }

    private static IReadOnlyList<ModelResult> Measure(
        QuickstartOptions options, RunContext context, LabeledData data, IReadOnlyList<(string Name, string Model)> models)
    {
        var loaded = new List<LoadedModel>();
        try
        {
            foreach (var (name, model) in models)
                loaded.Add(LoadedModel.Open(name, model, context.Target));
            var measured = new BenchmarkOptions { Seed = options.Seed, CorruptedImages = options.Amounts.CorruptedImages };
            return Benchmark.Run([.. loaded.Select(m => m.Predictor)], data.TestSource, data.Test, measured, context);
        }
        finally
        {
            foreach (var model in loaded)
                model.Dispose();
        }
    }
}
