namespace Robustify.Native.Evaluation.Metrics;

/// <summary>The 19 published corruptions in canonical order with their families, for stored sets: these hold all of them, whatever this engine makes.</summary>
internal static class PublishedGroups
{
    /// <summary>The family of the four that are held for validation and of any that is not published.</summary>
    public const string Validation = "validation";

    private static readonly string[] Families = ["noise", "blur", "weather", "digital", Validation];

    /// <summary>Names in canonical order.</summary>
    public static IReadOnlyList<(string Name, string Group)> All { get; } =
    [
        ("gaussian_noise", "noise"), ("shot_noise", "noise"), ("impulse_noise", "noise"),
        ("defocus_blur", "blur"), ("glass_blur", "blur"), ("motion_blur", "blur"),
        ("zoom_blur", "blur"), ("snow", "weather"), ("frost", "weather"),
        ("fog", "weather"), ("brightness", "weather"), ("contrast", "digital"),
        ("elastic_transform", "digital"), ("pixelate", "digital"), ("jpeg_compression", "digital"),
        ("speckle_noise", Validation), ("gaussian_blur", Validation), ("spatter", Validation),
        ("saturate", Validation),
    ];

    /// <summary>The corruptions of the benchmark, without those of validation.</summary>
    public static IEnumerable<string> Main => All.Where(c => c.Group != Validation).Select(c => c.Name);

    /// <summary>Place of a family in canonical order.</summary>
    public static int Place(string family) => Array.IndexOf(Families, family);

    /// <summary>Whether a name is one of the benchmark's, not of validation.</summary>
    public static bool IsMain(string name) => Of(name) != Validation;

    /// <summary>The family of a published name; validation for any other, so that it enters no mean corruption error.</summary>
    public static string Of(string name)
    {
        foreach (var (known, group) in All)
        {
            if (known == name)
                return group;
        }

        return Validation;
    }
}
