using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Models.Checkpoints;
using Xunit.Abstractions;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>
/// Mutated checkpoints, and mutated files beside them: each is loaded as a model with what it holds, or refused. ROBUSTIFY_FUZZ_KEEP names a
/// folder that gets the files of PyTorch that are read, each with what is read as safetensors, for benchmarks/peers/torch_fuzz.py.
/// </summary>
public sealed class CheckpointFuzzTests(ITestOutputHelper output)
{
    // Writing goes to the device each time, so a few files are converted.
    private const int ConvertEvery = 25;

    // A small file beside the checkpoint is read up to four times, one after the other; what each time leaves behind is counted as well.
    private const int Configuration = 10;

    private static readonly string? Kept = Environment.GetEnvironmentVariable("ROBUSTIFY_FUZZ_KEEP");

    public static TheoryData<string> Formats() => [.. FuzzSeeds.All.Keys];

    [Theory]
    [MemberData(nameof(Formats))]
    public void AMutatedFileIsReadOrRefusedInOneLine(string format)
    {
        using TemporaryFolder folder = new(), kept = new();
        var seed = FuzzSeeds.All[format](folder);
        byte[] original = File.ReadAllBytes(seed.Mutated);
        var places = new Dictionary<string, (int Begin, int Length)>();
        bool isTorch = seed.Kind is FileKind.TorchArchive or FileKind.TorchLegacy;
        if (isTorch)
        {
            using var sound = TensorFiles.Open(seed.Path);
            places = StoredTensors.Places(sound);
        }

        new FuzzRun(format, output).Of(seed.Mutated, seed.Kind, seed.Bytes, () => ReadWhole(seed.Path), Check, seed.Kind == FileKind.Json ? Configuration : 2);

        void Check(byte[] mutated, int number)
        {
            string what = $"{format}, file {number}";
            using (var file = TensorFiles.Open(seed.Path))
            {
                if (!isTorch)
                    StoredTensors.HoldAgainstSafetensors(file, folder.Path, what);
                else if (StoredTensors.DifferInElementsAlone(original, mutated, places))
                    StoredTensors.HoldAgainstPlaces(file, mutated, places, what);
            }

            if (isTorch && Kept is { Length: > 0 } && number >= 0)
            {
                File.Copy(seed.Path, Path.Combine(Kept, $"{format}-{number}.pth"), overwrite: true);
                Convert(seed.Path, Path.Combine(Kept, $"{format}-{number}.safetensors"), what);
            }
            else if (number % ConvertEvery == 0)
                Convert(seed.Path, kept.File("converted.safetensors"), what);
        }
    }

    private static long ReadWhole(string path)
    {
        using var reader = CheckpointReader.Open(path);
        long largest = 0;
        foreach (string name in reader.EngineNames)
            largest = Math.Max(largest, reader.Shape(name).Aggregate(1L, (a, b) => a * b));
        var values = new float[largest];
        foreach (string name in reader.EngineNames)
            reader.Read(name, values.AsSpan(0, reader.Shape(name).Aggregate(1, (a, b) => a * b)));

        var source = ModelSource.Resolve(path);
        var (mean, std) = (source.Normalization.Mean, source.Normalization.Std);
        Assert.True(mean.All(double.IsFinite) && std.All(s => double.IsFinite(s) && s > 0) && source.Model.ImageSize is > 0 and <= 4096, $"{path}: impossible preprocessing");
        if (source.Model.Classes == 0)
            return 0; // A CLIP without a classifier has none to load.

        // What no thread of this process counts: the parameters lie outside the managed heap.
        long parameters = source.Model.AllSpecs().Sum(s => s.Shape.Count * sizeof(float));
        source.LoadClassifier(_ => false, seed: 0).Dispose();
        return parameters;
    }

    // What is written holds the same tensors.
    private static void Convert(string path, string converted, string what)
    {
        var source = ModelSource.Resolve(path);
        source.Convert(converted, CheckpointNaming.Same, null, source.Preprocessing);
        using ITensorFile from = TensorFiles.Open(path), to = TensorFiles.Open(converted);
        Assert.Equal(from.Names, to.Names);
        foreach (string name in from.Names)
            Assert.True(from.Require(name).Data.SequenceEqual(to.Require(name).Data), $"{what}: '{name}' is converted wrongly");
    }
}
