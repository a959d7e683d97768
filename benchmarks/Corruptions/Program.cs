using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;
using Robustify.Benchmarks.Corruptions;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;

// Speed of every corruption on one photograph at 224 pixels, severity 3, one thread, in turn with a Python twin, beside stored figures of the
// published functions.
// usage: Corruptions PHOTO REFERENCE.json RESULT.json ROUNDS [TWIN ARGUMENTS...]

const int severity = 3;
const double secondsWarm = 0.2; // the just-in-time compiler is done by then
const double secondsEach = 0.3;
string photo = args[0], referencePath = args[1], resultPath = args[2];
int rounds = int.Parse(args[3], CultureInfo.InvariantCulture);
using var reference = JsonDocument.Parse(File.ReadAllBytes(referencePath));
using var twin = args.Length > 4 ? new Twin(args[4], args[5..]) : null;
var source = new Image8(1, 1, 1);
ImageFile.Read(photo, source, channels: 3);
var destination = new Image8(1, 1, 1);
var scratch = new CorruptionScratch();
var ours = CorruptionCatalog.All.ToDictionary(c => c.Name, _ => new List<double>());
var theirs = CorruptionCatalog.All.ToDictionary(c => c.Name, _ => new List<Twin.Times>());

// In turn, so that both meet the same state of the machine; the best call of all rounds counts.
for (int round = 0; round < rounds; round++)
{
    foreach (var corruption in CorruptionCatalog.All)
    {
        Run(corruption, secondsWarm, []);
        Run(corruption, secondsEach, ours[corruption.Name]);
        if (twin is not null)
            theirs[corruption.Name].Add(twin.Time(corruption.Name, severity, secondsEach));
    }
}

var rows = CorruptionCatalog.All.Select(c => new Row(
    c.Name, ours[c.Name].Min(), ours[c.Name].Order().ElementAt(ours[c.Name].Count / 2),
    reference.RootElement.GetProperty("corruptions").GetProperty(c.Name).GetProperty("ms_wall_best").GetDouble(),
    twin is null ? null : theirs[c.Name].Min(t => t.Best))).ToArray();
Print(rows);
Write(rows);

void Run(Corruption corruption, double seconds, List<double> times)
{
    var whole = Stopwatch.StartNew();
    for (uint sample = 0; whole.Elapsed.TotalSeconds < seconds; sample++)
    {
        var stream = CorruptionSeed.Stream(1, corruption, severity, sample);
        long before = Stopwatch.GetTimestamp();
        corruption.Apply(source, destination, severity, stream, scratch);
        times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
    }
}

void Print(Row[] rows)
{
    Console.WriteLine($"{"",-18}{"ours ms",9}{"median",9}{"twin",10}{"ratio",8}{"published",11}{"ratio",8}");
    foreach (var row in rows.Append(Sum(rows)))
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{row.Name,-18}{row.Best,9:F3}{row.Median,9:F3}{row.Twin,10:F3}{row.Twin / row.Best,8:F1}{row.Reference,11:F3}{row.Reference / row.Best,8:F1}"));
    }
}

void Write(Row[] rows)
{
    using var stream = File.Create(resultPath);
    using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
    json.WriteStartObject();
    json.WriteString("what", "milliseconds for one 224x224 RGB photograph, severity 3, one thread on one core, image in memory to image in memory; best and median call");
    json.WriteString("processor", Processor());
    json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
    json.WriteBoolean("vectors_of_512_bits", Vector512.IsHardwareAccelerated);
    json.WriteNumber("rounds", rounds);
    if (twin is not null)
        json.WriteString("twin", $"processor time of the best call of peers/corruptions.py on the same core, in turn in the same run: {twin.Versions}; frost reads its overlay in each call, as published");
    json.WriteString("published", "ms_wall_best of peers/corruptions_reference_speed.json: the published Python functions on one core of an AMD EPYC, another run");
    json.WriteStartObject("corruptions");
    foreach (var row in rows)
    {
        json.WriteStartObject(row.Name);
        WriteRow(json, row);
        json.WriteEndObject();
    }

    json.WriteEndObject();
    json.WriteStartObject("all_19");
    WriteRow(json, Sum(rows));
    json.WriteEndObject();
    json.WriteEndObject();
}

static void WriteRow(Utf8JsonWriter json, Row row)
{
    json.WriteNumber("ms_best", Math.Round(row.Best, 4));
    json.WriteNumber("ms_median", Math.Round(row.Median, 4));
    if (row.Twin is { } twin)
    {
        json.WriteNumber("twin_ms_best", Math.Round(twin, 4));
        json.WriteNumber("times_faster_than_twin", Math.Round(twin / row.Best, 2));
    }

    json.WriteNumber("published_ms_best", Math.Round(row.Reference, 4));
    json.WriteNumber("times_faster_than_published", Math.Round(row.Reference / row.Best, 2));
}

static Row Sum(Row[] rows) => new(
    "all", rows.Sum(r => r.Best), rows.Sum(r => r.Median), rows.Sum(r => r.Reference), rows.All(r => r.Twin is not null) ? rows.Sum(r => r.Twin) : null);

static string Processor() =>
    File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
        : RuntimeInformation.ProcessArchitecture.ToString();

/// <summary>One corruption's milliseconds.</summary>
internal sealed record Row(string Name, double Best, double Median, double Reference, double? Twin);
