namespace Robustify.Native.Corruptions;

/// <summary>The four published sets of severity constants.</summary>
public enum CorruptionVariant
{
    /// <summary>ImageNet-C, 224 pixels a side.</summary>
    ImageNet224,

    /// <summary>ImageNet-C for Inception, 299 pixels a side.</summary>
    Inception299,

    /// <summary>Tiny-ImageNet-C, 64 pixels a side.</summary>
    Tiny64,

    /// <summary>CIFAR-10-C and CIFAR-100-C, 32 pixels a side.</summary>
    Cifar32,
}

/// <summary>Which constants an image uses.</summary>
public static class CorruptionVariants
{
    /// <summary>
    /// The variant whose side is nearest to the image's shorter side in log scale: up to 45 pixels <see cref="CorruptionVariant.Cifar32"/>,
    /// up to 119 <see cref="CorruptionVariant.Tiny64"/>, up to 258 <see cref="CorruptionVariant.ImageNet224"/>, beyond that
    /// <see cref="CorruptionVariant.Inception299"/>. Constants are pixels of that variant and are not rescaled: a 28-pixel digit gets
    /// exactly the blur radius of CIFAR-10-C.
    /// </summary>
    public static CorruptionVariant ForSize(int width, int height)
    {
        // sqrt(a*b) lies half way between a and b in log scale; comparing squares keeps the rule in integers.
        long shorter = Math.Min(width, height), square = shorter * shorter;
        if (square <= 32 * 64)
            return CorruptionVariant.Cifar32;
        if (square <= 64 * 224)
            return CorruptionVariant.Tiny64;
        return square <= 224 * 299 ? CorruptionVariant.ImageNet224 : CorruptionVariant.Inception299;
    }
}
