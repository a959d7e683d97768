namespace Robustify.Native.Corruptions;

/// <summary>The families of ImageNet-C (Hendrycks and Dietterich, ICLR 2019, table 1 and appendix B).</summary>
public enum CorruptionGroup
{
    /// <summary>Random pixel noise.</summary>
    Noise,

    /// <summary>Loss of focus or motion.</summary>
    Blur,

    /// <summary>Snow, frost, fog, brightness.</summary>
    Weather,

    /// <summary>Contrast, warping, coarse pixels, compression.</summary>
    Digital,

    /// <summary>The four corruptions held out for validation; they never enter the mean corruption error.</summary>
    Extra,
}
