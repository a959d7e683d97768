using Robustify.Kernels.Cuda;
using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment;

/// <summary>Everything that is random in one mixture of PixMix. Reused from sample to sample.</summary>
internal sealed class PixMixRecipe
{
    /// <summary>In order; the first begins the row.</summary>
    public List<PixMixRound> Rounds { get; } = [];
}

/// <summary>A layer, which is a window of a picture, or the image under an operation or as it is; and how it is blended in.</summary>
internal readonly record struct PixMixRound
{
    public AugMixOperation? Operation { get; init; }

    /// <summary>The operation's.</summary>
    public double Value { get; init; }

    public Image8? Picture { get; init; }

    /// <summary>The picture's number in its set.</summary>
    public int Number { get; init; }

    public int Top { get; init; }

    public int Left { get; init; }

    public PixBlend Blend { get; init; }
}
