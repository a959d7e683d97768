using System.Diagnostics;
using System.Globalization;
using Robustify.Benchmarks;
using Robustify.Kernels.Cpu;
using Robustify.Native.Models;

// Prints one line a case: name, batch, images a second. The peer prints the same names, so a script can set them side by side. Usage:
//   Throughput [workers] [seconds a case] [what the name begins with]
int workers = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2;
double seconds = args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 3;
using var backend = new CpuBackend(workers);
Console.Error.WriteLine(backend.Description);
foreach (var (name, preset, batch, training) in (ReadOnlySpan<(string, string, int, bool)>)
[
    ("vit_fashion.train", "vit_fashion", 64, true), ("vit_fashion.forward", "vit_fashion", 64, false),
    ("resnet_fashion.train", "resnet_fashion", 192, true), ("resnet_fashion.forward", "resnet_fashion", 192, false),
    ("vit_tiny_patch16_224.train", "vit_tiny_patch16_224", 8, true), ("resnet18.train", "resnet18", 8, true),
    ("convnext_tiny.train", "convnext_tiny", 4, true), ("convnext_tiny.forward", "convnext_tiny", 4, false),
])
{
    if (args.Length > 2 && !name.StartsWith(args[2], StringComparison.Ordinal))
        continue;
    using var step = new BenchmarkStep(ModelPresets.Create(preset), batch, training);
    step.Run(backend);
    step.Run(backend);
    var watch = Stopwatch.StartNew();
    var times = new List<double>();
    while (watch.Elapsed.TotalSeconds < seconds || times.Count < 3)
    {
        long start = Stopwatch.GetTimestamp();
        step.Run(backend);
        times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    times.Sort();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {batch} {batch / times[times.Count / 2]:F1}"));
}
