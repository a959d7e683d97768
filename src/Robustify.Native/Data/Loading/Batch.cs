using System.Runtime.InteropServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

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

    private readonly DeviceRenderer? renderer;
    private readonly float[] images;
    private readonly int firstFloat;
    private readonly int[] labels;
    private readonly uint[] sampleIds;

    internal Batch(int capacity, int views, int rowLength, DeviceImages? deviceImages = null, DeviceRenderer? renderer = null)
    {
        (DeviceImages, this.renderer) = (deviceImages, renderer);
        images = deviceImages is null ? GC.AllocateArray<float>(capacity * views * rowLength + AlignmentBytes / sizeof(float), pinned: true) : new float[AlignmentBytes];
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
    /// <exception cref="InvalidOperationException">They are made on the device: <see cref="Bring"/> brings them to their place.</exception>
    public Span<float> Images => DeviceImages is null
        ? images.AsSpan(firstFloat, RowCount * RowLength)
        : throw new InvalidOperationException("the rows of this batch are made on the device, not in host memory");

    /// <summary>What the device makes the rows of; null where they lie in <see cref="Images"/>.</summary>
    internal DeviceImages? DeviceImages { get; }

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

    /// <summary>Brings the rows of some views to a device, or makes them there where the loader was told so.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="firstView">The first of the views; 0 is the clean one.</param>
    /// <param name="views">How many.</param>
    /// <param name="rows">[views x Count, height, width, channels] Float32.</param>
    public void Bring(IBackend backend, int firstView, int views, TensorView rows)
    {
        if (DeviceImages is { } made)
            renderer!.Queue(made, firstView, views, rows);
        else
            backend.Upload<float>(Images.Slice(firstView * Count * RowLength, views * Count * RowLength), rows);
    }

    /// <summary>One row.</summary>
    internal Span<float> Row(int view, int position) => Images.Slice((view * Count + position) * RowLength, RowLength);

    internal void Begin(int epoch, int index, int count)
    {
        (Epoch, Index, Count, Remaining) = (epoch, index, count, count);
        (Failure, FailurePosition) = (null, int.MaxValue);
        DeviceImages?.Begin();
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
