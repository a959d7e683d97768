using Robustify.Kernels;

namespace Robustify.Native.Augment;

/// <summary>How PixMix mixes. The defaults are the published ones for small images; ImageNet takes beta 4 and severity 1.</summary>
public sealed record PixMixOptions
{
    /// <summary>K: at most so many rounds of mixing, 0 to 16; their number is uniform in 0..K.</summary>
    public int Rounds { get; init; } = 4;

    /// <summary>Strength of the image against what is mixed in: above 0, at most 1000; the higher the less is mixed in.</summary>
    public double Beta { get; init; } = 3;

    /// <summary>Upper end of an operation's level, 0.1 to 10.</summary>
    public double Severity { get; init; } = 3;

    /// <summary>Adds color, contrast, brightness and sharpness, as published; off here, because they overlap benchmark corruptions.</summary>
    public bool AllOperations { get; init; }

    /// <summary>Folder of the pictures that are mixed in, as the published set; null for fractals that the engine draws.</summary>
    public string? Pictures { get; init; }

    /// <summary>Refuses values outside their range.</summary>
    /// <exception cref="RobustifyException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        if (Rounds is < 0 or > 16)
            throw new RobustifyException($"pixmix: {Rounds} rounds are outside 0..16; the usual number is 4");
        if (!(Beta > 0 && Beta <= 1000))
            throw new RobustifyException($"pixmix: beta {Beta} is not above 0 and at most 1000; use 3 for small images, 4 for ImageNet");
        if (!(Severity >= 0.1 && Severity <= 10))
            throw new RobustifyException($"pixmix: severity {Severity} is outside 0.1..10; use 3 for small images, 1 for ImageNet");
    }
}
