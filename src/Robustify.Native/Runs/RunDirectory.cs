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
        using var file = new FileStream(PathOf("metrics.jsonl"), FileMode.Append, FileAccess.Write);
        line.WriteTo(file);
    }

    /// <summary>Forgets the metrics of an earlier run in this directory.</summary>
    public void ClearMetrics() => File.Delete(PathOf("metrics.jsonl"));
}
