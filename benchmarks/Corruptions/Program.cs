using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;

// Speed of every corruption on one photograph at 224 pixels, severity 3, one thread, beside the reference Python.
// usage: Corruptions PHOTO REFERENCE.json [PEER.json] RESULT.json

const int severity = 3;
const double secondsWarm = 0.3; // the just-in-time compiler is done by then
const double secondsEach = 0.6;
string photo = args[0], referencePath = args[1], resultPath = args[^1];
string? peerPath = args.Length > 3 ? args[2] : null;
using var reference = JsonDocument.Parse(File.ReadAllBytes(referencePath));
using var peer = peerPath is null ? null : JsonDocument.Parse(File.ReadAllBytes(peerPath));
var source = new Image8(1, 1, 1);
ImageFile.Read(photo, source, channels: 3);
var destination = new Image8(1, 1, 1);
var scratch = new CorruptionScratch();

var rows = new List<(string Name, double Best, double Median, double Reference, double? Peer)>();
foreach (var corruption in CorruptionCatalog.All)
{
    var times = new List<double>();
    var whole = Stopwatch.StartNew();
    for (uint sample = 0; whole.Elapsed.TotalSeconds < secondsWarm; sample++)
        corruption.Apply(source, destination, severity, CorruptionSeed.Stream(1, corruption, severity, sample), scratch);
    whole.Restart();
    for (uint sample = 0; whole.Elapsed.TotalSeconds < secondsEach || times.Count < 20; sample++)
    {
        var stream = CorruptionSeed.Stream(1, corruption, severity, sample);
        long before = Stopwatch.GetTimestamp();
        corruption.Apply(source, destination, severity, stream, scratch);
        times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
    }

    if (Environment.GetEnvironmentVariable("TIMES") == corruption.Name) Console.WriteLine(string.Join(' ', times.Take(60).Select(t => t.ToString("F1"))));
    times.Sort();
    rows.Add((
        corruption.Name, times[0], times[times.Count / 2],
        reference.RootElement.GetProperty("corruptions").GetProperty(corruption.Name).GetProperty("ms_wall_best").GetDouble(),
        peer?.RootElement.GetProperty("corruptions").GetProperty(corruption.Name).GetProperty("ms_best").GetDouble()));
}

Console.WriteLine($"{"",-18}{"ours ms",9}{"median",9}{"reference",11}{"ratio",8}{(peer is null ? "" : $"{"peer ms",10}{"ratio",8}")}");
foreach (var row in rows)
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{row.Name,-18}{row.Best,9:F3}{row.Median,9:F3}{row.Reference,11:F3}{row.Reference / row.Best,8:F1}{(row.Peer is { } p ? $"{p,10:F3}{p / row.Best,8:F1}" : "")}"));
double ours = rows.Sum(row => row.Best), theirs = rows.Sum(row => row.Reference);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"sum",-18}{ours,9:F3}{rows.Sum(r => r.Median),9:F3}{theirs,11:F3}{theirs / ours,8:F1}"));

using var stream2 = File.Create(resultPath);
using var json = new Utf8JsonWriter(stream2, new JsonWriterOptions { Indented = true });
json.WriteStartObject();
json.WriteString("what", "milliseconds for one 224x224 RGB photograph, severity 3, one thread, image in memory to image in memory; best and median call");
json.WriteString("processor", Processor());
json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
json.WriteBoolean("vectors_of_512_bits", Vector512.IsHardwareAccelerated);
json.WriteString("reference", "ms_wall_best of peers/corruptions_reference_speed.json: the published Python functions, one core of an AMD EPYC");
if (peer is not null)
    json.WriteString("peer", peer.RootElement.GetProperty("what").GetString());
json.WriteStartObject("corruptions");
foreach (var row in rows)
{
    json.WriteStartObject(row.Name);
    json.WriteNumber("ms_best", Math.Round(row.Best, 4));
    json.WriteNumber("ms_median", Math.Round(row.Median, 4));
    json.WriteNumber("reference_ms", row.Reference);
    json.WriteNumber("times_faster", Math.Round(row.Reference / row.Best, 2));
    if (row.Peer is { } p)
    {
        json.WriteNumber("peer_ms", p);
        json.WriteNumber("times_faster_than_peer", Math.Round(p / row.Best, 2));
    }

    json.WriteEndObject();
}

json.WriteEndObject();
json.WriteNumber("all_19_ms", Math.Round(ours, 3));
json.WriteNumber("reference_all_19_ms", theirs);
json.WriteNumber("times_faster", Math.Round(theirs / ours, 2));
json.WriteEndObject();

static string Processor() =>
    File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
        : RuntimeInformation.ProcessArchitecture.ToString();
