using Robustify.Kernels.Random;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Operations;

namespace Robustify.Native.Tests.Augment;

public sealed class AugMixLevelTests
{
    [Fact]
    public void AFixedLevelIsTheSameInEveryDraw()
    {
        var random = new PhiloxStream(4, RandomPurpose.AugMix, 0, 0);
        var options = new AugMixOptions { FixedLevel = true, Severity = 3 };
        foreach (var operation in AugMixOperation.All)
        {
            double[] values = [.. Enumerable.Range(0, 30).Select(_ => Math.Abs(operation.Draw(options.Levels, 32, 32, random))).Distinct()];
            Assert.Single(values);
        }

        Assert.Equal(9, Math.Abs(AugMixOperation.Nine.Single(operation => operation.Name == "rotate").Draw(options.Levels, 32, 32, random)));
    }
}
