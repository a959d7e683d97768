using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment.Operations;

/// <summary>Horizontal shift: X = x + value, whole pixels, black outside.</summary>
internal sealed class TranslateX : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "translate_x";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) =>
        WithRandomSign(DrawInteger(levels, width / 3.0, random), random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        Image8 image = scratch.Current;
        int length = image.Width * image.Channels;
        // Bilinear interpolation at a whole-pixel offset is a copy; Span.CopyTo allows the overlap.
        int shift = (int)Math.Clamp(value, -image.Width, image.Width) * image.Channels;
        for (int y = 0; y < image.Height; y++)
            Shift(image.Pixels.Slice(y * length, length), shift);
    }

    /// <summary>row[i] = row[i + shift], zero where that lies outside.</summary>
    internal static void Shift(Span<byte> row, int shift)
    {
        if (shift >= 0)
        {
            row[shift..].CopyTo(row);
            row[(row.Length - shift)..].Clear();
        }
        else
        {
            row[..(row.Length + shift)].CopyTo(row[-shift..]);
            row[..-shift].Clear();
        }
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Translate, Math.Clamp(value, -width, width));
}

/// <summary>Vertical shift: Y = y + value, whole pixels, black outside.</summary>
internal sealed class TranslateY : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "translate_y";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) =>
        WithRandomSign(DrawInteger(levels, height / 3.0, random), random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        Image8 image = scratch.Current;
        TranslateX.Shift(image.Pixels, (int)Math.Clamp(value, -image.Height, image.Height) * image.Width * image.Channels);
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Translate, 0, Math.Clamp(value, -height, height));
}
