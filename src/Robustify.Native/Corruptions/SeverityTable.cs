namespace Robustify.Native.Corruptions;

/// <summary>One corruption's constants: five severities for each of the four variants, as the reference generators publish them.</summary>
/// <typeparam name="T">A number, or a tuple of named numbers.</typeparam>
internal sealed class SeverityTable<T>(T[] imageNet224, T[] inception299, T[] tiny64, T[] cifar32)
{
    /// <summary>The constants of <paramref name="severity"/> 1..5.</summary>
    public T At(CorruptionVariant variant, int severity) => variant switch
    {
        CorruptionVariant.ImageNet224 => imageNet224[severity - 1],
        CorruptionVariant.Inception299 => inception299[severity - 1],
        CorruptionVariant.Tiny64 => tiny64[severity - 1],
        _ => cifar32[severity - 1],
    };
}
