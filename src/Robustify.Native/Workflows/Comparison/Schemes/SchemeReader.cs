using Robustify.Kernels.Backends;
using Robustify.Native.Evaluation;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison.Schemes;

/// <summary>Reads one scheme of a recipe. Options bear the names of the verbs' own, with underscores, and have the verbs' defaults.</summary>
internal static class SchemeReader
{
    /// <summary>The kinds in the order docs/compare.md tells them.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
        ["original", "model", "teacher", "full", "partial", "linear", "lp-ft", "wise", "prompt", "distill", "plain-distill"];

    /// <summary>Reads a scheme.</summary>
    /// <param name="json">Its object.</param>
    /// <param name="recipe">What the recipe says of all schemes.</param>
    /// <param name="earlier">The schemes before it, which alone it may name.</param>
    public static Scheme Read(RecipeObject json, ComparisonRecipe recipe, IReadOnlyList<Scheme> earlier)
    {
        string kind = json.Text("scheme", null);
        string name = json.Text("name", kind.Replace('-', '_'));
        if (name.Any(c => !(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '=' or '+')) || name[0] == '.')
            throw json.Refuse($"{json.Path}.name", $"'{Files.OneLine.Of(name)}' found, letters, digits and - _ . = + expected, as it names a folder");
        Scheme scheme = kind switch
        {
            "original" => new GivenScheme { Name = name, Kind = kind, Options = json.Resolved, Model = recipe.Large },
            "model" => new GivenScheme { Name = name, Kind = kind, Options = json.Resolved, Model = json.Text("model", null) },
            "teacher" => Tuning(json, name, kind, ClassifierTrainingOptions.Teach(json.Text("model", recipe.Small), "")),
            "full" => Tuning(json, name, kind, ClassifierTrainingOptions.Finetune(recipe.Large, "")),
            "partial" => Tuning(json, name, kind, ClassifierTrainingOptions.Finetune(recipe.Large, "") with { Part = TrainedPart.Partial }),
            "linear" => Tuning(json, name, kind, ClassifierTrainingOptions.Finetune(recipe.Large, "") with { Part = TrainedPart.Linear }),
            "prompt" => Tuning(json, name, kind, ClassifierTrainingOptions.Prompt(recipe.Large, "")),
            "lp-ft" => new ProbeThenTuneScheme
            {
                Name = name, Kind = kind, Options = json.Resolved, Training = ProbeThenTune(json, ProbeThenTuneOptions.Standard(recipe.Large, "")),
            },
            "wise" => Interpolation(json, name, kind, recipe, earlier),
            "distill" => Distillation(json, name, kind, new DistillationOptions { BatchSize = 64 }, earlier),
            "plain-distill" => Distillation(json, name, kind, new DistillationOptions { BatchSize = 64, Heads = 1, Weighting = ConfidenceWeighting.None }, earlier),
            _ => throw json.Refuse($"{json.Path}.scheme", $"'{Files.OneLine.Of(kind)}' found, one of {string.Join(", ", Kinds)} expected"),
        };
        json.RequireNothingElse();
        return scheme;
    }

    private static TuningScheme Tuning(RecipeObject json, string name, string kind, ClassifierTrainingOptions standard) => new()
    {
        Name = name, Kind = kind, Options = json.Resolved, Training = Classifier(json, standard with { ResultName = name }),
    };

    private static ProbeThenTuneOptions ProbeThenTune(RecipeObject json, ProbeThenTuneOptions standard)
    {
        var tuning = Classifier(json, standard.Tuning);
        var probe = tuning with
        {
            Part = TrainedPart.Linear, Epochs = json.Whole("probe_epochs", standard.Probe.Epochs, 1, 100_000), AugMixViews = standard.Probe.AugMixViews,
            Optimizer = tuning.Optimizer with { Rate = json.Number("probe_rate", standard.Probe.Optimizer.Rate, 0, 1000) },
        };
        return standard with { Probe = probe, Tuning = tuning };
    }

    private static InterpolationScheme Interpolation(RecipeObject json, string name, string kind, ComparisonRecipe recipe, IReadOnlyList<Scheme> earlier) => new()
    {
        Name = name, Kind = kind, From = Earlier(json, "from", "full", earlier), Alpha = json.Number("alpha", 0.5, 0, 1),
        Alphas = json.List("alphas", WeightInterpolation.StandardAlphas, (value, place) => json.NumberOf(value, place, 0, 1)), Original = recipe.Large,
        CleanMargin = json.Number("clean_margin", 0.002, 0, 1), CleanConfidence = json.Number("clean_confidence", 1, 0, 10),
        Options = json.Resolved,
    };

