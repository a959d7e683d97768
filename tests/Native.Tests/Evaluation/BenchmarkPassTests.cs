using Robustify.Kernels.Cpu;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Loading;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation;

/// <summary>A benchmark's walk over its images: memory, resuming, images that cannot be read.</summary>
public sealed class BenchmarkPassTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly CpuBackend backend = new(2);

    public void Dispose()
    {
        backend.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(7)]
    public void KilledRunGoesOnWithoutLosingOrRecountingAnImage(int callsBeforeTheKill)
    {
        var source = new ComputedSource(200);
        var undisturbed = new FakePredictor("fake");
        using var whole = Open(undisturbed, source, "gaussian_noise", "whole");
        Benchmark.Measure([undisturbed], [whole], Context());

        var killed = new FakePredictor("fake");
        killed.OnPredict = () =>
        {
            if (killed.Calls == callsBeforeTheKill)
                throw new InvalidOperationException("killed");
        };
        using (var first = Open(killed, source, "gaussian_noise", "parts"))
            Assert.Throws<InvalidOperationException>(() => Benchmark.Measure([killed], [first], Context()));
        var resumed = new FakePredictor("fake");
        using var second = Open(resumed, source, "gaussian_noise", "parts");
        Benchmark.Measure([resumed], [second], Context());
        Assert.Equal(undisturbed.Calls, killed.Calls + resumed.Calls);
        Assert.Equal(ReadShared("whole"), ReadShared("parts"));
    }

    [Fact]
    public void ImagesThatCannotBeReadCountInNoFigureAndAreFound()
    {
        var source = new SyntheticSource(100, FakePredictor.Side, 1) { Broken = { 3, 77 } };
        var predictor = new FakePredictor("fake");
        using var measured = Open(predictor, source, "contrast");
        Benchmark.Measure([predictor], [measured], Context());
        var result = ResultReader.Read(["fake"], [predictor], [measured])[0];
        Assert.Equal(98, result.Clean.Images);
        Assert.All(result.Metrics.Values, m => Assert.Equal((98L, 2L), (m.Images, m.Unreadable)));
        Assert.Equal([3, 77], UnreadableColumns.Of(measured.Tables[0], 0, 100));
    }

    [Fact]
    public void StrictRunEndsAtAnImageThatCannotBeRead()
    {
        var source = new SyntheticSource(100, FakePredictor.Side, 1) { Broken = { 3 } };
        var predictor = new FakePredictor("fake");
        using var measured = Open(predictor, source, "contrast");
        var strict = measured with { Pass = measured.Pass with { IsStrict = true } };
        var refused = Assert.Throws<Kernels.RobustifyException>(() => Benchmark.Measure([predictor], [strict], Context()));
        Assert.Contains("image 3 is broken", refused.Message);
    }

    [Fact]
    public void FlipsAreCountedAgainstTheCleanAnswerOfTheSameImage()
    {
        var predictor = new FakePredictor("fake");
        var source = new ComputedSource(300);
        var options = new BenchmarkOptions { Corruptions = [CorruptionCatalog.Find("gaussian_noise")], Severities = [5], CorruptedImages = 130 };
        var pass = Benchmark.OnTheFly(FakePredictor.Side, source, [.. Enumerable.Range(0, 300)], options);
        using var measured = new MeasuredPass(pass, [new MemoryAnswerTable(2, 300)]);
        Benchmark.Measure([predictor], [measured], Context());
        var metrics = ResultReader.Read(["fake"], [predictor], [measured])[0].Metrics;
        Answer[] clean = new Answer[130], noisy = new Answer[130];
        measured.Tables[0].Read(0, 0, clean);
        measured.Tables[0].Read(1, 0, noisy);
        double flips = clean.Zip(noisy).Count(p => p.First.Predicted != p.Second.Predicted) / 130.0;
        Assert.InRange(flips, 0.01, 0.99);
        Assert.Equal(flips, metrics[new Condition("gaussian_noise", 5)].FlipRate, 1e-12);
        Assert.Equal(double.NaN, metrics[Condition.Clean].FlipRate);
    }

    [Fact]
    public void FilesOfTheNextImagesAreReadWhileTheModelsAnswer()
    {
        var source = new ListedSource(200, folder);
        var predictor = new FakePredictor("fake");
        bool[] ahead = new bool[3];
        predictor.OnPredict = () =>
        {
            // Two conditions a batch: during the first of a batch the last file of the next one is asked for. Ten seconds is never needed.
            int batch = predictor.Calls / 2;
            if (batch < ahead.Length && predictor.Calls % 2 == 0)
                ahead[batch] = SpinWait.SpinUntil(() => source.HasAskedFor(Math.Min(64 * (batch + 2), 200) - 1), TimeSpan.FromSeconds(10));
        };
        using var measured = Open(predictor, source, "contrast");
        Benchmark.Measure([predictor], [measured], Context());
        Assert.All(ahead, Assert.True);
    }

    private MeasuredPass Open(FakePredictor predictor, IImageSource source, string corruption, string file = "answers")
    {
        var options = new BenchmarkOptions { Corruptions = [CorruptionCatalog.Find(corruption)], Severities = [3], Seed = 5 };
        var pass = Benchmark.OnTheFly(predictor.Model.ImageSize, source, [.. Enumerable.Range(0, source.Count)], options);
        return new(pass, [FileAnswerTable.Open(folder.PathOf(file), pass.Rows.Count, source.Count)]);
    }

    private byte[] ReadShared(string name)
    {
        using var file = new FileStream(folder.PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private RunContext Context() => new(backend, backend.Threads, SilentProgress.Instance, CancellationToken.None, _ => { });
}
