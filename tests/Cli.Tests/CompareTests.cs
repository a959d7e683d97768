using System.Text.Json;
using System.Text.RegularExpressions;

namespace Robustify.Cli.Tests;

/// <summary>compare trains every scheme once for each seed, whatever comes between, and lays them side by side.</summary>
public sealed partial class CompareTests : IDisposable
{
    private const string Measure = """
        "measure": { "test_images": 20, "corrupted_images": 10, "corruptions": ["contrast", "pixelate"], "severities": [2, 5] }
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AKilledComparisonOnTwoWorkersEndsInTheBytesOfAnUndisturbedOneOnOne()
    {
        string recipe = Recipe("""
            "seeds": [1, 2], "defaults": { "batch": 16, "images": 32 },
            "schemes": [
              { "scheme": "original" }, { "scheme": "teacher" , "epochs": 1 }, { "scheme": "full" },
              { "scheme": "full", "name": "without_consistency", "augmix_views": 1 }, { "scheme": "partial" }, { "scheme": "linear" },
              { "scheme": "lp-ft" }, { "scheme": "prompt" }, { "scheme": "wise", "alphas": [0, 0.5, 1] }, { "scheme": "plain-distill" },
              { "scheme": "distill", "name": "student", "tail": "split", "uncertainty": "monte-carlo-dropout", "dropout_passes": 3 },
              { "scheme": "wise", "name": "wise_student", "from": "student", "alphas": [0.5] }
            ]
            """);
        string undisturbed = folder.PathOf("undisturbed"), killed = folder.PathOf("killed");
        Call.Succeeding("compare", recipe, "--workers", "1", "--out", undisturbed);

        using (var process = BuiltProgram.Start("compare", recipe, "--workers", "2", "--out", killed))
        {
            while (process.StandardError.ReadLine() is { } line && !line.StartsWith("without_consistency: epoch 1", StringComparison.Ordinal))
            {
            }

            BuiltProgram.Signal(process, "KILL");
            process.WaitForExit();
        }

        Assert.False(File.Exists(Path.Combine(killed, "results.json")));
        var resumed = Call.Succeeding("compare", recipe, "--workers", "2", "--out", killed);
        Assert.Contains("seed 1, full: finished before", resumed.Error);
        foreach (string file in (string[])["results.json", "results.csv", "heads.csv", "seed-1/results.json", "seed-2/results.json"])
            Assert.Equal(Timeless(undisturbed, file), Timeless(killed, file));

        var again = Call.Succeeding("compare", recipe, "--out", killed);
        Assert.Equal(22, again.Error.Split('\n').Count(l => l.EndsWith("finished before", StringComparison.Ordinal)));
        var root = Read(killed);
        Assert.Equal([1UL, 2UL], root.GetProperty("seeds").EnumerateArray().Select(s => s.GetUInt64()));
        Assert.Equal(
            ["original", "teacher", "full", "without_consistency", "partial", "linear", "lp_ft", "prompt", "wise", "plain_distill", "student", "wise_student"],
            root.GetProperty("models").EnumerateObject().Select(m => m.Name));
        Assert.Equal(["0", "0.5", "1"], root.GetProperty("sweeps").GetProperty("wise").EnumerateObject().Select(a => a.Name));
        Assert.Equal(0, root.GetProperty("deviation").GetProperty("models").GetProperty("original").GetProperty("clean").GetProperty("top1").GetDouble());
        var answers = JsonDocument.Parse(File.ReadAllText(Path.Combine(killed, "samples.json"))).RootElement[0].GetProperty("answers");
        Assert.Equal(root.GetProperty("models").EnumerateObject().Select(m => m.Name), answers.EnumerateObject().Select(a => a.Name));
        foreach (string file in (string[])["results.md", "accuracy-cost.svg", "report.html", "samples.json"])
            Assert.True(File.Exists(Path.Combine(killed, file)), file);
    }

    [Fact]
    public void TheSweepsEndsAreTheOriginalAndTheTunedModel()
    {
        string run = Run("""
            "schemes": [ { "scheme": "original" }, { "scheme": "full", "images": 32, "batch": 16 }, { "scheme": "wise", "alpha": 1, "alphas": [0, 0.3, 1] } ]
            """);
        var root = Read(run);
        double Clean(string model) => root.GetProperty("models").GetProperty(model).GetProperty("clean").GetProperty("top1").GetDouble();
        double At(string alpha) => root.GetProperty("sweeps").GetProperty("wise").GetProperty(alpha).GetProperty("clean_top1").GetDouble();
        Assert.Equal(Clean("original"), At("0"));
        Assert.Equal(Clean("full"), At("1"));
        Assert.Equal(Clean("full"), Clean("wise"));
    }

    [Fact]
    public void AChangedSchemeIsTrainedAnewAndTheOthersAreKept()
    {
        const string before = """
            "schemes": [ { "scheme": "linear", "images": 32, "batch": 16 }, { "scheme": "partial", "images": 32, "batch": 16 } ]
            """;
        string run = Run(before), recipe = Recipe(before.Replace("\"linear\", ", "\"linear\", \"rate\": 0.01, "));
        var plan = Call.Succeeding("compare", recipe, "--plan", "--json", "--out", run);
        Assert.Equal(
            ["changed: rate was 0.0003, is 0.01", "finished"],
            JsonDocument.Parse(plan.Out).RootElement.GetProperty("plan").EnumerateArray().Select(p => p.GetProperty("state").GetString()));
        var call = Call.Succeeding("compare", recipe, "--out", run);
        Assert.Contains("seed 0, linear: rate was 0.0003, is 0.01; trained anew", call.Error);
        Assert.Contains("seed 0, partial: finished before", call.Error);
    }

    [Fact]
    public void EveryStudentTellsHowOftenEachHeadWasChosenUnderEveryConditionAndWhatEverySelectorGives()
    {
        string run = Run("""
            "defaults": { "images": 32, "batch": 16 },
            "schemes": [ { "scheme": "teacher", "epochs": 1 }, { "scheme": "distill", "name": "three" }, { "scheme": "distill", "name": "two", "heads": 2 } ]
            """);

        // Clean images and four conditions of each student, under the header.
        Assert.Equal(1 + 2 * 5, File.ReadAllLines(Path.Combine(run, "heads.csv")).Length);
        foreach (string name in (string[])["three", "two"])
        {
            var model = Read(run).GetProperty("models").GetProperty(name);
            foreach (string corruption in (string[])["contrast", "pixelate"])
            {
                foreach (string severity in (string[])["2", "5"])
                {
                    var shares = model.GetProperty("heads").GetProperty("per").GetProperty(corruption).GetProperty(severity);
                    Assert.Equal(1, shares.EnumerateObject().Sum(s => s.Value.GetDouble()), 1e-9);
                }
            }

            Assert.Equal(
                ["calibrated", "clean", "combined", "entropy", "kl", "mean", "oracle", "unclean"],
                model.GetProperty("selectors").EnumerateObject().Select(s => s.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void TransferIsMeasuredOnceAndStandsBesideEveryModel()
    {
        string recipe = Recipe($$"""
            "transfer": { "data": { "again": "{{TinyData.Directory}}" }, "methods": ["knn"], "limit": 40, "test_limit": 20 },
            "schemes": [ { "scheme": "original" }, { "scheme": "linear", "images": 32, "batch": 16 } ]
            """), run = folder.PathOf("run");
        Call.Succeeding("compare", recipe, "--out", run);
        double Of(string model) => Read(run).GetProperty("models").GetProperty(model).GetProperty("transfer").GetProperty("again").GetProperty("knn@20").GetDouble();
        Assert.Equal(Of("original"), Of("linear")); // A probe leaves the features as they are.
        Assert.Contains("again, knn@20", File.ReadAllText(Path.Combine(run, "results.md")));
        Directory.Delete(Path.Combine(run, "seed-0", "transfer"), recursive: true);
        Call.Succeeding("compare", recipe, "--out", run);
        Assert.False(Directory.Exists(Path.Combine(run, "seed-0", "transfer")));
        Assert.InRange(Of("original"), 0, 1);
    }

    [Fact]
    public void CostsTellWhatASchemeStandsOnToo()
    {
        string run = Run("""
            "schemes": [ { "scheme": "teacher", "epochs": 2, "images": 32, "batch": 16 }, { "scheme": "distill", "images": 32, "batch": 16 } ]
            """);
        var cost = Read(run).GetProperty("costs").GetProperty("distill");
        Assert.Equal((32, 96), (cost.GetProperty("images").GetInt32(), cost.GetProperty("total_images").GetInt32()));
        Assert.True(cost.GetProperty("total_seconds").GetDouble() > cost.GetProperty("seconds").GetDouble());
    }

    [Theory]
    [InlineData("""{ "schemes": [ { "scheme": "full", "epochs": 0 } ] }""", "$.schemes[0].epochs: 0 found, a whole number of 1..100000 expected")]
    [InlineData("""{ "schemes": [ { "scheme": "full", "epoch": 1 } ] }""", "$.schemes[0].epoch: is unknown")]
    [InlineData("""{ "schemes": [ { "scheme": "magic" } ] }""", "$.schemes[0].scheme: 'magic' found, one of original")]
    [InlineData("""{ "schemes": [ { "scheme": "distill" } ] }""", "$.schemes[0].teacher: nothing found")]
    [InlineData("""{ "schemes": [ { "scheme": "full" }, { "scheme": "full" } ] }""", "$.schemes[1]: a second scheme of the name 'full'")]
    [InlineData("""{ "schemes": [ { "scheme": "full", "name": "../x" } ] }""", "$.schemes[0].name: '../x' found")]
    [InlineData("""{ "schemes": [ { "scheme": "full", "augment": "mixup" } ] }""", "$.schemes[0].augment: \"mixup\" found, one of augmix, pixmix, noise2net, standard expected")]
    [InlineData("""{ "schemes": [ { "scheme": "full", "augmix_width": 17 } ] }""", "$.schemes[0].augmix_width: 17 found, a whole number of 1..16 expected")]
    [InlineData("""{ "schemes": [ { "scheme": "original" } ], "measure": { "severities": [6] } }""", "$.measure.severities[0]: 6 found, a whole number of 1..5 expected")]
    [InlineData("""{ "schemes": [ { "scheme": "original" } ], "measure": { "corruptions": ["smog"] } }""", "$.measure.corruptions[0]:")]
    [InlineData("""{ "schemes": [ { "scheme": "original" } ], "seeds": [1, 1] }""", "$.seeds:")]
    [InlineData("""{ "schemes": [ { "scheme": "original" } ], "defaults": { "epoch": 2 } }""", "$.defaults.epoch: is unknown")]
    [InlineData("""{ "schemes": [] }""", "$.schemes: an empty list found")]
    [InlineData("""{ "schemes": [ { "scheme": "teacher" }, { "scheme": "distill", "heads": 1, "tail": "split" } ] }""", "$.schemes[1].heads: 1 found with a split tail")]
    [InlineData("""{ "schemes": [ { "scheme": "original" } ], "transfer": { "data": { "a": 3 } } }""", "$.transfer.data.a: 3 found, a text expected")]
    [InlineData("""{ "schemes": [ { "scheme": "original" } ], "transfer": {} }""", "$.transfer.data: nothing found")]
    [InlineData("""{ "schemes": 3 }""", "$.schemes: 3 found, a list expected")]
    [InlineData("""{ "schemes": [""", "no JSON")]
    [InlineData("[]", "$: a list found, an object expected")]
    public void AMistakeInARecipeIsOneLineThatNamesItsPlace(string recipe, string named)
    {
        string file = folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes(recipe)), run = folder.PathOf("run");
        var call = Call.InProcess("compare", file, "--out", run);
        Assert.Equal(2, call.Code);
        Assert.Contains(named, Assert.Single(call.Error.TrimEnd().Split('\n')));
        Assert.False(Directory.Exists(run));
    }

    private string Run(string properties)
    {
        string run = folder.PathOf("run");
        Call.Succeeding("compare", Recipe(properties), "--out", run);
        return run;
    }

    private string Recipe(string properties)
    {
        string models = $$"""{ "large": "{{TinyData.Model}}", "small": "resnet_fashion", "data": "{{TinyData.Directory}}", "held_out": 16, {{Measure}}, {{properties}} }""";
        return folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes(models));
    }

    private static JsonElement Read(string run) => JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "results.json"))).RootElement;

    private static string Timeless(string run, string file) => Seconds().Replace(File.ReadAllText(Path.Combine(run, file)), "");

    // Seconds are the only numbers that two runs do not share.
    [GeneratedRegex("\"(total_)?(cpu_|device_)?seconds\": [^,\\n]*,?")]
    private static partial Regex Seconds();
}
