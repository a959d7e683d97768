using System.Globalization;

namespace Robustify.Native.Augment;

/// <summary>How the augmented views of a training image are made, with all that the kinds leave open.</summary>
public sealed record AugmentationOptions
{
    // The published recipes have constants for small images (32 pixels) and for ImageNet's (224).
    private const int LargestSmallImage = 64;

    /// <summary>What a view is.</summary>
    public MixtureKind Kind { get; init; }

    /// <summary>Upper end of an operation's level, 0.1 to 10; null for the published 3 of small images and 1 of images above 64 pixels.</summary>
    public double? Severity { get; init; }

    /// <summary>What AugMix and PixMix draw from.</summary>
    public OperationSet Operations { get; init; }

    /// <summary>How AugMix draws; severity and operations are those above.</summary>
    public AugMixOptions AugMix { get; init; } = new();

    /// <summary>How PixMix draws; severity and operations are those above.</summary>
    public PixMixOptions PixMix { get; init; } = new();

    /// <summary>PixMix's beta; null for the published 3 of small images and 4 of images above 64 pixels.</summary>
    public double? Beta { get; init; }

    /// <summary>How noise from random networks is drawn; its share is the one below.</summary>
    public NoiseNetworkOptions NoiseNetwork { get; init; } = new();

    /// <summary>
    /// Share of the views, of whatever kind, that get noise from random networks, 0 to 1; null for the published half where the kind is
    /// <see cref="MixtureKind.Noise2net"/>, none elsewhere.
    /// </summary>
    public double? NoiseShare { get; init; }

    /// <summary>AugMix for images of a size.</summary>
    public AugMixOptions AugMixFor(int imageSize) => AugMix with { Severity = SeverityFor(imageSize), AllOperations = Operations == OperationSet.All };

    /// <summary>PixMix for images of a size.</summary>
    public PixMixOptions PixMixFor(int imageSize) => PixMix with
    {
        Severity = SeverityFor(imageSize), Beta = Beta ?? (imageSize > LargestSmallImage ? 4 : 3), AllOperations = Operations == OperationSet.All,
    };

    /// <summary>The noise; null for none.</summary>
    public NoiseNetworkOptions? Noise => (NoiseShare ?? (Kind == MixtureKind.Noise2net ? NoiseNetwork.Share : 0)) is > 0 and var share
        ? NoiseNetwork with { Share = share }
        : null;

    /// <summary>Everything that views of images of a size depend on, in one line.</summary>
    public string Describe(int imageSize)
    {
        FormattableString mixture = Kind switch
        {
            MixtureKind.Augmix => $"augmix width {AugMix.Width}, depth {AugMix.Depth}, alpha {AugMix.Alpha}, {Level(imageSize)}{(AugMix.FixedLevel ? ", fixed" : "")}",
            MixtureKind.Pixmix => $"pixmix rounds {PixMix.Rounds}, beta {PixMixFor(imageSize).Beta}, {Level(imageSize)}, pictures {PixMix.Pictures ?? "drawn"}",
            _ => $"{(Kind == MixtureKind.Standard ? "standard" : "noise2net")}",
        };
        FormattableString noise = Noise is { } own ? (FormattableString)$"; noise on {own.Share}, strength {own.Weakest} to {own.Strongest}" : $"";
        return mixture.ToString(CultureInfo.InvariantCulture) + noise.ToString(CultureInfo.InvariantCulture);
    }

    private double SeverityFor(int imageSize) => Severity ?? (imageSize > LargestSmallImage ? 1 : 3);

    private string Level(int imageSize) =>
        string.Create(CultureInfo.InvariantCulture, $"severity {SeverityFor(imageSize)}, {(Operations == OperationSet.All ? "all" : "nine")} operations");
}
