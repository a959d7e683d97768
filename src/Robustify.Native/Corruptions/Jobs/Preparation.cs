namespace Robustify.Native.Corruptions.Jobs;

/// <summary>How a picture is brought to the size of a published set before it is corrupted.</summary>
public enum Preparation
{
    /// <summary>Corrupted at its own size, with the constants of the nearest published one.</summary>
    None,

    /// <summary>ImageNet-C: shorter side to 256 by Pillow's bilinear filter, the middle 224x224.</summary>
    ImageNet224,

    /// <summary>ImageNet-C for Inception: the middle 87.5 % of each side, resized to 299x299.</summary>
    Inception299,

    /// <summary>Tiny-ImageNet-C: resized to 64x64.</summary>
    Tiny64,

    /// <summary>CIFAR-10-C: resized to 32x32.</summary>
    Cifar32,
}
