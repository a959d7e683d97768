using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Cli.Verbs;

/// <summary>Says what a model is.</summary>
internal static class InspectVerb
{
    public static Command Create(Invocation invocation)
    {
        var argument = new Argument<string?>("MODEL")
        {
            Description = "preset, safetensors file or index, PyTorch state dict or TorchScript archive, or a folder that holds one; the bundled model where none is named", Arity = ArgumentArity.ZeroOrOne,
        };
        var option = new TextOption("--model", "MODEL", "the same as an option", "the bundled model", BundledModel.Find);
        var tensors = new FlagOption("--tensors", "list every tensor with its shape");
        var family = new ChoiceOption<CheckpointFamily>("--family", "whose names the tensors bear, unknown to tell it from the names", CheckpointFamily.Unknown);
        var activation = ActivationOption.Create();
        var batch = new NumberOption<int>("--batch", "images a step for the planned memory", new(1, 4096), 1);
        var preprocessing = new PreprocessingSettings();
        var plan = new FlagOption("--plan", "print by part the memory to answer --batch images and, of a plain model, to train all of it");
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("inspect", "Say what a model is: architecture, parameters, input, what its file records.")
        {
            argument, option, tensors, family, activation, batch, plan, json,
        };
        preprocessing.AddTo(command, withSize: true);
        command.SetAction(parse =>
        {
            string? named = parse.GetValue(argument);
            if (named is not null && parse.GetResult(option) is not null)
                throw new RobustifyException($"inspect: both '{named}' and --model given, one expected");
            var overrides = preprocessing.Bind(parse) with
            {
                Family = family.Of(parse) is CheckpointFamily.Unknown ? null : family.Of(parse), Activation = ActivationOption.Of(activation, parse),
            };
            var summary = ModelSummary.Of(ModelSource.Resolve(named ?? option.Of(parse), overrides), tensors.Of(parse), batch.Of(parse), plan.Of(parse));
            if (json.Of(parse))
                JsonOutput.Write(invocation.Out, summary.Write);
            else
                summary.Write(invocation.Out);
            return ExitCode.Done;
        });
        return command;
    }
}
