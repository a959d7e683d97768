using Robustify.Kernels.Cpu;
using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation;

/// <summary>Counts what the whole process allocates, so no other test may run beside it.</summary>
[CollectionDefinition(nameof(FlatMemoryTests), DisableParallelization = true)]
[Collection(nameof(FlatMemoryTests))]
public sealed class FlatMemoryTests
{
    [Fact]
    public void FiftyThousandImagesTakeNoMoreMemoryThanFive()
    {
        const int images = 50_000;
        var predictor = new FakePredictor("fake");
        long after = 0;
        predictor.OnPredict = () =>
        {
            if (predictor.Calls == 100)
                after = GC.GetTotalAllocatedBytes(precise: true);
        };
        using var folder = new TemporaryFolder();
        using var backend = new CpuBackend(2);
        var options = new BenchmarkOptions { Corruptions = [CorruptionCatalog.Find("contrast")], Severities = [3] };
        var pass = Benchmark.OnTheFly(FakePredictor.Side, new ComputedSource(images), [.. Enumerable.Range(0, images)], options);
        using var measured = new MeasuredPass(pass, [FileAnswerTable.Open(folder.PathOf("answers"), pass.Rows.Count, images)]);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Benchmark.Measure([predictor], [measured], new RunContext(backend, backend.Threads, SilentProgress.Instance, CancellationToken.None, _ => { }));
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - after;

        // After the first hundred batches less than 200 bytes a batch, for walking short lists: no image leaves anything behind.
        Assert.InRange(allocated, 0, 200 * images / 64);
        var result = ResultReader.Read(["fake"], [predictor], [measured])[0];
        Assert.Equal(images, result.Clean.Images);
        Assert.Equal(2 * ((images + 63) / 64), predictor.Calls);

        // The figures of one condition need eight bytes an image, and only while they are computed.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 1 << 20);
    }
}
