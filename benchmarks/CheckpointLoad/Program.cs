using System.Diagnostics;
using System.Globalization;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Native.Evaluation;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

// How long a checkpoint takes to be ready, and how much memory. Usage:
//   CheckpointLoad make FILE      writes ViT-B/16 with 1000 classes (346 MB)
//   CheckpointLoad load FILE      loads it once, in a process of its own, and prints seconds and the process's peak memory
//   CheckpointLoad forward PRESET computes the answer to one image with random weights, and prints peak memory beside what was planned
switch (args)
{
    case ["make", var path]:
    {
        var source = ModelSource.Resolve("vit_base_patch16_224");
        using var store = source.LoadClassifier(_ => false, seed: 1);
        source.Save(path, store);
        return 0;
    }

    case ["load", var path]:
    {
        long before = PeakKilobytes(), start = Stopwatch.GetTimestamp();
        using var store = ModelSource.Resolve(path).LoadClassifier(_ => false, seed: 0);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double megabytes = new FileInfo(path).Length / 1e6, peak = PeakKilobytes() * 1024 / 1e6;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{megabytes:F0} MB ready in {1000 * seconds:F0} ms; peak memory {peak:F0} MB ({peak / megabytes:F2} of the file), {before * 1024 / 1e6:F0} MB of it before loading"));
        return 0;
    }

    case ["forward", var preset]:
    {
        long before = PeakKilobytes();
        var source = ModelSource.Resolve(preset);
        using var store = source.LoadClassifier(_ => false, seed: 1);
        using var backend = new CpuBackend();
        using var predictor = new ClassifierPredictor(preset, source.Model, store, source.Normalization, batchSize: 1);
        long start = Stopwatch.GetTimestamp();
        predictor.Predict(backend, [0]);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double planned = BenchmarkWorkflow.Plan(source, batchSize: 1, Precision.Fp32).PeakBytes / 1e6, peak = (PeakKilobytes() - before) * 1024 / 1e6;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{preset}, one image: {planned:F0} MB planned, {peak:F0} MB taken beside the runtime's {before * 1024 / 1e6:F0} MB ({peak / planned:F3} of the plan); {seconds:F1} s"));
        return 0;
    }

    default:
        Console.Error.WriteLine("CheckpointLoad: make FILE, load FILE or forward PRESET expected");
        return 2;
}

static long PeakKilobytes()
{
    string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
    return long.Parse(line.AsSpan(6, line.Length - 9), CultureInfo.InvariantCulture);
}
