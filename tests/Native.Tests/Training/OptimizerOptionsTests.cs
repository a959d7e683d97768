using Robustify.Kernels;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Training;

public sealed class OptimizerOptionsTests
{
    public static TheoryData<string, OptimizerOptions> Impossible => new()
    {
        { "learning rate -0.1", new() { Rate = -0.1 } },
        { "learning rate NaN", new() { Rate = double.NaN } },
        { "learning rate Infinity", new() { Rate = double.PositiveInfinity } },
        { "learning rate 1E+39", new() { Rate = 1e39 } },
        { "weight decay -1", new() { WeightDecay = -1 } },
        { "momentum 1 ", new() { Momentum = 1 } },
        { "momentum 0.99999999999 ", new() { Momentum = 0.99999999999 } }, // 1 as a float
        { "momentum -0.5", new() { Momentum = -0.5 } },
        { "momentum NaN", new() { Momentum = double.NaN } },
        { "dampening 2", new() { Dampening = 2 } },
        { "dampening NaN", new() { Dampening = double.NaN } },
        { "beta1 1 ", new() { Kind = OptimizerKind.AdamW, Beta1 = 1 } },
        { "beta2 NaN", new() { Kind = OptimizerKind.AdamW, Beta2 = double.NaN } },
        { "epsilon 0 ", new() { Kind = OptimizerKind.AdamW, Epsilon = 0 } },
        { "epsilon NaN", new() { Kind = OptimizerKind.AdamW, Epsilon = double.NaN } },
        { "epsilon 1E-50", new() { Kind = OptimizerKind.AdamW, Epsilon = 1e-50 } },
        { "maximum gradient norm NaN", new() { MaximumGradientNorm = double.NaN } },
        { "Nesterov", new() { Nesterov = true, Momentum = 0 } },
        { "Nesterov", new() { Nesterov = true, Dampening = 0.1 } },
        { "kind 7", new() { Kind = (OptimizerKind)7 } },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void ImpossibleOptionIsRefusedInOneLineThatNamesIt(string named, OptimizerOptions options)
    {
        var error = Assert.Throws<RobustifyException>(options.Validate);
        Assert.Contains(named, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void DefaultsAndExtremesAreAllowed()
    {
        new OptimizerOptions().Validate();
        new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 0, Beta1 = 0, Beta2 = 0, WeightDecay = 0.3 }.Validate();
        new OptimizerOptions { Momentum = 0, Dampening = 1, Rate = 40 }.Validate(); // visual prompting trains at rate 40
    }
}
