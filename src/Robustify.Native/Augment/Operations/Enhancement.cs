using System.Runtime.CompilerServices;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>
/// The family of Pillow's ImageEnhance: degenerate + factor (image - degenerate), in single precision, clamped and truncated. The value is
/// the factor: 0 gives the degenerate, 1 the image, more exaggerates.
/// </summary>
internal abstract class Enhancement : AugMixOperation
{
    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => DrawReal(levels, 1.8, random) + 0.1;

    /// <summary>One value of the blend.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static byte Blend(int degenerate, int value, float factor) =>
        (byte)Math.Clamp(degenerate + factor * (value - degenerate), 0f, 255f);

    /// <summary>The blend with one degenerate level for the whole image.</summary>
    private protected static void BlendConstant(int degenerate, float factor, AugMixScratch scratch)
    {
        Span<byte> table = scratch.Table;
        for (int i = 0; i < PixelTable.Size; i++)
            table[i] = Blend(degenerate, i, factor);
        PixelTable.Apply(scratch.Current, table);
    }
}
