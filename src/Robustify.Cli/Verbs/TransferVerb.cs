using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Transfer;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Measures how well models serve on data sets they were not made for.</summary>
internal static class TransferVerb
{
    private static readonly TransferOptions Standard = new() { Models = [], Data = [], Out = "" };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("transfer", Standard.Seed);
        var models = new ListOption<NamedModel>(
            "--model", "NAME=MODEL", "checkpoint or run directory, with a name for the results if not its own; may be given several times, the first is what the others are compared with",
            "the bundled model as original", () => [new("original", BundledModel.Find())], word => [NamedModel.Parse(word)], model => $"{model.Name}={model.Path}");
        var data = new ListOption<NamedModel>(
            "--data", "NAME=DIR", "data set to transfer to: IDX files, CIFAR binary files or a folder of pictures per class, with a name for the results if not its own; may be given several times",
            "the bundled Fashion-MNIST subset", () => [NamedModel.Parse(DataDirectory.Default())], word => [NamedModel.Parse(word)], set => $"{set.Name}={set.Path}");
        var preprocessing = new PreprocessingSettings();
        var methods = new ListOption<TransferMethod>(
            "--method", "NAME,...", "linear (a probe on features), knn (nearest neighbours of features), finetune (all of the model, shortly)", "linear, knn",
            () => [.. Standard.Methods], word => [.. word.Split(',', StringSplitOptions.TrimEntries).Select(Method)], Word);
        var limit = new OptionalNumberOption<int>("--limit", "training images of a set at most, as many of each class", new(1, null), "all");
        var testLimit = new OptionalNumberOption<int>("--test-limit", "test images of a set at most, as many of each class", new(1, null), "all");
        var cache = new TextOption("--cache", "DIR", "folder of computed features, which runs may share", "features in the run directory", () => "");
        var penalties = new ListOption<double>(
            "--penalty", "N,...", "linear: weights of half the squared weights, above 0; with several the best on held-out images is taken",
            string.Join(",", Standard.Penalties.Select(Invariant)), () => [.. Standard.Penalties],
            word => [.. word.Split(',').Select(p => Number(p, new Interval<double>(0, null, LowOpen: true)))], Invariant);
        var heldOut = new NumberOption<double>(
            "--held-out", "linear: share of each class of the training images to choose the penalty on", new(0, 1, LowOpen: true, HighOpen: true), Standard.HeldOut);
        var solver = new ChoiceOption<ProbeSolver>(
            "--solver", "linear: L-BFGS to the optimum, or gradient descent on batches, 100 epochs and at least 3000 steps", Standard.Solver);
        var neighbors = new ListOption<int>(
            "--neighbors", "N,...", "knn: every k, 1..10000", string.Join(",", Standard.Neighbors), () => [.. Standard.Neighbors],
            word => [.. word.Split(',').Select(p => Number(p, new Interval<int>(1, 10_000)))], k => k.ToString(CultureInfo.InvariantCulture));
        var temperature = new NumberOption<double>("--temperature", "knn: a neighbour counts exp(similarity / N)", new(0, 1000, LowOpen: true), Standard.Temperature);
        var epochs = new NumberOption<int>("--epochs", "finetune: passes over the training images", new(1, 100_000), Standard.Epochs);
        var batch = new NumberOption<int>("--batch", "finetune: images a step", new(1, 65536), Standard.Batch);
        var rate = new NumberOption<double>("--rate", "finetune: highest learning rate, of AdamW with a cosine schedule", new(0, 100, LowOpen: true), Standard.Rate);
        var command = new Command("transfer", "Measure how well models serve on other data sets, before and after they are made robust.");
        run.Add(command, models, data, methods);
        preprocessing.AddTo(command, run);
        run.AddCommon(command, writes: true);
        run.Add(command, limit, testLimit, cache, penalties, heldOut, solver, neighbors, temperature, epochs, batch, rate);
        command.SetAction(parse =>
        {
            using var session = new Session(invocation, parse, run);
            var options = Standard with
            {
                Models = [.. models.Of(parse).Select(m => (m.Name, m.Path))], Data = [.. data.Of(parse).Select(d => (d.Name, d.Path))],
                Overrides = preprocessing.Bind(parse), Out = run.Out.Of(parse), Methods = methods.Of(parse), Seed = run.Seed.Of(parse), Limit = limit.Of(parse), TestLimit = testLimit.Of(parse),
                Cache = cache.Of(parse) is { Length: > 0 } folder ? folder : null, Penalties = penalties.Of(parse), HeldOut = heldOut.Of(parse),
                Solver = solver.Of(parse), Neighbors = neighbors.Of(parse), Temperature = temperature.Of(parse), Epochs = epochs.Of(parse),
                Batch = batch.Of(parse), Rate = rate.Of(parse),
            };
            var results = TransferWorkflow.Run(options, session.Context, session.Describe);
            return session.Finish(output =>
            {
                var (columns, rows) = results.Table();
                TextTable.Write(output, columns, rows);
            });
        });
        return command;
    }

    private static TransferMethod Method(string word) => Enum.GetValues<TransferMethod>().Where(m => Word(m) == word).ToArray() is [var method]
        ? method
        : throw new RobustifyException($"'{word}' found, one of {string.Join(", ", Enum.GetValues<TransferMethod>().Select(Word))} expected");

    private static string Word(TransferMethod method) => method.ToString().ToLowerInvariant();

    private static T Number<T>(string word, Interval<T> interval)
        where T : struct, System.Numerics.INumber<T> =>
        T.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && interval.Contains(value)
            ? value
            : throw new RobustifyException($"'{word}' found, a number {interval} expected");

    private static string Invariant(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
