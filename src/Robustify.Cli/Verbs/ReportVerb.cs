using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Evaluation.Report;

namespace Robustify.Cli.Verbs;

/// <summary>Makes the page of a run again, from the files in its directory.</summary>
internal static class ReportVerb
{
    public static Command Create(Invocation invocation)
    {
        var run = new Argument<string>("RUN") { Description = "run directory of bench or quickstart" };
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("report", "Make report.html of a run: one page with tables, figures and pictures that needs no network.") { run, json };
        command.SetAction(parse =>
        {
            string page = Path.GetFullPath(HtmlReport.Write(parse.GetRequiredValue(run)));
            if (json.Of(parse))
                JsonOutput.Write(invocation.Out, writer => writer.WriteString("report", page));
            else
                invocation.Out.WriteLine($"report: {page}");
            return ExitCode.Done;
        });
        return command;
    }
}
