using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// A plane of integers with a border of one element all round and room behind each row, so that a 3x3 stencil runs in whole vectors
/// without looking at where it is.
/// </summary>
internal readonly ref struct PaddedPlane
{
    public const int Lanes = 8;
    private const int Border1 = 1;

    private readonly Span<int> elements;

    public PaddedPlane(int slot, int width, int height, CorruptionScratch scratch)
    {
        (Width, Height, Stride) = (width, height, width + 2 * Border1 + Lanes);
        elements = scratch.Integers(slot, Stride * (height + 2 * Border1));
    }

    public int Width { get; }

    public int Height { get; }

    public int Stride { get; }

    /// <summary>The first element inside the border.</summary>
    public ref int Origin => ref elements[Stride + Border1];

    /// <summary>Row y, -1..Height, from its element 0 to the end of its room.</summary>
    public Span<int> Row(int y) => elements.Slice((y + Border1) * Stride + Border1, Stride - Border1);

    public void Clear() => elements.Clear();

    /// <summary>Fills the border with the edge elements.</summary>
    public void RepeatEdges() => FillBorder(0, Width - 1, 0, Height - 1);

    /// <summary>Fills the border with the elements next to the edge ("reflect 101").</summary>
    public void MirrorEdges() =>
        FillBorder(Border.Reflect101(-1, Width), Border.Reflect101(Width, Width), Border.Reflect101(-1, Height), Border.Reflect101(Height, Height));

    private void FillBorder(int left, int right, int top, int bottom)
    {
        for (int y = 0; y < Height; y++)
        {
            Span<int> row = elements.Slice((y + Border1) * Stride, Stride);
            row[0] = row[left + Border1];
            row[Width + Border1] = row[right + Border1];
        }

        elements.Slice((top + Border1) * Stride, Stride).CopyTo(elements);
        elements.Slice((bottom + Border1) * Stride, Stride).CopyTo(elements[((Height + Border1) * Stride)..]);
    }
}
