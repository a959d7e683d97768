using System.Runtime.InteropServices;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// One slot of a loader's ring: images, labels and identities of a batch. The memory is pinned and 64-byte aligned, so a device may copy
/// from <see cref="ImagesAddress"/>. Valid until the loader is asked for the next batch.
/// </summary>
public sealed class Batch
{
    /// <summary>The longest image buffer: 2 GiB of floats.</summary>
    internal const int MaxFloats = 1 << 29;

    private const int AlignmentBytes = 64;

    private readonly float[] images;
    private readonly int firstFloat;
    private readonly int[] labels;
    private readonly uint[] sampleIds;

    internal Batch(int capacity, int views, int rowLength)
    {
        images = GC.AllocateArray<float>(capacity * views * rowLength + AlignmentBytes / sizeof(float), pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(images, 0);
        firstFloat = (int)((AlignmentBytes - address % AlignmentBytes) % AlignmentBytes) / sizeof(float);
        labels = GC.AllocateArray<int>(capacity, pinned: true);
        sampleIds = GC.AllocateArray<uint>(capacity, pinned: true);
        Views = views;
        RowLength = rowLength;
    }

    /// <summary>Position in the epoch, from 0.</summary>
    public int Index { get; private set; } = -1;

    /// <summary>The epoch this batch belongs to.</summary>
    public int Epoch { get; private set; }

    /// <summary>Images in this batch, not counting views.</summary>
    public int Count { get; private set; }

    /// <summary>Views of each image: the clean one first.</summary>
    public int Views { get; }

    /// <summary>Floats a row.</summary>
    public int RowLength { get; }

    /// <summary>Rows of <see cref="Images"/>: Views x Count.</summary>
    public int RowCount => Views * Count;

    /// <summary>[Views, Count, height, width, channels]: all clean rows, then all of view 1, then all of view 2.</summary>
    public Span<float> Images => images.AsSpan(firstFloat, RowCount * RowLength);

    /// <summary>Address of the first float of <see cref="Images"/>; stays the same for the slot's life.</summary>
    public nint ImagesAddress => Marshal.UnsafeAddrOfPinnedArrayElement(images, firstFloat);

    /// <summary>Label of each image, Count of them.</summary>
    public Span<int> Labels => labels.AsSpan(0, Count);

    /// <summary>Index of each image in the source, Count of them; names its draws.</summary>
    public Span<uint> SampleIds => sampleIds.AsSpan(0, Count);

    /// <summary>Samples not yet prepared; guarded by the loader's lock.</summary>
    internal int Remaining { get; set; }

    /// <summary>What went wrong in this batch, of the first sample in order that failed; guarded by the loader's lock.</summary>
    internal Exception? Failure { get; private set; }

    private int FailurePosition { get; set; }

    /// <summary>The [Count, height, width, channels] rows of one view.</summary>
    public Span<float> View(int view) => Images.Slice(view * Count * RowLength, Count * RowLength);

    /// <summary>One row.</summary>
    internal Span<float> Row(int view, int position) => Images.Slice((view * Count + position) * RowLength, RowLength);

    internal void Begin(int epoch, int index, int count)
    {
        (Epoch, Index, Count, Remaining) = (epoch, index, count, count);
        (Failure, FailurePosition) = (null, int.MaxValue);
    }

    /// <summary>Marks the slot as holding no batch.</summary>
    internal void Invalidate() => Index = -1;

    /// <summary>Keeps the failure of the earliest sample, so which one is reported does not depend on the workers.</summary>
    internal void Fail(int position, Exception failure)
    {
        if (position < FailurePosition)
            (Failure, FailurePosition) = (failure, position);
    }
}
