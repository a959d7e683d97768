using Robustify.Kernels;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Tests.Data.Loading;

public sealed class BatchLoaderTests
{
    private static readonly BatchLoaderOptions Training = new()
    {
        BatchSize = 10, ImageSize = 16, Normalization = Normalization.Half(1), Seed = 42, AugMixViews = 2,
        StandardAugmentation = new StandardAugmentationOptions { Padding = 2, FlipProbability = 0.5 },
    };

    private static readonly BatchLoaderOptions Evaluation = Training with { Mode = LoaderMode.Evaluation };

    private static readonly int[] All = [.. Enumerable.Range(0, 47)];

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(7, 16)]
    public void WorkerCountAndDepthChangeNoBit(int workers, int depth)
    {
        var expected = Epoch(Training, All, 1);
        Assert.Equal(expected, Epoch(Training with { Workers = workers, PrefetchDepth = depth }, All, 1));
        Assert.Equal(4, expected.Count);
    }

    [Fact]
    public void ResumingInsideAnEpochGivesWhatAnUndisturbedRunGives()
    {
        var undisturbed = Epoch(Training, All, 3);
        Assert.Equal(undisturbed.Skip(2), Epoch(Training with { Workers = 3 }, All, 3, firstBatch: 2));
        Assert.Empty(Epoch(Training, All, 3, firstBatch: 4));
    }

    [Fact]
    public void AbandonedEpochLeavesNoTrace()
    {
        using var loader = new BatchLoader(new SyntheticSource(47, 16, 1), All, Training with { Workers = 3 });
        for (int attempt = 0; attempt < 20; attempt++)
        {
            loader.StartEpoch(attempt);
            for (int batch = 0; batch < attempt % 3; batch++)
                Assert.NotNull(loader.Next());
        }

        loader.StartEpoch(5);
        Assert.Equal(Epoch(Training, All, 5), Drain(loader));
    }

    [Fact]
    public void EveryEpochIsAnotherPermutationOfTheIndices()
    {
        int[] indices = [.. Enumerable.Range(0, 100).Select(i => 3 * i)], first = new int[100], second = new int[100];
        EpochOrder.Shuffle(indices, 1, 0, first);
        EpochOrder.Shuffle(indices, 1, 1, second);
        Assert.Equal(indices, first.Order());
        Assert.Equal(indices, second.Order());
        Assert.NotEqual(first, second);
        Assert.NotEqual(indices, first);
    }

    [Fact]
    public void ShuffleSendsEachSampleToEachPlaceEquallyOften()
    {
        const int size = 5, epochs = 5000;
        var counts = new int[size * size];
        int[] indices = [.. Enumerable.Range(0, size)], order = new int[size];
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            EpochOrder.Shuffle(indices, 8, epoch, order);
            for (int place = 0; place < size; place++)
                counts[place * size + order[place]]++;
        }

        // 1000 expected, standard deviation 28; four and a half of them for 25 cells.
        Assert.All(counts, c => Assert.InRange(c, 1000 - 127, 1000 + 127));
    }

    [Fact]
    public void CleanRowsComeFirstThenEachView()
    {
        using var loader = new BatchLoader(new SyntheticSource(47, 16, 1), All, Training);
        using var cleanLoader = new BatchLoader(new SyntheticSource(47, 16, 1), All, Training with { AugMixViews = 0 });
        loader.StartEpoch(0);
        cleanLoader.StartEpoch(0);
        var batch = loader.Next()!;
        var clean = cleanLoader.Next()!;
        Assert.Equal((3, 10, 30, 256, 30 * 256), (batch.Views, batch.Count, batch.RowCount, batch.RowLength, batch.Images.Length));
        Assert.Equal(clean.Images.ToArray(), batch.View(0).ToArray());
        Assert.Equal(batch.Images[(10 * 256)..(20 * 256)].ToArray(), batch.View(1).ToArray());
        Assert.NotEqual(batch.View(1).ToArray(), batch.View(2).ToArray());
        Assert.Equal(0, batch.ImagesAddress % 64);
    }

    [Fact]
    public void EvaluationKeepsTheOrderAndTheLastPartialBatch()
    {
        int[] indices = [9, 3, 3, 40, 1];
        using var loader = new BatchLoader(new SyntheticSource(47, 16, 1), indices, Evaluation with { BatchSize = 2, Workers = 2 });
        loader.StartEpoch(0);
        var ids = new List<uint>();
        var counts = new List<int>();
        var expected = new float[256];
        while (loader.Next() is { } batch)
        {
            counts.Add(batch.RowCount);
            for (int i = 0; i < batch.Count; i++)
            {
                ids.Add(batch.SampleIds[i]);
                Assert.Equal((int)batch.SampleIds[i] % 3, batch.Labels[i]);
                Evaluation.Normalization.Apply(Tests.Augment.TestImages.Random(16, 16, 1, batch.SampleIds[i]), expected);
                Assert.Equal(expected, batch.Images.Slice(i * 256, 256).ToArray());
            }
        }

        Assert.Equal([9u, 3u, 3u, 40u, 1u], ids);
        Assert.Equal([2, 2, 1], counts);
    }

    [Fact]
    public void SetSmallerThanABatchIsTrainedOnWhole()
    {
        var batches = Epoch(Training, [4, 8, 15], 0);
        Assert.Equal(3 * 3 * 256 + 3 + 3, Assert.Single(batches).Length);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 1)]
    public void ChannelsAreConvertedToTheModels(int sourceChannels, int modelChannels)
    {
        var options = Evaluation with { Normalization = Normalization.Half(modelChannels) };
        using var loader = new BatchLoader(new SyntheticSource(12, 16, sourceChannels), [5], options);
        loader.StartEpoch(0);
        var expected = new float[256 * modelChannels];
        var converted = ChannelConversion.Convert(Tests.Augment.TestImages.Random(16, 16, sourceChannels, 5), modelChannels, new(1, 1, 1));
        options.Normalization.Apply(converted, expected);
        Assert.Equal(expected, loader.Next()!.Images.ToArray());
    }

    private static List<float[]> Epoch(BatchLoaderOptions options, int[] indices, int epoch, int firstBatch = 0)
    {
        using var loader = new BatchLoader(new SyntheticSource(47, 16, 1), indices, options);
        loader.StartEpoch(epoch, firstBatch);
        return Drain(loader);
    }

    /// <summary>Images, labels and identities of each batch in one array.</summary>
    private static List<float[]> Drain(BatchLoader loader)
    {
        var batches = new List<float[]>();
        while (loader.Next() is { } batch)
            batches.Add([.. batch.Images, .. batch.Labels.ToArray().Select(l => (float)l), .. batch.SampleIds.ToArray().Select(s => (float)s)]);
        return batches;
    }
}
