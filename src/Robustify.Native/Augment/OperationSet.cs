namespace Robustify.Native.Augment;

/// <summary>The image operations that AugMix and PixMix draw from.</summary>
public enum OperationSet
{
    /// <summary>Those that overlap no benchmark corruption.</summary>
    Nine,

    /// <summary>With color, contrast, brightness and sharpness, as PixMix was published.</summary>
    All,
}
