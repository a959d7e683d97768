using System.CommandLine;
using System.CommandLine.Help;
using Robustify.Cli.Verbs;

namespace Robustify.Cli;

/// <summary>The program: parses the arguments, runs the verb, and turns what went wrong into one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>As <c>--version</c> prints it.</summary>
    public static string Version => typeof(CommandLine).Assembly.GetName().Version!.ToString(fieldCount: 3);

    /// <summary>Runs one call to its end.</summary>
    public static int Run(IReadOnlyList<string> arguments, Invocation invocation)
    {
        try
        {
            var root = CreateRoot(invocation);
            // "@file" is a file name like any other, and "-abc" is never three options.
            var parse = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
            if (parse.Action is not { ClearsParseErrors: true } && ParseErrorLine.Of(parse) is { } line)
            {
                ErrorLine.Write(invocation.Error, line);
                return ExitCode.BadInput;
            }

            return parse.Invoke(new InvocationConfiguration
            {
                Output = invocation.Out, Error = invocation.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
            });
        }
        catch (Exception thrown)
        {
            return ErrorLine.Write(invocation.Error, thrown);
        }
    }

    /// <summary>The whole tree of verbs and options.</summary>
    public static RootCommand CreateRoot(Invocation invocation)
    {
        var root = new RootCommand("Make large pretrained vision models robust by tuning a fraction of them.")
        {
            QuickstartVerb.Create(invocation),
            CorruptVerb.Create(invocation),
            PretrainVerb.Create(invocation),
            TeachVerb.Create(invocation),
            DistillVerb.Create(invocation),
            FinetuneVerb.Create(invocation),
            CompareVerb.Create(invocation),
            AblateVerb.Create(invocation),
            BenchVerb.Create(invocation),
            TransferVerb.Create(invocation),
            ReportVerb.Create(invocation),
            ZeroShotVerb.Create(invocation),
            PredictVerb.Create(invocation),
            InspectVerb.Create(invocation),
            ConvertVerb.Create(invocation),
            DoctorVerb.Create(invocation),
            CacheVerb.Create(invocation),
            SelftestVerb.Create(invocation),
            ProfileVerb.Create(invocation),
        };
        root.Directives.Clear();
        foreach (var option in root.Options)
        {
            option.Action = option switch
            {
                HelpOption => new HelpText(),
                VersionOption => new VersionText(),
                _ => option.Action,
            };
        }

        root.SetAction(parse => new HelpText().Invoke(parse));
        return root;
    }
}
