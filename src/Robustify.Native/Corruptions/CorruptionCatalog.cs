using Robustify.Kernels;

namespace Robustify.Native.Corruptions;

/// <summary>Every corruption the engine knows.</summary>
public static class CorruptionCatalog
{
    /// <summary>All corruptions in canonical order.</summary>
    public static IReadOnlyList<Corruption> All { get; } =
    [
        new GaussianNoise(),
        new ShotNoise(),
        new ImpulseNoise(),
        new DefocusBlur(),
        new Brightness(),
        new Contrast(),
        new Pixelate(),
        new JpegCompression(),
        new GaussianBlur(),
    ];

    /// <summary>The corruption of that name.</summary>
    /// <exception cref="RobustifyException">There is none; the message lists the known names.</exception>
    public static Corruption Find(string name)
    {
        foreach (var corruption in All)
        {
            if (corruption.Name == name)
                return corruption;
        }

        throw new RobustifyException($"corruption '{name}' is unknown; use one of {string.Join(", ", All.Select(c => c.Name))}");
    }
}
