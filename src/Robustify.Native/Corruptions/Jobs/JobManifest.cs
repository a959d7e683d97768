using System.Text;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Files;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>
/// <c>corrupt.json</c> in the folder a job writes: everything the pictures depend on. An interrupted job finds there that its files are the
/// ones it would write again; another job finds that they are not.
/// </summary>
internal static class JobManifest
{
    private const string Name = "corrupt.json";
    private const string Separator = "; ";
    private const long MaxBytes = 1 << 26;

    /// <summary>Whether the folder holds files of this very job, to be kept. Refuses files of another job.</summary>
    /// <exception cref="RobustifyException">The folder holds another job's files and these are not to be overwritten.</exception>
    public static bool Continues(CorruptionJobOptions options, CorruptionFiles files)
    {
        string path = Path.Combine(options.Output, Name);
        if (!File.Exists(path) || options.Overwrite)
            return false;
        using var bytes = FileBytes.Read(path, MaxBytes);
        if (bytes.Span.StartsWith(Describe(options, files)))
            return true;
        throw new RobustifyException(
            $"{path}: the folder holds pictures of another job (other pictures, seed, severities or format); name another folder or pass --overwrite");
    }

    /// <summary>Writes the description, and the report once there is one.</summary>
    public static void Write(CorruptionJobOptions options, CorruptionFiles files, CorruptionReport? report)
    {
        byte[] description = Describe(options, files);
        AtomicFile.Write(Path.Combine(options.Output, Name), stream =>
        {
            stream.Write(description);
            stream.Write("  \"status\": "u8);
            using (var json = new Utf8JsonWriter(stream))
                json.WriteStringValue(report is null ? "running" : "finished");
            if (report is not null)
                WriteReport(stream, report);
            stream.Write("\n}\n"u8);
        });
    }

    // The part that must be equal, up to and without the status; it is compared as bytes.
    private static byte[] Describe(CorruptionJobOptions options, CorruptionFiles files)
    {
        var text = new StringBuilder("{\n");
        Line("corruptions", string.Join(' ', options.Corruptions.Select(corruption => corruption.Name)));
        foreach (var corruption in options.Corruptions.Where(corruption => corruption.Ingredients is not null))
            Line(corruption.Name, corruption.Ingredients!);
        Line("severities", string.Join(' ', options.Severities));
        Line("seed", $"{options.Seed}");
        Line("format", files.Encoding == ImageEncoding.Jpeg ? $"jpeg, quality {options.Quality}" : "png");
        Line("prepared", $"{options.Preparation}");
        Line("channels", options.Channels == ImageFile.ChannelsAsStored ? "as stored" : $"{options.Channels}");
        Line("layout", options.HasConditionFolders ? "corruption/severity/path" : "path");
        Line("caveats", string.Join(Separator, Caveats(options)));
        Line("pictures", $"{files.Pictures.Length}, fingerprint of their paths {Fingerprint(files.Pictures):x16}");
        return Encoding.UTF8.GetBytes(text.ToString());

        void Line(string name, string value) => text.Append($"  \"{name}\": \"{JsonEncodedText.Encode(value)}\",\n");
    }

    public static string[] Caveats(CorruptionJobOptions options) =>
        [.. options.Corruptions.Where(corruption => corruption.Caveat is not null).Select(corruption => $"{corruption.Name}: {corruption.Caveat}")];

    /// <summary>The caveats of the pictures in a folder that a job has written; none where none has.</summary>
    public static IEnumerable<(string Corruption, string Reason)> ReadCaveats(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            return [];
        using var bytes = FileBytes.Read(path, MaxBytes);
        try
        {
            using var document = JsonDocument.Parse(bytes.Span.ToArray());
            string[] lines = document.RootElement.GetProperty("caveats").GetString()!.Split(Separator, StringSplitOptions.RemoveEmptyEntries);
            return [.. lines.Select(line => line.Split(": ", 2)).Where(parts => parts.Length == 2).Select(parts => (parts[0], parts[1]))];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RobustifyException($"{path}: is not what the verb corrupt writes ({OneLine.Of(e.Message, 200)}); move it away or make the set again", e);
        }
    }

    private static void WriteReport(Stream stream, CorruptionReport report)
    {
        stream.Write(",\n  \"unusable\": "u8);
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var (path, reason) in report.Unusable)
                json.WriteString(path, reason);
            json.WriteEndObject();
        }

        stream.Write(",\n  \"passed_over\": "u8);
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (string path in report.PassedOver)
                json.WriteStringValue(path);
            json.WriteEndArray();
        }
    }

    // FNV-1a of the paths in order: a picture more or less moves the sample indices of all behind it.
    private static ulong Fingerprint(string[] paths)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (string path in paths)
        {
            foreach (byte value in Encoding.UTF8.GetBytes(path))
                hash = (hash ^ value) * 0x100000001B3;
            hash = (hash ^ '\n') * 0x100000001B3;
        }

        return hash;
    }
}
