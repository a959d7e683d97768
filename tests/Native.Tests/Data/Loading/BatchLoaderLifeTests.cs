using Robustify.Kernels;
using Robustify.Native.Augment;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Tests.Data.Loading;

/// <summary>Errors, ends and memory of the loader.</summary>
public sealed class BatchLoaderLifeTests
{
    private static readonly BatchLoaderOptions Options = new()
    {
        BatchSize = 8, ImageSize = 12, Normalization = Normalization.Half(3), Seed = 7, AugMixViews = 1, Workers = 3,
        AugMix = new AugMixOptions { AllOperations = true }, StandardAugmentation = StandardAugmentationOptions.SmallImages,
    };

    private static readonly int[] All = [.. Enumerable.Range(0, 64)];

    [Fact]
    public void WorkersErrorReachesTheConsumerAtItsBatchWithItsOwnMessage()
    {
        var source = new SyntheticSource(64, 12, 3) { Broken = { 21, 22, 23, 40 } };
        using var loader = new BatchLoader(source, All, Options with { Mode = LoaderMode.Evaluation });
        loader.StartEpoch(0);
        Assert.Equal(0, loader.Next()!.Index);
        Assert.Equal(1, loader.Next()!.Index);
        // Of several broken images the first in order is named, whichever worker was faster; asking again says the same.
        Assert.Equal("image 21 is broken; repair it", Assert.Throws<RobustifyException>(() => loader.Next()).Message);
        Assert.Equal("image 21 is broken; repair it", Assert.Throws<RobustifyException>(() => loader.Next()).Message);

        source.Broken.Clear();
        loader.StartEpoch(0, 2);
        Assert.Equal(16u, loader.Next()!.SampleIds[0]);
    }

    [Fact]
    public void SizeThatDoesNotFitTheModelReachesTheConsumer()
    {
        using var loader = new BatchLoader(new SyntheticSource(64, 14, 3), All, Options);
        loader.StartEpoch(0);
        Assert.Contains("14x14", Assert.Throws<RobustifyException>(() => loader.Next()).Message);
    }

    [Fact]
    public void DisposeStopsWorkersWithinABatch()
    {
        int reads = 0;
        var source = new SyntheticSource(64, 12, 3)
        {
            OnRead = () =>
            {
                Interlocked.Increment(ref reads);
                Thread.Sleep(20);
            },
        };
        var loader = new BatchLoader(source, All, Options with { BatchSize = 64 });
        loader.StartEpoch(0);
        while (Volatile.Read(ref reads) == 0)
            Thread.Sleep(1);
        int before = Volatile.Read(ref reads);
        loader.Dispose();
        int after = Volatile.Read(ref reads);
        // Each of three workers finishes the sample it is at and may have begun one more just before; a run is 5, the batch 64.
        Assert.InRange(after - before, 0, 6);
        Thread.Sleep(50);
        Assert.Equal(after, Volatile.Read(ref reads));
        Assert.Throws<ObjectDisposedException>(() => loader.Next());
        loader.Dispose();
    }

    [Fact]
    public void DisposeReleasesAConsumerThatWaits()
    {
        using var reading = new ManualResetEventSlim();
        var source = new SyntheticSource(64, 12, 3)
        {
            OnRead = () =>
            {
                reading.Set();
                Thread.Sleep(20);
            },
        };
        var loader = new BatchLoader(source, All, Options with { BatchSize = 64 });
        loader.StartEpoch(0);
        Exception? seen = null;
        var consumer = new Thread(() => seen = Record.Exception(() => loader.Next()));
        consumer.Start();
        reading.Wait();
        loader.Dispose();
        Assert.True(consumer.Join(TimeSpan.FromSeconds(5)));
        Assert.IsType<ObjectDisposedException>(seen);
    }

    [Fact]
    public void WarmEpochAllocatesNoManagedMemory()
    {
        // Each worker's own counter at each read: what lies between two reads is a whole sample with its locking.
        var marks = new ThreadLocal<long[]>(() => [-1, 0], trackAllValues: true);
        bool warm = false;
        var source = new SyntheticSource(64, 12, 3)
        {
            OnRead = () =>
            {
                var mark = marks.Value!;
                long allocated = GC.GetAllocatedBytesForCurrentThread();
                if (!Volatile.Read(ref warm))
                    return;
                if (mark[0] < 0)
                    mark[0] = allocated;
                mark[1] = allocated;
            },
        };
        using var loader = new BatchLoader(source, All, Options);
        for (int epoch = 0; epoch < 5; epoch++)
            Drain(loader, epoch);
        Volatile.Write(ref warm, true);
        loader.StartEpoch(5);
        loader.Next();
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (loader.Next() is not null)
        {
        }

        long consumer = GC.GetAllocatedBytesForCurrentThread() - before;
        for (int epoch = 6; epoch < 12; epoch++)
            Drain(loader, epoch);
        Assert.Equal(0, consumer);
        Assert.Contains(marks.Values, m => m[0] >= 0);
        Assert.All(marks.Values.Where(m => m[0] >= 0), m => Assert.Equal(0, m[1] - m[0]));
    }

    [Fact]
    public void BadUseIsRefusedInOneLine()
    {
        var source = new SyntheticSource(4, 12, 3);
        foreach (var make in new Action[]
        {
            () => new BatchLoader(source, [], Options),
            () => new BatchLoader(source, [0, 4], Options),
            () => new BatchLoader(source, [-1], Options),
            () => new BatchLoader(source, [0], Options with { BatchSize = 0 }),
            () => new BatchLoader(source, [0], Options with { BatchSize = int.MaxValue }),
            () => new BatchLoader(source, [0], Options with { Workers = 0 }),
            () => new BatchLoader(source, [0], Options with { AugMixViews = 3 }),
            () => new BatchLoader(source, [0], Options with { StandardAugmentation = StandardAugmentationOptions.Photographs }),
        })
        {
            Assert.DoesNotContain('\n', Assert.Throws<RobustifyException>(make).Message);
        }

        using var loader = new BatchLoader(source, [0], Options);
        Assert.Throws<InvalidOperationException>(() => loader.Next());
        Assert.Throws<RobustifyException>(() => loader.StartEpoch(0, 2));
    }

    private static void Drain(BatchLoader loader, int epoch)
    {
        loader.StartEpoch(epoch);
        while (loader.Next() is not null)
        {
        }
    }
}
