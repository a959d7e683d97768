using Robustify.Kernels;

namespace Robustify.Native.Augment;

/// <summary>How noise from random networks is applied; the defaults are the published ones.</summary>
public sealed record NoiseNetworkOptions
{
    /// <summary>Share of the images that are changed, 0 to 1.</summary>
    public double Share { get; init; } = 0.5;

    /// <summary>Lower end of the strength eps, at least 0.</summary>
    public double Weakest { get; init; } = 0.375;

    /// <summary>Upper end of the strength eps, at most 10.</summary>
    public double Strongest { get; init; } = 0.75;

    /// <summary>Refuses values outside their range.</summary>
    /// <exception cref="RobustifyException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        if (!(Share >= 0 && Share <= 1))
            throw new RobustifyException($"noise network: share {Share} is outside 0..1; the usual share is 0.5");
        if (!(Weakest >= 0 && Weakest <= Strongest && Strongest <= 10))
            throw new RobustifyException($"noise network: strengths {Weakest}..{Strongest} are not an interval within 0..10; the usual one is 0.375..0.75");
    }
}
