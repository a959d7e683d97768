using Robustify.Native.Data.Sources;
using Robustify.Native.Workflows;
using Xunit;

namespace Robustify.Native.Tests.Workflows;

public class LabeledDataTests
{
    private const ulong Seed = 5;

    [Fact]
    public void HeldOutTestImagesAreNeverMeasuredAndTrainingKeepsAllImages()
    {
        var whole = LabeledData.Open(null, Seed);
        var divided = LabeledData.Open(null, Seed, heldOut: 500, heldOutFrom: DataPart.Test);

        Assert.Equal(whole.Train, divided.Train);
        Assert.Equal(500, divided.HeldOut.Length);
        Assert.Same(divided.TestSource, divided.HeldOutSource);
        Assert.Equal(whole.Test, divided.HeldOut.Concat(divided.Test).Order());
    }

    [Fact]
    public void HeldOutTestImagesAreTheSameForEveryTrainingSeedThatIsTestedAlike()
    {
        var one = LabeledData.Open(null, 1, limit: 100, heldOut: 300, testSeed: Seed, heldOutFrom: DataPart.Test);
        var other = LabeledData.Open(null, 2, limit: 100, heldOut: 300, testSeed: Seed, heldOutFrom: DataPart.Test);

        Assert.Equal(one.HeldOut, other.HeldOut);
        Assert.NotEqual(one.Train, other.Train);
    }

    [Fact]
    public void AtLeastHalfTheTestImagesAreLeftToMeasure()
    {
        var divided = LabeledData.Open(null, Seed, heldOut: 1_000_000, heldOutFrom: DataPart.Test);

        Assert.Equal(divided.Test.Length, divided.HeldOut.Length);
    }
}
