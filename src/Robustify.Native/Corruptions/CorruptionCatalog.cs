using Robustify.Kernels;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Digital;
using Robustify.Native.Corruptions.Noise;
using Robustify.Native.Corruptions.Weather;

namespace Robustify.Native.Corruptions;

/// <summary>
/// The 19 corruptions of ImageNet-C in canonical order: 15 that make up the benchmark, then the four held out for validation. Which
/// constants an image gets is told by <see cref="CorruptionVariants.ForSize"/>.
/// </summary>
public static class CorruptionCatalog
{
    /// <summary>All corruptions in canonical order; frost is procedural.</summary>
    public static IReadOnlyList<Corruption> All { get; } = Create(FrostOverlays.Procedural);

    /// <summary>The 15 of the benchmark: noise, blur, weather, digital.</summary>
    public static IReadOnlyList<Corruption> Benchmark { get; } = [.. All.Where(corruption => !corruption.IsHeldOut)];

    /// <summary>The four held out for validation.</summary>
    public static IReadOnlyList<Corruption> HeldOut { get; } = [.. All.Where(corruption => corruption.IsHeldOut)];

    /// <summary>All corruptions in canonical order, frost from the given overlays.</summary>
    public static IReadOnlyList<Corruption> With(FrostOverlays overlays) => overlays == FrostOverlays.Procedural ? All : Create(overlays);

    /// <summary>The corruption of that name.</summary>
    /// <param name="name">As in the published data sets.</param>
    /// <exception cref="RobustifyException">There is none; the message lists the known names.</exception>
    public static Corruption Find(string name) => Find(name, FrostOverlays.Procedural);

    /// <summary>The corruption of that name, frost from the given overlays.</summary>
    /// <param name="name">As in the published data sets.</param>
    /// <param name="overlays">What frost is made of.</param>
    /// <exception cref="RobustifyException">There is none; the message lists the known names.</exception>
    public static Corruption Find(string name, FrostOverlays overlays)
    {
        foreach (var corruption in All)
        {
            if (corruption.Name == name)
                return corruption is Frost && overlays != FrostOverlays.Procedural ? new Frost(overlays) : corruption;
        }

        throw new RobustifyException($"corruption '{name}' is unknown; use one of {string.Join(", ", All.Select(c => c.Name))}");
    }

    private static Corruption[] Create(FrostOverlays overlays) =>
    [
        new GaussianNoise(), new ShotNoise(), new ImpulseNoise(),
        new DefocusBlur(), new GlassBlur(), new MotionBlur(), new ZoomBlur(),
        new Snow(), new Frost(overlays), new Fog(), new Brightness(),
        new Contrast(), new ElasticTransform(), new Pixelate(), new JpegCompression(),
        new SpeckleNoise(), new GaussianBlur(), new Spatter(), new Saturate(),
    ];
}
