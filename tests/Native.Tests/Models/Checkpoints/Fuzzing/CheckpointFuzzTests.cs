using System.Diagnostics;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints.Fuzzing;

/// <summary>
/// Mutated files of every format: each is loaded as a model or refused in one line, at once, and without memory beyond the file's size. The
/// seed is fixed; ROBUSTIFY_FUZZ sets the number of files of each format (10000 for a full run).
/// </summary>
public sealed class CheckpointFuzzTests
{
    private const int ShortRun = 400;
    private const ulong Seed = 20260917;

    // What a refusal itself costs (the exception and its stack trace), or a model of a few kilobytes (the tables of three readers and the
    // layers), about 300 kB for an archive of PyTorch.
    private const long FixedBytes = 384 * 1024;

    private static readonly int Files = int.TryParse(Environment.GetEnvironmentVariable("ROBUSTIFY_FUZZ"), out int count) && count > 0 ? count : ShortRun;

    public static TheoryData<string> Formats() => [.. FuzzSeeds.All.Keys];

    [Theory]
    [MemberData(nameof(Formats))]
    public void AMutatedFileIsReadOrRefusedInOneLine(string format)
    {
        using var folder = new TemporaryFolder();
        var seed = FuzzSeeds.All[format](folder);
        ReadWhole(seed.Path, seed.Bytes); // Compiles what the timing below would otherwise count, and shows the seed is sound.
        byte[] original = File.ReadAllBytes(seed.Mutated);
        int refused = 0, read = 0;
        for (int i = 0; i < Files; i++)
        {
            byte[] mutated = Mutation.Of(original, new PhiloxStream(Seed, RandomPurpose.Initialization, 0, (uint)i), FuzzSeeds.Words);
            File.WriteAllBytes(seed.Mutated, mutated);
            long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            try
            {
                ReadWhole(seed.Path, seed.Bytes);
                read++;
            }
            catch (RobustifyException e)
            {
                refused++;
                RawSafetensors.OneLineOf(e);
            }
            catch (Exception e)
            {
                Assert.Fail($"{format}, file {i}: {e}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= 2L * seed.Bytes + FixedBytes, $"{format}, file {i}: {allocated} bytes allocated for {seed.Bytes}");
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 1, $"{format}, file {i}: more than a second");
        }

        // Both must be frequent, else the mutations are too wild or too tame to say anything.
        Assert.True(refused > Files / 10 && read > Files / 1000, $"{format}: {refused} refused, {read} read");
    }

    private static void ReadWhole(string path, long bytes)
    {
        using var reader = CheckpointReader.Open(path);
        long largest = 0;
        foreach (string name in reader.EngineNames)
            largest = Math.Max(largest, reader.Shape(name).Aggregate(1L, (a, b) => a * b));
        var values = new float[largest];
        foreach (string name in reader.EngineNames)
            reader.Read(name, values.AsSpan(0, reader.Shape(name).Aggregate(1, (a, b) => a * b)));

        var source = ModelSource.Resolve(path);
        if (source.Model.Classes == 0)
            return; // A CLIP without a classifier has none to load.

        // What no thread of this process counts: the parameters lie outside the managed heap.
        long parameters = source.Model.AllSpecs().Sum(s => s.Shape.Count * sizeof(float));
        Assert.True(parameters <= 2 * bytes + FixedBytes, $"{path}: a model of {parameters} bytes from {bytes}");
        source.LoadClassifier(_ => false, seed: 0).Dispose();
    }
}
