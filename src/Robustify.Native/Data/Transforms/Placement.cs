namespace Robustify.Native.Data.Transforms;

/// <summary>How an image comes to the model's size: a rectangle of it is resized, and of that a window of the model's size is taken.</summary>
/// <param name="Box">The rectangle.</param>
/// <param name="Width">Its columns after resizing.</param>
/// <param name="Height">Its rows after resizing.</param>
/// <param name="Left">First column of the window.</param>
/// <param name="Top">First row of the window.</param>
internal readonly record struct Placement(CropBox Box, int Width, int Height, int Left, int Top)
{
    /// <summary>Whether pixels are weighed; else they are copied.</summary>
    public bool Resizes => Box.Width != Width || Box.Height != Height;
}

/// <summary>What standard augmentation drew for an image.</summary>
/// <param name="Placement">How it comes to the model's size.</param>
/// <param name="Left">First column of the crop of that, which may lie outside.</param>
/// <param name="Top">First row of the crop.</param>
/// <param name="IsFlipped">Whether it is mirrored left to right then.</param>
internal readonly record struct StandardDraw(Placement Placement, int Left, int Top, bool IsFlipped);
