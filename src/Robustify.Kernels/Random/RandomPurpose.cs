namespace Robustify.Kernels.Random;

/// <summary>
/// What a draw is for: the first word of every Philox counter, so no two uses share a draw. The numbers are part of every result's
/// meaning; never renumber one.
/// </summary>
public enum RandomPurpose : uint
{
    /// <summary>Initial values of parameters.</summary>
    Initialization = 1,

    /// <summary>The order of samples in an epoch.</summary>
    Shuffle = 2,

    /// <summary>The split of a data set into training and validation part.</summary>
    Split = 3,

    /// <summary>Crops and flips of training images.</summary>
    StandardAugmentation = 4,

    /// <summary>AugMix chains and weights.</summary>
    AugMix = 5,

    /// <summary>Corruptions.</summary>
    Corruption = 6,

    /// <summary>Dropout masks; the layer's number is added in the high half of the word.</summary>
    Dropout = 7,

    /// <summary>Stochastic depth; the layer's number is added in the high half of the word.</summary>
    StochasticDepth = 8,

    /// <summary>The subset of a data set that <c>--limit</c> keeps.</summary>
    Subset = 9,

    /// <summary>Corruptions of the held-out images on which the head selector is calibrated.</summary>
    Calibration = 10,

    /// <summary>Monte-Carlo dropout passes over a classifier.</summary>
    MonteCarloDropout = 11,

    /// <summary>The pictures that PixMix mixes in.</summary>
    MixingPictures = 16,

    /// <summary>PixMix rounds and coefficients.</summary>
    PixMix = 17,

    /// <summary>Resamples of images when two models are compared.</summary>
    Bootstrap = 24,

    /// <summary>The order of images in an epoch of a linear probe.</summary>
    ProbeOrder = 40,
}
