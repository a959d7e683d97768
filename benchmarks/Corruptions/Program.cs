using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;
using Robustify.Benchmarks.Corruptions;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;

// Speed of every corruption at every severity on one photograph at 224 pixels, one thread, in turn with a Python twin; severity 3 beside stored
// figures of the published functions too.
// usage: Corruptions PHOTO REFERENCE.json RESULT.json ROUNDS [TWIN ARGUMENTS...]

const double secondsWarm = 0.3; // the just-in-time compiler is done by then
const double secondsEach = 0.1;
string photo = args[0], referencePath = args[1], resultPath = args[2];
int rounds = int.Parse(args[3], CultureInfo.InvariantCulture);
using var reference = JsonDocument.Parse(File.ReadAllBytes(referencePath));
using var twin = args.Length > 4 ? new Twin(args[4], args[5..]) : null;
var source = new Image8(1, 1, 1);
ImageFile.Read(photo, source, channels: 3);
var destination = new Image8(1, 1, 1);
var scratch = new CorruptionScratch();
int[] severities = [.. Enumerable.Range(1, Corruption.MaxSeverity)];
var cases = CorruptionCatalog.All.SelectMany(corruption => severities.Select(severity => new Case(corruption, severity))).ToArray();

foreach (var corruption in CorruptionCatalog.All)
    Run(corruption, 3, secondsWarm, []);

// In turn, so that both meet the same state of the machine; the best call of all rounds counts.
for (int round = 0; round < rounds; round++)
{
    foreach (var one in cases)
    {
        Run(one.Corruption, one.Severity, secondsEach, one.Ours);
        if (twin is not null)
            one.Theirs.Add(twin.Time(one.Corruption.Name, one.Severity, secondsEach).Best);
    }
}

var rows = cases.Chunk(severities.Length).Select(five => new Row(
    five[0].Corruption.Name, [.. five.Select(one => one.Ours.Min())], five[2].Ours.Order().ElementAt(five[2].Ours.Count / 2),
    reference.RootElement.GetProperty("corruptions").GetProperty(five[0].Corruption.Name).GetProperty("ms_wall_best").GetDouble(),
    twin is null ? null : [.. five.Select(one => one.Theirs.Min())])).ToArray();
Print(rows);
Write(rows);

void Run(Corruption corruption, int severity, double seconds, List<double> times)
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
    Console.WriteLine($"{"severity 3",-18}{"ours ms",9}{"median",9}{"twin",10}{"ratio",8}{"published",11}{"ratio",8}   least ratio to the twin of 1..5");
    foreach (var row in rows.Append(Sum(rows)))
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{row.Name,-18}{row.Best[2],9:F3}{row.Median,9:F3}{row.Twin?[2],10:F3}{row.Ratios?[2],8:F1}{row.Reference,11:F3}{row.Reference / row.Best[2],8:F1}{row.Ratios?.Min(),8:F1}"));
    }
}

void Write(Row[] rows)
{
    using var stream = File.Create(resultPath);
    using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
    json.WriteStartObject();
    json.WriteString("what", "milliseconds for one 224x224 RGB photograph, one thread on one core, image in memory to image in memory; best call at severities 1 to 5, median call at severity 3");
    json.WriteString("processor", Processor());
    json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
    json.WriteBoolean("vectors_of_512_bits", Vector512.IsHardwareAccelerated);
    json.WriteNumber("rounds", rounds);
    if (twin is not null)
        json.WriteString("twin", $"processor time of the best call of peers/corruptions.py on the same core, in turn in the same run: {twin.Versions}; frost reads its overlay in each call, as published");
    json.WriteString("published", "ms_wall_best of peers/corruptions_reference_speed.json: the published Python functions at severity 3 on one core of an AMD EPYC, another run");
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
    WriteFive(json, "ms_best", row.Best, 4);
    json.WriteNumber("ms_median", Math.Round(row.Median, 4));
    if (row.Twin is { } twin)
    {
        WriteFive(json, "twin_ms_best", twin, 4);
        WriteFive(json, "times_faster_than_twin", row.Ratios!, 2);
        json.WriteNumber("least_times_faster_than_twin", Math.Round(row.Ratios!.Min(), 2));
    }

    json.WriteNumber("published_ms_best", Math.Round(row.Reference, 4));
    json.WriteNumber("times_faster_than_published", Math.Round(row.Reference / row.Best[2], 2));
}

static void WriteFive(Utf8JsonWriter json, string name, double[] values, int digits)
{
    json.WriteStartArray(name);
    foreach (double value in values)
        json.WriteNumberValue(Math.Round(value, digits));
    json.WriteEndArray();
}

static Row Sum(Row[] rows) => new(
    "all", Total(rows.Select(r => r.Best)), rows.Sum(r => r.Median), rows.Sum(r => r.Reference), rows.All(r => r.Twin is not null) ? Total(rows.Select(r => r.Twin!)) : null);

static double[] Total(IEnumerable<double[]> rows) => rows.Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);

static string Processor() =>
    File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
        : RuntimeInformation.ProcessArchitecture.ToString();

/// <summary>Calls of one corruption at one severity, in milliseconds.</summary>
internal sealed record Case(Corruption Corruption, int Severity)
{
    public List<double> Ours { get; } = [];

    public List<double> Theirs { get; } = [];
}

/// <summary>One corruption's milliseconds at the five severities; the median and the published figure are those of severity 3.</summary>
internal sealed record Row(string Name, double[] Best, double Median, double Reference, double[]? Twin)
{
    public double[]? Ratios => Twin?.Zip(Best, (theirs, ours) => theirs / ours).ToArray();
}
