using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Trains a classifier from scratch on clean images.</summary>
internal static class PretrainVerb
{
    private const string StandardModel = "vit_fashion";

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("pretrain", seed: 0);
        var settings = new ClassifierSettings(
            run, ClassifierTrainingOptions.Pretrain(StandardModel, ""), $"the preset {StandardModel}", () => StandardModel);
        var command = new Command("pretrain", "Train a model from scratch on clean images.");
        settings.AddTo(command);
        command.SetAction(parse =>
        {
            if (settings.WantsPlan(parse))
                return MemoryReport.Write(invocation, run, parse, ClassifierTraining.Plan(settings.Bind(parse), run.Precision.Of(parse), run.ComputesOnCuda(parse)));
            using var session = new Session(invocation, parse, run);
            ClassifierTraining.Run(settings.Bind(parse), session.Context, session.Describe);
            return session.Finish();
        });
        return command;
    }
}
