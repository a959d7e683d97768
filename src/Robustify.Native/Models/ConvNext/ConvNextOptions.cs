using Robustify.Kernels;

namespace Robustify.Native.Models.ConvNext;

/// <summary>A ConvNeXt's sizes (Liu et al., arXiv 2201.03545).</summary>
public sealed record ConvNextOptions
{
    /// <summary>Side of a patch of the stem, which is its stride too.</summary>
    public const int StemPatch = 4;

    /// <summary>Side of a patch between two stages.</summary>
    public const int StagePatch = 2;

    /// <summary>Hidden elements of a block's perceptron, in units of its width.</summary>
    public const int Expansion = 4;

    /// <summary>Side of the square input in pixels: a multiple of <see cref="Step"/>.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>1 (grey) or 3 (RGB).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Blocks of each stage.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [3, 3, 9, 3];

    /// <summary>Channels of each stage.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [96, 192, 384, 768];

    /// <summary>Side of the depthwise filters, odd.</summary>
    public int Kernel { get; init; } = 7;

    /// <summary>Classes of the head; 0 without one.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Added to variances in the norm before the head; everywhere else it is <see cref="BlockNormEpsilon"/>.</summary>
    public float FinalNormEpsilon { get; init; } = BlockNormEpsilon;

    /// <summary>Probability that the last block is skipped in training; it grows linearly from 0 at the first.</summary>
    public float StochasticDepth { get; init; }

    /// <summary>Added to variances in every norm but the last.</summary>
    public const float BlockNormEpsilon = 1e-6f;

    /// <summary>Pixels of the input behind one position of the last stage: 32 with four stages.</summary>
    public int Step => StemPatch << (Layers.Count - 1);

    /// <summary>Refuses sizes that do not fit together.</summary>
    /// <exception cref="RobustifyException">Names the sizes and what would fit.</exception>
    public void Validate()
    {
        if (Layers.Count is < 1 or > 8 || Layers.Count != Widths.Count || Layers.Concat(Widths).Any(x => x < 1))
            throw new RobustifyException($"convnext: {Layers.Count} stages and {Widths.Count} widths found, one positive number each expected, of 1 to 8 stages");
        if (ImageSize < 1 || ImageSize % Step != 0)
            throw new RobustifyException($"convnext: image {ImageSize} found, a multiple of {Step} expected");
        if (Kernel < 1 || Kernel % 2 == 0 || Classes < 0 || Channels is not (1 or 3))
            throw new RobustifyException($"convnext: kernel {Kernel}, classes {Classes}, channels {Channels}: the kernel must be odd, classes not negative, channels 1 or 3");
    }
}
