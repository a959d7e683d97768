using System.Globalization;
using System.Security.Cryptography;
using Robustify.Kernels;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Files;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>
/// The folder <c>answers</c> of a run: a file a pass and model, and <c>identity.txt</c>, which says what they are answers to. A run that
/// goes on takes only answers to the very same question.
/// </summary>
internal static class AnswerFiles
{
    private const string Folder = "answers";

    /// <summary>Opens the tables of all passes.</summary>
    /// <exception cref="RobustifyException">To be resumed, and there is nothing, or something else was measured; the message says what differs.</exception>
    public static List<MeasuredPass> Open(RunDirectory directory, IReadOnlyList<BenchmarkPass> passes, IReadOnlyList<(string Name, string Path)> models, bool resume)
    {
        string folder = directory.PathOf(Folder), identityFile = Path.Combine(folder, "identity.txt");
        string identity = Identity(passes, models);
        if (resume)
            RequireSame(identityFile, identity);
        else if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        directory.WriteText(Path.Combine(Folder, "identity.txt"), identity);
        var measured = new List<MeasuredPass>();
        try
        {
            foreach (var pass in passes)
            {
                var tables = new List<AnswerTable>();
                measured.Add(new(pass, tables));
                for (int m = 0; m < models.Count; m++)
                {
                    string file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{pass.Name}.{m}.bin"));
                    tables.Add(FileAnswerTable.Open(file, pass.Rows.Count, pass.Indices.Length));
                }
            }

            return measured;
        }
        catch
        {
            measured.ForEach(m => m.Dispose());
            throw;
        }
    }

    private static string Identity(IReadOnlyList<BenchmarkPass> passes, IReadOnlyList<(string Name, string Path)> models)
    {
        var lines = new List<string> { "format: 1" };
        foreach (var (name, path) in models)
            lines.Add($"model {OneLine.Of(name)}: {DigestOfModel(path)}");
        lines.AddRange(passes.SelectMany(Describe));
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>Lines with everything that answers to a pass depend on beside the model.</summary>
    public static IEnumerable<string> Describe(BenchmarkPass pass)
    {
        string rows = string.Join(' ', pass.Rows.Select(r => $"{r.Suite}/{r.Condition.Corruption}/{r.Condition.Severity}/{r.Images}/{r.Space.Description}"));
        foreach (var corruption in pass.Corruptions.Where(c => c.Ingredients is not null))
            yield return $"{corruption.Name}: {corruption.Ingredients}";
        yield return $"pass {pass.Name}: seed {pass.Seed}, {pass.Geometry.Description}, {OneLine.Of(pass.Source.Description, 1000)}, "
            + $"{pass.Indices.Length} images {Digest(pass.Indices)}, {Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(rows)))[..16]}";
    }

    /// <summary>SHA-256 of a model's file, the checkpoint of a run directory.</summary>
    public static string DigestOfModel(string path) => Digest(
        Directory.Exists(path) ? TensorFiles.In(path) ?? Path.Combine(path, "checkpoint.safetensors") : path);

    private static void RequireSame(string identityFile, string identity)
    {
        if (!File.Exists(identityFile))
            throw new RobustifyException($"{OneLine.Of(identityFile, 400)}: nothing to resume; start the run without --resume");
        string[] found = File.ReadAllLines(identityFile), expected = identity.TrimEnd().Split('\n');
        for (int i = 0; i < Math.Max(found.Length, expected.Length); i++)
        {
            string was = i < found.Length ? found[i] : "nothing", now = i < expected.Length ? expected[i] : "nothing";
            if (was != now)
            {
                throw new RobustifyException(
                    $"{OneLine.Of(identityFile, 400)}: '{OneLine.Of(was, 300)}' was measured, '{OneLine.Of(now, 300)}' is asked for; "
                    + "resume with the same models, data and options, or start anew without --resume");
            }
        }
    }

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static string Digest(int[] indices) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(indices.AsSpan())))[..16];
}
