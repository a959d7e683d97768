using System.Globalization;
using System.Text;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Runs;

/// <summary>
/// The directory of one run: <c>run.json</c> (everything resolved, and how the run stands), <c>metrics.jsonl</c>, checkpoints, results.
/// Every file but the growing metrics is written under a temporary name and renamed.
/// </summary>
public sealed class RunDirectory
{
    private const string MetricsName = "metrics.jsonl";
    private const string LedgerName = "ledger.json";
    private const string BestName = "best.safetensors";
    private const string KeptFolder = "checkpoints";

    private readonly Action<Utf8JsonWriter> describe;

    private RunDirectory(string path, Action<Utf8JsonWriter> describe)
    {
        Root = path;
        this.describe = describe;
    }

    /// <summary>The directory.</summary>
    public string Root { get; }

    /// <summary>The model as it stands, readable by every verb.</summary>
    public string Checkpoint => PathOf("checkpoint.safetensors");

    /// <summary>What <c>--resume</c> needs beside the model.</summary>
    public string State => PathOf("state.safetensors");

    /// <summary>The model that did best on held-out images so far.</summary>
    public string Best => PathOf(BestName);

    /// <summary>What the training cost so far.</summary>
    public string Ledger => PathOf(LedgerName);

    /// <summary>What came out.</summary>
    public string Results => PathOf("results.json");

    /// <summary>Makes or takes over the directory and writes run.json with status <c>running</c>.</summary>
    /// <param name="path">Made where missing. An earlier run's files there are replaced one by one.</param>
    /// <param name="describe">Writes the properties of run.json: command, options, seed, versions.</param>
    /// <exception cref="RobustifyException">The directory cannot be made or written.</exception>
    public static RunDirectory Open(string path, Action<Utf8JsonWriter> describe)
    {
        try
        {
            if (File.Exists(path))
                throw new RobustifyException($"{path}: is a file, a directory for the run expected; name another with --out");
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RobustifyException($"{path}: cannot be made ({e.Message}); name a directory that can be written with --out", e);
        }

        var run = new RunDirectory(path, describe);
        run.SetStatus("running");
        return run;
    }

    /// <summary>
    /// As <see cref="Open"/>, for a run that can be resumed. One that begins anew first forgets what an earlier run in the directory would be
    /// resumed from, so that no kill can mix the two.
    /// </summary>
    /// <exception cref="RobustifyException">The directory cannot be written, or nothing has begun there that could be resumed.</exception>
    internal static RunDirectory OpenTraining(string path, Action<Utf8JsonWriter> describe, bool resume)
    {
        if (resume && !HasBegun(path))
            throw new RobustifyException($"{path}: has no run.json, so there is nothing to resume; start the run without --resume");
        if (!resume)
            Forget(path);
        var run = Open(path, describe);
        AtomicFile.DiscardLeftovers(path);
        return run;
    }

    /// <summary>Whether a run has begun in a directory: its run.json is there.</summary>
    internal static bool HasBegun(string path) => File.Exists(Path.Combine(path, "run.json"));

    /// <summary>Removes what an earlier run in a directory would be resumed from, and what it measured on its way.</summary>
    /// <exception cref="RobustifyException">A file cannot be removed.</exception>
    internal static void Forget(string path)
    {
        try
        {
            foreach (string name in (ReadOnlySpan<string>)["state.safetensors", LedgerName, MetricsName, BestName])
            {
                if (Directory.Exists(path))
                    File.Delete(Path.Combine(path, name));
            }

            foreach (string file in KeptIn(path))
                File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException($"{path}: files of an earlier run cannot be removed ({e.Message}); name another directory with --out", e);
        }
    }

    /// <summary>Does the run's work and writes how it ended into run.json: finished, interrupted, or failed with the reason.</summary>
    public T Guard<T>(Func<T> work)
    {
        try
        {
            T result = work();
            SetStatus("finished");
            return result;
        }
        catch (OperationCanceledException)
        {
            SetStatus("interrupted");
            throw;
        }
        catch (Exception e)
        {
            SetStatus("failed", e.Message);
            throw;
        }
    }

    /// <summary>A file of the run.</summary>
    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>A directory inside this one for a part of the run, with a run.json of its own.</summary>
    public RunDirectory Part(string name) => Open(PathOf(name), describe);

    /// <summary>As <see cref="Part"/>, for a part that can be resumed: it begins where it has not begun yet, whatever <paramref name="resume"/> says.</summary>
    internal RunDirectory TrainingPart(string name, bool resume) => OpenTraining(PathOf(name), describe, resume && HasBegun(PathOf(name)));

    /// <summary>Writes run.json again: <c>running</c>, <c>finished</c>, <c>interrupted</c> or <c>failed</c>, with a reason where there is one.</summary>
    public void SetStatus(string status, string? reason = null) => WriteJson("run.json", json =>
    {
        json.WriteStartObject();
        json.WriteString("status", status);
        if (reason is not null)
            json.WriteString("reason", reason);
        describe(json);
        json.WriteEndObject();
    });

    /// <summary>Writes a JSON file whole or not at all.</summary>
    public void WriteJson(string name, Action<Utf8JsonWriter> write) => AtomicFile.Write(PathOf(name), stream =>
    {
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            write(json);
        stream.WriteByte((byte)'\n');
    });

    /// <summary>Writes a text file whole or not at all.</summary>
    public void WriteText(string name, string text) => AtomicFile.Write(PathOf(name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Appends one object to metrics.jsonl.</summary>
    public void AppendMetrics(Action<Utf8JsonWriter> write)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        using var file = new FileStream(PathOf(MetricsName), FileMode.Append, FileAccess.Write);
        line.WriteTo(file);
    }

    /// <summary>Brings the metrics to the device, so that a state which counts them in never outlives them.</summary>
    internal void SyncMetrics()
    {
        using var file = new FileStream(PathOf(MetricsName), FileMode.OpenOrCreate, FileAccess.Write);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Forgets the metrics behind the first <paramref name="lines"/>: those of steps that are run again.</summary>
    /// <returns>Whether that many were there.</returns>
    internal bool TruncateMetrics(long lines)
    {
        using var file = new FileStream(PathOf(MetricsName), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        while (lines > 0)
        {
            int next = file.ReadByte();
            if (next < 0)
                return false;
            if (next == '\n')
                lines--;
        }

        file.SetLength(file.Position);
        return true;
    }

    /// <summary>Forgets the metrics of an earlier run in this directory.</summary>
    public void ClearMetrics() => File.Delete(PathOf(MetricsName));

    /// <summary>Where the model of a step is kept; made where missing.</summary>
    internal string KeptAt(long step)
    {
        Directory.CreateDirectory(PathOf(KeptFolder));
        return Path.Combine(PathOf(KeptFolder), string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}.safetensors"));
    }

    /// <summary>Removes kept models of steps after <paramref name="step"/>, and of those up to it all but the last <paramref name="count"/>.</summary>
    internal void Prune(long step, int count)
    {
        string last = string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}.safetensors");
        string[] kept = [.. KeptIn(Root).Order(StringComparer.Ordinal)];
        string[] until = [.. kept.Where(file => string.CompareOrdinal(Path.GetFileName(file), last) <= 0)];
        foreach (string file in kept.Except(until.TakeLast(count)))
            File.Delete(file);
    }

    private static string[] KeptIn(string path)
    {
        string folder = Path.Combine(path, KeptFolder);
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "step-????????.safetensors") : [];
    }
}
