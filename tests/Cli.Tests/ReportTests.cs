using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Robustify.Cli.Tests;

/// <summary>The page of a run, as a browser shows it.</summary>
public sealed partial class ReportTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryFigureIsDrawnWithoutAnErrorOrANetwork()
    {
        string page = Bench();
        string text = File.ReadAllText(page);
        Assert.DoesNotMatch("""(src|href)="(https?:)?//""", text);
        if (Browsers.FirstOrDefault(File.Exists) is not { } browser)
        {
            output.WriteLine($"skipped: none of {string.Join(", ", Browsers)} is there to draw the page");
            return;
        }

        foreach (string theme in (string[])["light", "dark"])
        {
            var (dom, errors) = Show(browser, page, theme);
            Assert.DoesNotContain("CONSOLE", errors);
            Assert.DoesNotContain("data-errors", dom);
            int figures = int.Parse(Figures().Match(dom).Groups[1].Value);
            int[] drawn = [.. Drawn().Matches(dom).Select(m => int.Parse(m.Groups[1].Value))];

            // Heat maps of two models and their difference, by severity and family, reliability twice; of the costs both, as one model has them.
            Assert.Equal(9, figures);
            Assert.Equal(figures, drawn.Length);

            // Axes, labels and data: an empty figure has none of them.
            Assert.All(drawn, marks => Assert.InRange(marks, 8, 10_000));
            Assert.Contains("gaussian noise, severity 3", dom);
            Assert.Contains(">first</td>", dom);

            // Under every picture both models' answers.
            int pictures = SamplePicture().Count(dom);
            Assert.Equal(9, pictures); // three of clean images and of each corruption
            foreach (string model in (string[])["first", "second"])
                Assert.Equal(pictures, Regex.Count(dom, $"<b>[✓✗] {model}</b>"));
            Assert.Contains("<code>robustify bench --model first=", dom);
        }
    }

    [Fact]
    public void EveryFormOfTheResultsTellsHowTheyWereMeasuredAndTheRunIsMadeAgainByItsCommand()
    {
        string run = folder.PathOf("told"), again = folder.PathOf("again");
        string[] options =
            ["--model", "first=" + TinyData.Model, "--data", TinyData.Directory, "--corruption", "contrast", "--severity", "2", "--test-limit", "20", "--seed", "7"];
        Call.Succeeding(["bench", .. options, "--workers", "1", "--out", run]);
        string Read(string name) => File.ReadAllText(Path.Combine(run, name));
        var protocol = JsonDocument.Parse(Read("results.json")).RootElement.GetProperty("protocol");
        string command = protocol.GetProperty("command").GetString()!;
        Assert.StartsWith("robustify bench --model first=", command);
        Assert.Equal("7", protocol.GetProperty("seed").GetString());
        string version = protocol.GetProperty("version").GetString()!;
        foreach (string told in (string[])[command, version, "seed: 7", "preprocessing: checkpoint", "at most 20 a suite"])
        {
            Assert.Contains(told, Read("results.md"));
            Assert.All(Read("results.csv").TrimEnd().Split('\n').Skip(1), line => Assert.Contains(told, line));
        }

        // What no figure depends on is not in it, so the results of the same command are the same bytes.
        Call.Succeeding([.. command.Split(' ').Skip(1), "--workers", "2", "--out", again]);
        foreach (string name in (string[])["results.json", "results.csv", "results.md"])
            Assert.Equal(Read(name), File.ReadAllText(Path.Combine(again, name)));
    }

    [Fact]
    public void PageIsMadeAgainFromTheRunDirectory()
    {
        string page = Bench();
        byte[] before = File.ReadAllBytes(page);
        File.Delete(page);
        var call = Call.Succeeding("report", Path.GetDirectoryName(page)!, "--json");
        Assert.Equal(page, JsonDocument.Parse(call.Out).RootElement.GetProperty("report").GetString());
        Assert.Equal(before, File.ReadAllBytes(page));
    }

    [Fact]
    public void NamesFromOutsideCannotEndTheScript()
    {
        string run = folder.PathOf("odd");
        Directory.CreateDirectory(run);
        File.WriteAllText(Path.Combine(run, "results.json"), """{"models": {"</script><script>alert(1)</script>": {"clean": {"top1": 0.5, "images": 3}}}, "ledger": {}}""");
        Call.Succeeding("report", run);
        Assert.DoesNotContain("<script>alert", File.ReadAllText(Path.Combine(run, "report.html")));
    }

    [Fact]
    public void NamesOfManyModelsOfLikeCostAndAccuracyDoNotCoverOneAnother()
    {
        if (Browsers.FirstOrDefault(File.Exists) is not { } browser)
        {
            output.WriteLine($"skipped: none of {string.Join(", ", Browsers)} is there to draw the page");
            return;
        }

        const int models = 12;
        string run = folder.PathOf("many");
        Directory.CreateDirectory(run);
        string Of(Func<int, string> one) => string.Join(", ", Enumerable.Range(0, models).Select(m => $"\"model_of_a_long_name_{m:00}\": {one(m)}"));
        File.WriteAllText(Path.Combine(run, "results.json"), $$"""
            { "models": { {{Of(m => $$"""{ "clean": { "top1": 0.{{800 + m % 3}}, "images": 100 } }""")}} },
              "ledger": { {{Of(m => $$"""{ "seconds": {{100 + 7 * m}}, "images": 1, "steps": 1, "trained_parameters": 1 }""")}} } }
            """);
        Call.Succeeding("report", run);
        var (dom, errors) = Show(browser, Path.Combine(run, "report.html"), "light");
        Assert.DoesNotContain("CONSOLE", errors);

        // 12 pixels of type: at least 5 a letter, lines 12 apart.
        var names = PlacedName().Matches(dom)
            .Select(m => (Left: double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), Middle: double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture), Wide: 5.0 * m.Groups[3].Length))
            .ToArray();
        Assert.Equal(models, names.Length);
        Assert.All(names, n => Assert.InRange(n.Left, 0, 390 - n.Wide));
        for (int a = 0; a < models; a++)
        {
            for (int b = 0; b < a; b++)
            {
                Assert.True(
                    Math.Abs(names[a].Middle - names[b].Middle) >= 12 || names[a].Left + names[a].Wide <= names[b].Left || names[b].Left + names[b].Wide <= names[a].Left,
                    $"{names[a]} and {names[b]} overlap");
            }
        }
    }

    [Theory]
    [InlineData(null, "has no results.json")]
    [InlineData("{", "no JSON")]
    [InlineData("{\"models\": {}}", "names no model")]
    public void DirectoryWithoutResultsIsRefused(string? results, string complaint)
    {
        string run = folder.PathOf("empty");
        Directory.CreateDirectory(run);
        if (results is not null)
            File.WriteAllText(Path.Combine(run, "results.json"), results);
        var call = Call.InProcess("report", run);
        Assert.Equal(2, call.Code);
        Assert.Contains(complaint, Assert.Single(call.ErrorLines));
    }

    private string Bench()
    {
        string run = folder.PathOf("run");
        Call.Succeeding(
            "bench", "--model", "first=" + TinyData.Model, "--model", "second=" + TinyData.Model, "--data", TinyData.Directory,
            "--corruption", "gaussian_noise,contrast", "--out", run);
        return Path.Combine(run, "report.html");
    }

    private (string Dom, string Errors) Show(string browser, string page, string theme)
    {
        using var process = Process.Start(new ProcessStartInfo(
            browser,
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", $"--user-data-dir={folder.PathOf("browser-" + theme)}", "--enable-logging=stderr", "--window-size=390,2000", "--virtual-time-budget=4000", "--dump-dom",
                $"{new Uri(page).AbsoluteUri}#{theme}",
            ]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        string dom = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (dom, errors.Result);
    }

    [GeneratedRegex("data-figures=\"(\\d+)\"")]
    private static partial Regex Figures();

    [GeneratedRegex("<text[^>]*transform=\"translate\\(([-0-9.]+) ([-0-9.]+)\\)\"[^>]*>(model_of_a_long_name_[0-9]+)</text>")]
    private static partial Regex PlacedName();

    [GeneratedRegex("<img src=\"data:image/")]
    private static partial Regex SamplePicture();

    [GeneratedRegex("data-drawn=\"(\\d+)\"")]
    private static partial Regex Drawn();
}
