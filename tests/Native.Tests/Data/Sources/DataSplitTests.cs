using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Sources;

public class DataSplitTests
{
    // Sizes 200, 100, 50, 7, 1: uneven, with a class too small to part.
    private static readonly LabelsOnly Uneven = new([200, 100, 50, 7, 1]);
    private static readonly LabelsOnly Even = new([100, 100, 100, 100]);

    [Theory, InlineData(0.1), InlineData(0.25), InlineData(0.9), InlineData(1e-9), InlineData(0.999999)]
    public void SplitIsDisjointCompleteAndStratified(double fraction)
    {
        var (train, validation) = DataSplit.Split(Uneven, fraction, seed: 17);
        Assert.Equal(Enumerable.Range(0, Uneven.Count), train.Concat(validation).Order());
        Assert.Equal(train.Order(), train);
        Assert.Equal(validation.Order(), validation);
        int[] sizes = Uneven.PerClass(Enumerable.Range(0, Uneven.Count)), held = Uneven.PerClass(validation);
        for (int label = 0; label < 4; label++)
            Assert.Equal(Math.Clamp((int)Math.Round(sizes[label] * fraction), 1, sizes[label] - 1), held[label]);
        Assert.Equal(0, held[4]);
    }

    [Fact]
    public void SplitFollowsTheSeedAlone()
    {
        var first = DataSplit.Split(Uneven, 0.2, seed: 17);
        Assert.Equal(first.Validation, DataSplit.Split(Uneven, 0.2, seed: 17).Validation);
        Assert.NotEqual(first.Validation, DataSplit.Split(Uneven, 0.2, seed: 18).Validation);
        Assert.NotEqual(first.Validation, DataSplit.Split(Uneven, 0.2, seed: 17UL << 32).Validation);
    }

    [Fact]
    public void ChoicesNeverChange()
    {
        // Computed by a separate program from Philox's definition: other draws would silently change the validation set of every run.
        var (_, validation) = DataSplit.Split(new LabelsOnly([10, 10]), 0.2, seed: 1);
        Assert.Equal("3 12 13 14", string.Join(' ', validation));
        Assert.Equal("0 16 17 18 19", string.Join(' ', DataSplit.Subset(new LabelsOnly([10, 10]), 5, seed: 1)));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(-0.1), InlineData(1.5), InlineData(double.NaN), InlineData(double.PositiveInfinity)]
    public void FractionOutsideTheRangeIsRefused(double fraction) =>
        Refusal.Of(() => DataSplit.Split(Even, fraction, seed: 1), "fraction");

    [Fact]
    public void SetThatCannotBePartedIsRefused() =>
        Refusal.Of(() => DataSplit.Split(new LabelsOnly([1, 1, 1]), 0.5, seed: 1), "no class with two images");

    [Theory, InlineData(1UL), InlineData(2UL), InlineData(ulong.MaxValue)]
    public void SubsetsAreNested(ulong seed)
    {
        int[] smaller = [];
        for (int limit = 1; limit <= Uneven.Count; limit++)
        {
            int[] kept = DataSplit.Subset(Uneven, limit, seed);
            Assert.Equal(limit, kept.Distinct().Count());
            Assert.Equal(kept.Order(), kept);
            Assert.Subset(kept.ToHashSet(), smaller.ToHashSet());
            smaller = kept;
        }
    }

    [Fact]
    public void SubsetKeepsTheSharesOfTheClasses()
    {
        for (int limit = 1; limit <= Even.Count; limit++)
        {
            int[] kept = Even.PerClass(DataSplit.Subset(Even, limit, seed: 5));
            Assert.InRange(kept.Max() - kept.Min(), 0, 1);
        }

        // 179 of 358: half of each class. A class is within one image of its share at the common place, which the rounding of the
        // other four classes shifts by at most four images in all.
        int[] half = Uneven.PerClass(DataSplit.Subset(Uneven, 179, seed: 5));
        Assert.InRange(half[0], 95, 105);
        Assert.InRange(half[1], 45, 55);
        Assert.InRange(half[2], 20, 30);
    }

    [Fact]
    public void SmallLimitsFavourNoClass()
    {
        // 1000 seeds of one image each from four equal classes: 250 +- 5 standard deviations of sqrt(1000 * 1/4 * 3/4) = 13.7.
        var counts = new int[4];
        for (ulong seed = 0; seed < 1000; seed++)
            counts[Even.Label(DataSplit.Subset(Even, 1, seed)[0])]++;
        Assert.All(counts, count => Assert.InRange(count, 182, 318));
    }

    [Fact]
    public void SubsetFollowsTheSeedAlone()
    {
        Assert.Equal(DataSplit.Subset(Even, 40, seed: 3), DataSplit.Subset(Even, 40, seed: 3));
        Assert.NotEqual(DataSplit.Subset(Even, 40, seed: 3), DataSplit.Subset(Even, 40, seed: 4));
        Assert.Equal(Enumerable.Range(0, Even.Count), DataSplit.Subset(Even, int.MaxValue, seed: 3));
    }

    [Theory, InlineData(0), InlineData(-1), InlineData(int.MinValue)]
    public void LimitBelowOneIsRefused(int limit) => Refusal.Of(() => DataSplit.Subset(Even, limit, seed: 1), "limit");

    [Fact]
    public void SubsetSourceRenumbersImages()
    {
        var source = new SubsetSource(Even, [5, 2, 399]);
        Assert.Equal((3, Even.Label(5), Even.Label(399), 2), (source.Count, source.Label(0), source.Label(2), source.WholeIndex(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SubsetSource(Even, [400]));
    }

    /// <summary>Classes of the given sizes, dealt out in turn as in a published set.</summary>
    private sealed class LabelsOnly(int[] sizes) : IImageSource
    {
        private readonly int[] labels =
            [.. sizes.SelectMany((size, label) => Enumerable.Range(0, size).Select(place => (place, label))).Order().Select(x => x.label)];

        public string Description => "labels only";

        public int Count => labels.Length;

        public IReadOnlyList<string> ClassNames => [.. sizes.Select((_, label) => $"{label}")];

        public int Label(int index) => labels[index];

        /// <summary>How many of these images each class has.</summary>
        public int[] PerClass(IEnumerable<int> indices)
        {
            var counts = new int[sizes.Length];
            foreach (int index in indices)
                counts[labels[index]]++;
            return counts;
        }

        public void Read(int index, Image8 destination) => throw new InvalidOperationException("a choice of images reads none");
    }
}
