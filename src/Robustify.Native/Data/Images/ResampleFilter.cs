namespace Robustify.Native.Data.Images;

/// <summary>How <see cref="Resampler"/> weighs source pixels; names and shapes as in Pillow.</summary>
public enum ResampleFilter
{
    /// <summary>The pixel under the target's centre; no averaging when reducing.</summary>
    Nearest,

    /// <summary>Area average.</summary>
    Box,

    /// <summary>Triangle, support 1.</summary>
    Bilinear,

    /// <summary>Hamming-windowed sinc, support 1.</summary>
    Hamming,

    /// <summary>Keys' cubic with a = -1/2, support 2.</summary>
    Bicubic,

    /// <summary>Sinc windowed by a wider sinc, support 3.</summary>
    Lanczos,
}
