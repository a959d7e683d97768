using System.CommandLine;
using Robustify.Cli.Options;

namespace Robustify.Cli.Tests;

/// <summary>What can be written on the command line, and what is said where it is wrong.</summary>
public sealed class UsageTests
{
    public static TheoryData<string> Verbs => [.. Root().Subcommands.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void HelpTellsEveryOptionWithItsDefault(string verb)
    {
        var call = Call.Succeeding(verb, "--help");
        Assert.Empty(call.Error);
        string help = string.Join(' ', call.Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        foreach (var option in Root().Subcommands.Single(c => c.Name == verb).Options)
        {
            Assert.Matches(option.Name + "[, ]", help);
            var setting = Assert.IsAssignableFrom<ISetting>(option);
            Assert.Contains(setting.Help, help);
            Assert.True(option is FlagOption || setting.Help.Contains("(default ") || setting.Help.Contains("required"), option.Name);
        }
    }

    [Fact]
    public void HelpOfTheProgramTellsEveryVerb()
    {
        string help = Call.Succeeding("--help").Out;
        Assert.All(Root().Subcommands, c => Assert.Contains("\n  " + c.Name + " ", help));
    }

    [Fact]
    public void VersionIsPrintedAlone() => Assert.Matches(@"^\d+\.\d+\.\d+\n$", Call.Succeeding("--version").Out.ReplaceLineEndings("\n"));

    [Theory]
    [InlineData("verb 'pretrian' is unknown", "robustify --help", "pretrian")]
    [InlineData("option '--epoch' is unknown", "robustify teach --help", "teach", "--epoch", "3")]
    [InlineData("--epochs: '3,5' found, a whole number 1..100000 expected", "robustify teach --help", "teach", "--epochs", "3,5")]
    [InlineData("--rate: '0,1' found, a number 0..1000 expected", "robustify teach --help", "teach", "--rate", "0,1")]
    [InlineData("--rate: 'NaN' found", "robustify teach --help", "teach", "--rate", "NaN")]
    [InlineData("--rate: '1e999' found", "robustify teach --help", "teach", "--rate", "1e999")]
    [InlineData("--seed: '-1' found", "robustify teach --help", "teach", "--seed", "-1")]
    [InlineData("--limit: '0' found, a whole number at least 1 expected", "robustify teach --help", "teach", "--limit", "0")]
    [InlineData("--label-smoothing: '1' found, a number at least 0 and below 1 expected", "robustify teach --help", "teach", "--label-smoothing", "1")]
    [InlineData("--optimizer: 'adam' found, one of sgd, adamw expected", "robustify teach --help", "teach", "--optimizer", "adam")]
    [InlineData("--device: 'gpu' found, one of auto, cpu, cuda expected", "robustify teach --help", "teach", "--device", "gpu")]
    [InlineData("--precision: 'fp16' found, one of fp32, bf16 expected", "robustify teach --help", "teach", "--precision", "fp16")]
    [InlineData("--out", "robustify teach --help", "teach", "--out")]
    [InlineData("--out: an empty name", "robustify teach --help", "teach", "--out", "")]
    [InlineData("--severity: '6' found, 1..5 expected", "robustify bench --help", "bench", "--severity", "1,6")]
    [InlineData("corruption 'fogg' is unknown", "robustify bench --help", "bench", "--corruption", "fogg")]
    [InlineData("'--teacher' is required", "robustify distill --help", "distill")]
    [InlineData("'more' is more than expected", "robustify doctor --help", "doctor", "more")]
    public void WrongUsageIsOneLineThatSaysWhereToLook(string complaint, string hint, params string[] arguments)
    {
        var call = Call.InProcess(arguments);
        Assert.Equal(2, call.Code);
        Assert.Empty(call.Out);
        string line = Assert.Single(call.Error.TrimEnd().Split('\n'));
        Assert.StartsWith("robustify: ", line);
        Assert.Contains(complaint, line);
        Assert.EndsWith($"; see '{hint}'", line);
    }

    private static RootCommand Root() =>
        CommandLine.CreateRoot(new Invocation(TextWriter.Null, TextWriter.Null, ErrorIsTerminal: false, CancellationToken.None));
}
