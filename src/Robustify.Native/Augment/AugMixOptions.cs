using Robustify.Kernels;
using Robustify.Native.Augment.Operations;

namespace Robustify.Native.Augment;

/// <summary>How AugMix draws its chains. The defaults are the published ones for small images; ImageNet takes severity 1.</summary>
public sealed record AugMixOptions
{
    /// <summary>The longest fixed chain: bounds the work one sample may cost.</summary>
    public const int MaxDepth = 16;

    /// <summary>Number of chains, 1 to 16.</summary>
    public int Width { get; init; } = 3;

    /// <summary>Operations a chain, 1 to <see cref="MaxDepth"/>; -1 draws 1, 2 or 3 for each chain.</summary>
    public int Depth { get; init; } = -1;

    /// <summary>Parameter of Dirichlet(alpha, ..., alpha) and Beta(alpha, alpha); above 0, at most 1000.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>Upper end of an operation's level, 0.1 to 10.</summary>
    public double Severity { get; init; } = 3;

    /// <summary>Adds color, contrast, brightness and sharpness, which overlap benchmark corruptions.</summary>
    public bool AllOperations { get; init; }

    /// <summary>
    /// Every operation has the full level <see cref="Severity"/> instead of one drawn from U(0.1, severity): what timm's AugMix did, a
    /// published deviation that makes chains stronger.
    /// </summary>
    public bool FixedLevel { get; init; }

    /// <summary>Where an operation's level is drawn from.</summary>
    public LevelRange Levels => FixedLevel ? new(Severity, Severity) : new(LevelRange.Lowest, Severity);

    /// <summary>Refuses values outside their range.</summary>
    /// <exception cref="RobustifyException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        if (Width is < 1 or > 16)
            throw new RobustifyException($"augmix: width {Width} is outside 1..16; the usual width is 3");
        if (Depth is not -1 and (< 1 or > MaxDepth))
            throw new RobustifyException($"augmix: depth {Depth} is neither -1 nor within 1..{MaxDepth}; use -1 for a random depth of 1 to 3");
        if (!(Alpha > 0 && Alpha <= 1000))
            throw new RobustifyException($"augmix: alpha {Alpha} is not above 0 and at most 1000; the usual alpha is 1");
        if (!(Severity >= 0.1 && Severity <= 10))
            throw new RobustifyException($"augmix: severity {Severity} is outside 0.1..10; use 3 for small images, 1 for ImageNet");
    }
}
