using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Tunes a pretrained model under AugMix: what the method is compared with.</summary>
internal static class FinetuneVerb
{
    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("finetune", seed: 0);
        var standard = ClassifierTrainingOptions.Finetune("", "");
        var settings = new ClassifierSettings(run, standard, "the bundled model", BundledModel.Find);
        var method = new ChoiceOption<TrainedPart>(
            "--method", "what is tuned: every tensor; the last blocks, the final norm and the head; or the head alone", standard.Part);
        var tailBlocks = new OptionalNumberOption<int>(
            "--tail-blocks", "last blocks that --method partial tunes", new(0, null),
            "a sixth of a transformer's blocks, at most the last two of a ResNet's");
        var command = new Command("finetune", "Tune a pretrained model under AugMix, wholly or in part, to compare the method with.");
        settings.AddTo(command);
        run.Add(command, method, tailBlocks);
        command.SetAction(parse =>
        {
            using var session = new Session(invocation, parse, run);
            var options = settings.Bind(parse) with { Part = method.Of(parse), TailBlocks = tailBlocks.Of(parse) };
            ClassifierTraining.Run(options with { ResultName = NameOf(options.Part, standard.ResultName) }, session.Context, session.Describe);
            return session.Finish();
        });
        return command;
    }

    // Results of different methods must not bear one name when they are laid side by side.
    private static string NameOf(TrainedPart part, string full) => part switch
    {
        TrainedPart.Partial => "partial_finetune",
        TrainedPart.Linear => "linear_finetune",
        _ => full,
    };
}
