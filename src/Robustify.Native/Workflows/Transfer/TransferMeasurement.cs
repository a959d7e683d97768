using System.Globalization;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Transfer;
using Robustify.Native.Data.Sources;
using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Transfer;

/// <summary>One model on one data set by every method asked for.</summary>
internal sealed class TransferMeasurement(
    TransferOptions options, RunContext context, RunDirectory directory, FeatureCache cache, TransferRecord record)
{
    /// <summary>Measures and records.</summary>
    public void Measure(string name, string path, FeatureExtractor model, TransferTask task)
    {
        if (options.Methods.Any(m => m != TransferMethod.Finetune))
            MeasureFeatures(name, model, task);
        if (options.Methods.Contains(TransferMethod.Finetune))
            Finetune(name, path, model, task);
    }

    private void MeasureFeatures(string name, FeatureExtractor model, TransferTask task)
    {
        using var train = new FeatureTable(task.Data.Train.Length, model.Width, model.Kinds.Count);
        using var test = new FeatureTable(task.Data.Test.Length, model.Width, model.Kinds.Count);
        Fill(name, model, task, train, task.TrainIdentity, task.Data.TrainSource, task.Data.Train);
        Fill(name, model, task, test, task.TestIdentity, task.Data.TestSource, task.Data.Test);
        for (int kind = 0; kind < model.Kinds.Count; kind++)
        {
            string features = model.Kinds[kind], shown = kind == 0 ? name : $"{name}, {features}";
            var data = new LabeledFeatures(train.Kind(kind), task.TrainLabels, test.Kind(kind), task.TestLabels, task.Classes);
            if (options.Methods.Contains(TransferMethod.Linear))
                Probe(shown, features, data, task);
            if (options.Methods.Contains(TransferMethod.Knn))
                FindNeighbors(shown, features, data, task);
        }
    }

    private void Fill(
        string name, FeatureExtractor model, TransferTask task, FeatureTable table, string identity, IImageSource source, int[] indices) =>
        cache.Fill(model.Key(identity, context.Backend), table, t =>
        {
            context.Progress.Begin($"{name}, {task.Name}: features", indices.Length, "images");
            model.Extract(source, indices, t, context);
            context.Progress.End();
        });

    private void Probe(string shown, string features, LabeledFeatures data, TransferTask task)
    {
        double[] penalties = [.. options.Penalties.Distinct()];
        int done = 0;
        context.Progress.Begin($"{shown}, {task.Name}: linear probe", penalties.Length == 1 ? 1 : penalties.Length + 1, "fits");
        var outcome = LinearProbe.Run(
            data, task.Fit, task.HeldOut, penalties, options.Solver, options.Seed, context.Threads,
            () => context.Progress.Report(++done, double.NaN), context.Cancellation);
        context.Progress.End();
        if (!outcome.HasConverged)
        {
            record.Warnings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{task.Name}, {shown}: the linear probe stopped at a slope of {outcome.LargestSlope:G3}; leave out the smallest penalties"));
            context.Message("warning: " + record.Warnings[^1]);
        }

        record.Sweeps.Add((task.Name, shown, outcome.Sweep));
        Record("linear", shown, features, outcome.Answers, task, string.Create(CultureInfo.InvariantCulture, $"penalty {outcome.Penalty:G6}"));
    }

    private void FindNeighbors(string shown, string features, LabeledFeatures data, TransferTask task)
    {
        int[] counts = [.. options.Neighbors.Select(k => Math.Min(k, data.Train.Count)).Distinct()];
        foreach (var outcome in NearestNeighbors.Run(data, counts, options.Temperature, context.Backend, context.Threads, context.Cancellation))
        {
            string setting = string.Create(CultureInfo.InvariantCulture, $"{outcome.Count} neighbours, temperature {options.Temperature:G6}");
            Record(string.Create(CultureInfo.InvariantCulture, $"knn@{outcome.Count}"), shown, features, outcome.Weighted, task, setting);
            setting = string.Create(CultureInfo.InvariantCulture, $"{outcome.Count} neighbours, a vote each");
            Record(string.Create(CultureInfo.InvariantCulture, $"knn-plain@{outcome.Count}"), shown, features, outcome.Plain, task, setting);
        }
    }

    private void Record(string method, string shown, string features, int[] answers, TransferTask task, string setting)
    {
        float[] correct = new float[answers.Length];
        for (int i = 0; i < correct.Length; i++)
            correct[i] = answers[i] == task.TestLabels[i] ? 1 : 0;
        Record(method, shown, features, correct, task, setting);
    }

    private void Record(string method, string shown, string features, float[] correct, TransferTask task, string setting)
    {
        record.Add(task.Name, method, shown, features, correct, setting);
        context.Message(string.Create(
            CultureInfo.InvariantCulture, $"{task.Name}, {method}, {shown}: top-1 {correct.Average():F4} on {correct.Length} test images"));
    }

    /// <summary>Trains a copy with a fresh classifier; what it then answers is kept beside the features.</summary>
    private void Finetune(string name, string path, FeatureExtractor model, TransferTask task)
    {
        var training = ClassifierTrainingOptions.Finetune(path, "") with
        {
            ResultName = "finetune", AugMixViews = 0, Seed = options.Seed, Epochs = options.Epochs, Batch = options.Batch,
        };
        training = training with { Optimizer = training.Optimizer with { Rate = options.Rate } };
        training.Validate();
        string setting = string.Create(
            CultureInfo.InvariantCulture,
            $"{training.Epochs} epochs, batch {training.Batch}, {training.Optimizer.Kind} at {training.Optimizer.Rate:G6}, {training.Schedule}, crops and flips as in pretrain");
        string key = $"fine-tuned, seed {options.Seed}, {setting}\ntrained on: {task.TrainIdentity}\n{model.Key(task.TestIdentity, context.Backend)}";
        using var correct = new FeatureTable(task.Data.Test.Length, 1, 1);
        cache.Fill(key, correct, table =>
        {
            var run = directory.Part(Path.Combine("finetune", Safe(task.Name), Safe(name)));
            run.Guard(() =>
            {
                var source = ModelSource.Resolve(path, options.Overrides with { Classes = task.Classes });
                var cost = ClassifierTraining.Train(training, context, source, task.Data, run);
                using var tuned = LoadedModel.Open(name, run.Root, context.Target);
                Answer(tuned.Predictor, model, task, table);
                return cost;
            });
        });
        float[] answers = new float[correct.Rows];
        for (int i = 0; i < answers.Length; i++)
            answers[i] = correct.Row(i)[0];
        Record("finetune", name, model.Kinds[0], answers, task, setting);
    }

    private void Answer(IPredictor predictor, FeatureExtractor model, TransferTask task, FeatureTable correct)
    {
        int size = predictor.BatchSize, classes = predictor.Model.Classes;
        using var batch = new ImageBatch(predictor.Model, size, context, model.Geometry);
        for (int first = 0; first < correct.Rows; first += size)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            batch.Read(task.Data.TestSource, task.Data.Test.AsSpan(first, Math.Min(size, correct.Rows - first)));
            batch.ShowClean();
            batch.Normalize(predictor.Normalization, predictor);
            predictor.Predict(context.Backend, batch.SampleIds);
            for (int row = 0; row < batch.Count; row++)
            {
                var probabilities = predictor.Probabilities.Slice(row * classes, classes);
                correct.Row(first + row)[0] = MostProbable(probabilities) == task.TestLabels[first + row] ? 1 : 0;
            }
        }
    }

    private static int MostProbable(ReadOnlySpan<float> probabilities)
    {
        int best = 0;
        for (int c = 1; c < probabilities.Length; c++)
        {
            if (probabilities[c] > probabilities[best])
                best = c;
        }

        return best;
    }

    // Names come from the user and become folders.
    private static string Safe(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'));
}
