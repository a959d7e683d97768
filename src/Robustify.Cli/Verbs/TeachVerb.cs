using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Makes a small model robust, to be the teacher of <c>distill</c>.</summary>
internal static class TeachVerb
{
    private const string StandardModel = "resnet_fashion";

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("teach", seed: 0);
        var settings = new ClassifierSettings(
            run, ClassifierTrainingOptions.Teach(StandardModel, ""), $"the preset {StandardModel}", () => StandardModel);
        var command = new Command("teach", "Make a small model robust by AugMix with the consistency term: the teacher that distill takes.");
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
