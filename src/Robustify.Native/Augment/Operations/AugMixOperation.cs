using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>
/// One 8-bit image operation of AugMix (Hendrycks et al., "AugMix", ICLR 2020), with Pillow's arithmetic to the bit. Operations have no
/// state and are shared by all workers; what they need in passing lies in the worker's <see cref="AugMixScratch"/>.
/// To add one: derive from this class and name it in <see cref="All"/>.
/// </summary>
public abstract class AugMixOperation
{
    /// <summary>The nine operations that overlap no benchmark corruption; index order is part of every seeded result.</summary>
    public static IReadOnlyList<AugMixOperation> Nine { get; } =
    [
        new Autocontrast(), new Equalize(), new Posterize(), new Rotate(), new Solarize(), new ShearX(), new ShearY(), new TranslateX(), new TranslateY(),
    ];

    /// <summary><see cref="Nine"/> and the four enhancements, which overlap benchmark corruptions.</summary>
    public static IReadOnlyList<AugMixOperation> All { get; } = [.. Nine, new Color(), new Contrast(), new Brightness(), new Sharpness()];

    /// <summary>The name in recipes and reports, as in <c>shear_x</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Draws the operation's value: its own level, turned into the value that <see cref="Apply"/> takes.</summary>
    /// <param name="levels">Where the level is drawn from.</param>
    /// <param name="width">Columns of the image; translations scale with it.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="random">Where the draws come from.</param>
    public abstract double Draw(LevelRange levels, int width, int height, IRandomStream random);

    /// <summary>Replaces <see cref="AugMixScratch.Current"/> by the operation's result.</summary>
    /// <param name="value">In the operation's own unit (degrees, pixels, bits, ...); not used by autocontrast and equalize.</param>
    /// <param name="scratch">The worker's buffers, which hold the image.</param>
    public abstract void Apply(double value, AugMixScratch scratch);

    /// <summary>What <see cref="Apply"/> does, as a CUDA device takes it.</summary>
    /// <param name="value">As there.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="height">Rows of the image.</param>
    internal abstract ImageStep OnDevice(double value, int width, int height);

    private static double DrawLevel(LevelRange levels, IRandomStream random) => levels.Low + (levels.High - levels.Low) * random.NextUniform();

    /// <summary>The level scaled to 0..<paramref name="maximum"/>.</summary>
    private protected static double DrawReal(LevelRange levels, double maximum, IRandomStream random) => DrawLevel(levels, random) * maximum / 10;

    /// <summary>The level scaled to 0..<paramref name="maximum"/> and truncated.</summary>
    private protected static int DrawInteger(LevelRange levels, double maximum, IRandomStream random) => (int)DrawReal(levels, maximum, random);

    /// <summary>Either sign with probability one half.</summary>
    private protected static double WithRandomSign(double value, IRandomStream random) => random.NextUniform() > 0.5 ? -value : value;
}
