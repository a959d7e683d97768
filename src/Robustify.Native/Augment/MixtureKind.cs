namespace Robustify.Native.Augment;

/// <summary>How an augmented view of a training image is made.</summary>
public enum MixtureKind
{
    /// <summary>Chains of 8-bit operations, mixed with the image: <see cref="Augment.AugMix"/>.</summary>
    Augmix,

    /// <summary>Rounds that add or multiply pictures of rich structure: <see cref="Augment.PixMix"/>.</summary>
    Pixmix,

    /// <summary>Noise from a network drawn anew for each image: <see cref="Augment.NoiseNetwork"/>.</summary>
    Noise2net,

    /// <summary>A crop and flip of its own, as all training images have.</summary>
    Standard,
}
