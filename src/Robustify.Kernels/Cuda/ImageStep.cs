using System.Runtime.InteropServices;

namespace Robustify.Kernels.Cuda;

/// <summary>Operations of augmentation on 8-bit images, as kernels number them.</summary>
internal enum ImageStepKind : long
{
    /// <summary>Leaves the image as it is.</summary>
    Copy,

    /// <summary>Stretches each channel.</summary>
    Autocontrast,

    /// <summary>Flattens each channel's histogram.</summary>
    Equalize,

    /// <summary>A: mask of the bits that are kept.</summary>
    Posterize,

    /// <summary>A: threshold from which levels are inverted.</summary>
    Solarize,

    /// <summary>A: factor against black.</summary>
    Brightness,

    /// <summary>A: factor against the mean luma.</summary>
    Contrast,

    /// <summary>A: factor against each pixel's luma.</summary>
    Color,

    /// <summary>A: factor against the smoothed image.</summary>
    Sharpness,

    /// <summary>A, B: columns and rows that the image moves left and up.</summary>
    Translate,

    /// <summary>A to F: X = A x + B y + C, Y = D x + E y + F between pixel centres.</summary>
    Affine,

    /// <summary>A window of a picture instead. A to D: number of the picture, top, left, side of the pictures.</summary>
    Crop,
}

/// <summary>One operation on one image, as kernels read it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ImageStep(
    ImageStepKind Kind, double A = 0, double B = 0, double C = 0, double D = 0, double E = 0, double F = 0)
{
    /// <summary>Bytes of one.</summary>
    public const int Bytes = 7 * sizeof(double);
}
