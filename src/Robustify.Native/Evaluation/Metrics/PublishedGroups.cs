using Robustify.Native.Corruptions;

namespace Robustify.Native.Evaluation.Metrics;

/// <summary>The 19 published corruptions in canonical order with their families, for stored sets: these hold all of them, whatever this engine makes.</summary>
internal static class PublishedGroups
{
    /// <summary>Names in canonical order.</summary>
    public static IReadOnlyList<(string Name, CorruptionGroup Group)> All { get; } =
    [
        ("gaussian_noise", CorruptionGroup.Noise), ("shot_noise", CorruptionGroup.Noise), ("impulse_noise", CorruptionGroup.Noise),
        ("defocus_blur", CorruptionGroup.Blur), ("glass_blur", CorruptionGroup.Blur), ("motion_blur", CorruptionGroup.Blur),
        ("zoom_blur", CorruptionGroup.Blur), ("snow", CorruptionGroup.Weather), ("frost", CorruptionGroup.Weather),
        ("fog", CorruptionGroup.Weather), ("brightness", CorruptionGroup.Weather), ("contrast", CorruptionGroup.Digital),
        ("elastic_transform", CorruptionGroup.Digital), ("pixelate", CorruptionGroup.Digital), ("jpeg_compression", CorruptionGroup.Digital),
        ("speckle_noise", CorruptionGroup.Extra), ("gaussian_blur", CorruptionGroup.Extra), ("spatter", CorruptionGroup.Extra),
        ("saturate", CorruptionGroup.Extra),
    ];

    /// <summary>The corruptions of the benchmark, without those of validation.</summary>
    public static IEnumerable<string> Main => All.Where(c => c.Group != CorruptionGroup.Extra).Select(c => c.Name);

    /// <summary>Whether a name is one of the benchmark's, not of validation.</summary>
    public static bool IsMain(string name) => Of(name) != CorruptionGroup.Extra;

    /// <summary>The family of a published name; validation for any other, so that it enters no mean corruption error.</summary>
    public static CorruptionGroup Of(string name)
    {
        foreach (var (known, group) in All)
        {
            if (known == name)
                return group;
        }

        return CorruptionGroup.Extra;
    }
}
