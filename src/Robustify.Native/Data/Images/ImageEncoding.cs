namespace Robustify.Native.Data.Images;

/// <summary>The file formats the engine writes.</summary>
public enum ImageEncoding
{
    /// <summary>Lossless, 8-bit grey or RGB.</summary>
    Png,

    /// <summary>Baseline JPEG; colour with 4:2:0 chroma, grey with one component.</summary>
    Jpeg,
}
