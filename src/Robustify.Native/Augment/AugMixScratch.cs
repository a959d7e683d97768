using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment;

/// <summary>The buffers one worker needs for AugMix; not shared between threads.</summary>
public sealed class AugMixScratch
{
    private readonly int[] histogram = new int[PixelTable.Size];
    private readonly byte[] table = new byte[PixelTable.Size];

    /// <summary>Buffers that grow with the first images.</summary>
    public AugMixScratch(AugMixOptions options) =>
        Recipe = new AugMixRecipe(options.Width, options.Depth > 0 ? options.Depth : AugMixRecipe.RandomDepth);

    /// <summary>The image an operation reads and replaces.</summary>
    public Image8 Current { get; private set; } = new(1, 1, 1);

    /// <summary>Where an operation that cannot work in place writes, before <see cref="Swap"/>.</summary>
    internal Image8 Spare { get; private set; } = new(1, 1, 1);

    internal Span<int> Histogram => histogram;

    internal Span<byte> Table => table;

    internal AugMixRecipe Recipe { get; }

    internal PixMixRecipe PixMixRecipe { get; } = new();

    internal void Swap() => (Current, Spare) = (Spare, Current);
}