    private static DistillationScheme Distillation(RecipeObject json, string name, string kind, DistillationOptions method, IReadOnlyList<Scheme> earlier)
    {
        var standard = new DistillationRunOptions { Student = "", Teacher = "", Out = "", Method = method };
        return new()
        {
            Name = name, Kind = kind, Teacher = Earlier(json, "teacher", "teacher", earlier), Options = json.Resolved,
            Training = standard with
            {
                Epochs = json.Whole("epochs", standard.Epochs, 1, 100_000), Limit = json.OptionalWhole("images", 1), ResultName = name,
                CleanMargin = json.Number("clean_margin", standard.CleanMargin, 0, 1),
                CleanConfidence = json.Number("clean_confidence", standard.CleanConfidence, 0, 10),
                Augmentation = AugmentationReader.Read(json, standard.Augmentation),
                Optimizer = Optimizer(json, standard.Optimizer), Schedule = json.Choice("schedule", standard.Schedule),
                Warmup = json.Number("warmup", standard.Warmup, 0, 1, highOpen: true), Method = Method(json, method),
            },
        };
    }

    private static DistillationOptions Method(RecipeObject json, DistillationOptions standard)
    {
        var method = Choices(json, standard);
        return method is { Heads: 1, Tail: TailKind.Split }
            ? throw json.Refuse($"{json.Path}.heads", "1 found with a split tail; with one head there is no clean head to keep apart: use \"tail\": \"shared\"")
            : method;
    }

    private static DistillationOptions Choices(RecipeObject json, DistillationOptions standard) => standard with
    {
        BatchSize = json.Whole("batch", standard.BatchSize, 1, 65536), TailBlocks = json.OptionalWhole("tail_blocks", 0),
        Tuned = json.Choice("tuned", standard.Tuned), Heads = json.Whole("heads", standard.Heads, 1, ThreeHeadedStudent.AllHeads),
        Tail = json.Choice("tail", standard.Tail), Weighting = json.Choice("weighting", standard.Weighting),
        Uncertainty = json.Choice("uncertainty", standard.Uncertainty), Target = json.Choice("target", standard.Target),
        Temperature = json.Single("temperature", standard.Temperature, 0.1, 1000), Lambda = json.Single("lambda", standard.Lambda, 0, 1000),
        LabelSmoothing = json.Single("label_smoothing", standard.LabelSmoothing, 0, 1, highOpen: true),
        DropoutProbability = json.Single("dropout", standard.DropoutProbability, 0, 1, lowOpen: true, highOpen: true),
        DropoutPasses = json.Whole("dropout_passes", standard.DropoutPasses, 2, 100),
    };

    private static ClassifierTrainingOptions Classifier(RecipeObject json, ClassifierTrainingOptions standard)
    {
        var options = standard with
        {
            Epochs = json.Whole("epochs", standard.Epochs, 1, 100_000), Batch = json.Whole("batch", standard.Batch, 1, 65536), Limit = json.OptionalWhole("images", 1),
            AugMixViews = json.Whole("augmix_views", standard.AugMixViews, 0, 2), Augmentation = AugmentationReader.Read(json, standard.Augmentation),
            ConsistencyWeight = json.Single("consistency_weight", standard.ConsistencyWeight, 0, 1000),
            LabelSmoothing = json.Single("label_smoothing", standard.LabelSmoothing, 0, 1, highOpen: true),
            HeadDropout = json.Single("head_dropout", standard.HeadDropout, 0, 1, highOpen: true),
            Optimizer = Optimizer(json, standard.Optimizer), Schedule = json.Choice("schedule", standard.Schedule),
            Warmup = json.Number("warmup", standard.Warmup, 0, 1, highOpen: true),
        };
        return standard.Part switch
        {
            TrainedPart.Partial => options with { TailBlocks = json.OptionalWhole("tail_blocks", 0), Tuned = json.Choice("tuned", standard.Tuned) },
            TrainedPart.Prompt => options with { PromptWidth = json.OptionalWhole("prompt_width", 1) },
            _ => options,
        };
    }

    private static OptimizerOptions Optimizer(RecipeObject json, OptimizerOptions standard) => standard with
    {
        Kind = json.Choice("optimizer", standard.Kind), Rate = json.Number("rate", standard.Rate, 0, 1000),
        WeightDecay = json.Number("weight_decay", standard.WeightDecay, 0, 1000), Momentum = json.Number("momentum", standard.Momentum, 0, 1, highOpen: true),
        Nesterov = json.Flag("nesterov", standard.Nesterov), Beta1 = json.Number("beta1", standard.Beta1, 0, 1, highOpen: true),
        Beta2 = json.Number("beta2", standard.Beta2, 0, 1, highOpen: true), MaximumGradientNorm = json.Number("clip", standard.MaximumGradientNorm, 0, 1e9),
    };

    /// <summary>The scheme a property names, or the first of a kind where it is left out.</summary>
    private static string Earlier(RecipeObject json, string property, string kind, IReadOnlyList<Scheme> earlier)
    {
        string? standard = earlier.FirstOrDefault(s => s.Kind == kind)?.Name;
        if (standard is null && !json.Has(property))
            throw json.Refuse($"{json.Path}.{property}", $"nothing found, the name of an earlier scheme expected, as there is none of kind {kind} before");
        string name = json.Text(property, standard);
        return earlier.Any(s => s.Name == name)
            ? name
            : throw json.Refuse($"{json.Path}.{property}", $"'{Files.OneLine.Of(name)}' found, the name of an earlier scheme expected: {string.Join(", ", earlier.Select(s => s.Name))}");
    }
}
