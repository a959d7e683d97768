using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;

namespace Robustify.Cli.Verbs;

/// <summary>Says what the program finds on this machine.</summary>
internal static class DoctorVerb
{
    public static Command Create(Invocation invocation)
    {
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("doctor", "Say what this machine offers: processor, memory, devices, data and model found.") { json };
        command.SetAction(parse =>
        {
            var findings = Findings.OfThisMachine();
            if (json.Of(parse))
            {
                JsonOutput.Write(invocation.Out, writer =>
                {
                    foreach (var (name, value) in findings)
                        writer.WriteString(name.Replace(' ', '_'), value);
                });
                return ExitCode.Done;
            }

            foreach (var (name, value) in findings)
                invocation.Out.WriteLine($"{name,-17} {value}");
            return ExitCode.Done;
        });
        return command;
    }
}
