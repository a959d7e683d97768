using System.CommandLine;
using System.Text.Json;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>What the method is compared with: a pretrained model tuned under AugMix, wholly or in part, and what can be made of that.</summary>
internal static class FinetuneVerb
{
    private const string TunedModel = "--tuned-model";

    private static readonly InterpolationOptions Interpolation = new() { Original = "", Tuned = "", Out = "" };

    private enum Method
    {
        Full,
        Partial,
        Linear,
        LpFt,
        Wise,
        Prompt,
    }

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("finetune", seed: 0);
        var standard = ClassifierTrainingOptions.Finetune("", "");
        var probe = ProbeThenTuneOptions.Standard("", "").Probe;
        var settings = new ClassifierSettings(run, standard, "the bundled model", BundledModel.Find);
        var method = new ChoiceOption<Method>(
            "--method",
            "every tensor; the blocks a student tunes, with one head; the head alone; the head, then every tensor (rate 1e-4 unless given); the line to a "
            + "tuned model; or a visual prompt (rate 0.02, no decay, one mixture unless given)",
            Method.Full);
        var tailBlocks = new OptionalNumberOption<int>(
            "--tail-blocks", "blocks that partial tunes", new(0, null), "a sixth of a transformer's blocks, at most the last two of a ResNet's");
        var tuned = new ChoiceOption<TunedEnd>("--tuned", "which blocks partial tunes: the stem and the first, or the last and the final norm", standard.Tuned);
        var probeEpochs = new NumberOption<int>("--probe-epochs", "passes of lp-ft's first phase, the head alone on clean images", new(1, 100_000), probe.Epochs);
        var probeRate = new NumberOption<double>("--probe-rate", "highest learning rate of that phase", new(0, 1000), probe.Optimizer.Rate);
        var promptWidth = new OptionalNumberOption<int>("--prompt-width", "pixels of the prompt's frame", new(1, null), "30 of 224 of the image's side");
        var tunedModel = new TextOption(TunedModel, "MODEL", "where wise goes to: file or run directory of the same model tuned", "none", () => "");
        var alpha = new NumberOption<double>("--alpha", "wise's place on the line, 0 the model itself, 1 the tuned one", new(0, 1), Interpolation.Alpha);
        var command = new Command("finetune", "Tune a pretrained model under AugMix, wholly or in part, to compare the method with.");
        var bank = new BankSettings();
        settings.AddTo(command);
        bank.AddTo(command, run);
        run.Add(command, method, tailBlocks, tuned, probeEpochs, probeRate, promptWidth, tunedModel, alpha);
        command.SetAction(parse =>
        {
            var chosen = method.Of(parse);
            if (chosen is Method.LpFt or Method.Wise && bank.Bind(parse).Versions > 0)
                throw new RobustifyException("--augment-bank: given with --method lp-ft or wise, which have no use for it; use full, partial or linear");

            // Rates and views that suit all tensors suit neither a prompt nor the second phase of lp-ft; what was given stands.
            var options = settings.Bind(parse, chosen switch
            {
                Method.Prompt => ClassifierTrainingOptions.Prompt("", ""),
                Method.LpFt => ProbeThenTuneOptions.Standard("", "").Tuning,
                _ => standard,
            }) with
            {
                TailBlocks = tailBlocks.Of(parse), Tuned = tuned.Of(parse), PromptWidth = promptWidth.Of(parse),
            };
            if (settings.WantsPlan(parse))
                return MemoryReport.Write(invocation, run, parse, ClassifierTraining.Plan(options with { Part = Part(chosen) }, run.Precision.Of(parse), run.ComputesOnCuda(parse)));
            using var session = new Session(invocation, parse, run);
            void Describe(Utf8JsonWriter json)
            {
                session.Describe(json);
                json.WriteStartObject("defaults_of_method");
                json.WriteNumber("rate", options.Optimizer.Rate);
                json.WriteNumber("weight-decay", options.Optimizer.WeightDecay);
                json.WriteNumber("augmix-views", options.AugMixViews);
                json.WriteEndObject();
            }

            switch (chosen)
            {
                case Method.Wise:
                    InterpolationWorkflow.Run(
                        Interpolation with
                        {
                            Original = options.Model, Tuned = tunedModel.Of(parse) is { Length: > 0 } model ? model : throw new RobustifyException(
                                $"{TunedModel}: nothing found, a file or run directory of the same model tuned expected with --method wise"),
                            Alpha = alpha.Of(parse), Data = options.Data, Out = options.Out, Seed = options.Seed, TestLimit = options.TestLimit,
                            HeldOut = options.HeldOut > 0 ? options.HeldOut : Interpolation.HeldOut,
                        },
                        session.Context, Describe);
                    break;
                case Method.LpFt:
                    ProbeThenTune.Run(
                        new(options with
                        {
                            Part = TrainedPart.Linear, AugMixViews = probe.AugMixViews, Epochs = probeEpochs.Of(parse),
                            Optimizer = options.Optimizer with { Rate = probeRate.Of(parse) },
                        }, options),
                        session.Context, Describe);
                    break;
                default:
                    var part = Part(chosen);
                    ClassifierTraining.Run(
                        options with { Part = part, ResultName = NameOf(part, standard.ResultName), Bank = bank.Bind(parse) }, session.Context, Describe);
                    break;
            }

            return session.Finish();
        });
        return command;
    }

    private static TrainedPart Part(Method method) => method switch
    {
        Method.Partial => TrainedPart.Partial,
        Method.Linear => TrainedPart.Linear,
        Method.Prompt => TrainedPart.Prompt,
        _ => TrainedPart.Full,
    };

    // Results of different methods must not bear one name when they are laid side by side.
    private static string NameOf(TrainedPart part, string full) => part switch
    {
        TrainedPart.Partial => "partial_finetune",
        TrainedPart.Linear => "linear_finetune",
        TrainedPart.Prompt => "prompt",
        _ => full,
    };
}
