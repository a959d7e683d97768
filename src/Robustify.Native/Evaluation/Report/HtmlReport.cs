using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.Report;

/// <summary>
/// report.html of a run: one file that carries its figures' data, pictures and scripts, so that it opens from anywhere without a network.
/// It is a function of run.json, results.json and samples.json.
/// </summary>
public static class HtmlReport
{
    private const string Resources = "Robustify.Native.Evaluation.Report.Page.";

    /// <summary>Writes <c>report.html</c> into a run directory and returns its path.</summary>
    /// <exception cref="RobustifyException">The directory has no results.json, or a file in it is damaged or cannot be read.</exception>
    public static string Write(string runDirectory)
    {
        string results = Path.Combine(runDirectory, "results.json");
        if (!File.Exists(results))
            throw new RobustifyException($"{OneLine.Of(runDirectory, 400)}: has no results.json; name the directory of a finished run of bench or quickstart");
        var data = new JsonObject { ["results"] = Parse(results, required: true), ["run"] = Parse(Path.Combine(runDirectory, "run.json")) };
        if (data["results"]!["models"] is not JsonObject { Count: > 0 })
            throw new RobustifyException($"{OneLine.Of(results, 400)}: names no model; use the results.json of a finished run");
        data["samples"] = Samples(runDirectory);
        string path = Path.Combine(runDirectory, "report.html");
        string page = Fill(Embed(data.ToJsonString()));
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
        return path;
    }

    /// <summary>The page with its parts in place; each part is put in once, so text inside one is never taken for a place.</summary>
    private static string Fill(string data)
    {
        string template = Resource("report.html");
        var page = new StringBuilder();
        int at = 0;
        foreach (var (place, content) in (ReadOnlySpan<(string, string)>)
            [("/*CSS*/", Resource("report.css")), ("/*DATA*/", data), ("/*CHARTS*/", Resource("Charts.charts.min.js")), ("/*SCRIPT*/", Resource("report.js"))])
        {
            int found = template.IndexOf(place, at, StringComparison.Ordinal);
            page.Append(template, at, found - at).Append(content);
            at = found + place.Length;
        }

        return page.Append(template, at, template.Length - at).ToString();
    }

    // Inside a script element "</script" would end it, whatever the JSON says.
    private static string Embed(string json) => json.Replace("<", "\\u003c", StringComparison.Ordinal);

    private static JsonArray Samples(string runDirectory)
    {
        var samples = Parse(Path.Combine(runDirectory, "samples.json")) as JsonArray ?? [];
        var image = new Image8(1, 1, 1);
        foreach (var sample in samples)
        {
            string file = Path.Combine(runDirectory, sample!["file"]!.GetValue<string>());
            byte[] bytes = ReadAll(file);
            ImageFile.Decode(bytes, file, image, ImageFile.ChannelsAsStored);
            string type = file.EndsWith(".png", StringComparison.Ordinal) ? "png" : "jpeg";
            sample["image"] = $"data:image/{type};base64,{Convert.ToBase64String(bytes)}";
            sample["width"] = image.Width;
        }

        return samples;
    }

    private static JsonNode? Parse(string path, bool required = false)
    {
        if (!required && !File.Exists(path))
            return null;
        try
        {
            return JsonNode.Parse(ReadAll(path));
        }
        catch (JsonException e)
        {
            throw new RobustifyException($"{OneLine.Of(path, 400)}: no JSON ({OneLine.Of(e.Message, 200)}); make the run again", e);
        }
    }

    private static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException($"{OneLine.Of(path, 400)}: cannot be read ({OneLine.Of(e.Message, 200)}); make the run again", e);
        }
    }

    private static string Resource(string name)
    {
        using var stream = typeof(HtmlReport).Assembly.GetManifestResourceStream(Resources + name)
            ?? throw new InvalidOperationException($"resource {name} is not in the assembly");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
