using Robustify.Kernels;

namespace Robustify.Native.Models.ResNet;

/// <summary>A ResNet's sizes (He et al., arXiv 1512.03385; stride on the 3x3 convolution, as torchvision has it, unless said otherwise).</summary>
public sealed record ResNetOptions
{
    /// <summary>Side of the square input in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>1 (grey) or 3 (RGB).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Bottleneck blocks (1x1, 3x3, 1x1 with four times the width) instead of basic ones (3x3, 3x3).</summary>
    public bool Bottleneck { get; init; }

    /// <summary>Channels after a bottleneck block, in units of its inner width: 4, or 2 in the wide networks (Zagoruyko and Komodakis, arXiv 1605.07146).</summary>
    public int BottleneckExpansion { get; init; } = 4;

    /// <summary>Whether a bottleneck that halves the sides does so on its first convolution, as first published, not on the 3x3 one.</summary>
    public bool StridesOnFirst { get; init; }

    /// <summary>Which convolution of a block strides, counted from 1.</summary>
    public int StridedConvolution => Bottleneck && !StridesOnFirst ? 2 : 1;

    /// <summary>Blocks of each stage.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [2, 2, 2, 2];

    /// <summary>Inner width of each stage's blocks.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [64, 128, 256, 512];

    /// <summary>Channels after the stem.</summary>
    public int StemWidth { get; init; } = 64;

    /// <summary>A 3x3 stem of stride 1 without pooling, for images of 28 to 64 pixels, instead of 7x7 of stride 2 and a max pool.</summary>
    public bool SmallImageStem { get; init; }

    /// <summary>Classes of the head; 0 without one.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Channels after a block, in units of its width.</summary>
    public int Expansion => Bottleneck ? BottleneckExpansion : 1;

    /// <summary>Refuses sizes that do not fit together.</summary>
    /// <exception cref="RobustifyException">Names the sizes.</exception>
    public void Validate()
    {
        if (Layers.Count == 0 || Layers.Count != Widths.Count || Layers.Concat(Widths).Any(x => x < 1))
            throw new RobustifyException($"resnet: {Layers.Count} stages and {Widths.Count} widths found, one positive number each expected");
        if (BottleneckExpansion < 1)
            throw new RobustifyException($"resnet: {BottleneckExpansion} times the width after a bottleneck found, a positive number expected");
        if (ImageSize < 8 || StemWidth < 1 || Classes < 0 || Channels is not (1 or 3))
            throw new RobustifyException($"resnet: image {ImageSize}, stem {StemWidth}, classes {Classes}, channels {Channels}: image at least 8, others positive (classes may be 0), channels 1 or 3");
    }
}
