using Robustify.Native.Augment.Device;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// A batch as a CUDA device takes it, filled by the loader's threads: the bytes of each image, how it comes to the model's size, where it is cut
/// and whether it is mirrored, and what was drawn for its mixtures and its noise. A row is a crop of an image.
/// </summary>
internal sealed class DeviceImages
{
    /// <summary>Integers of a window: left, top, flip.</summary>
    public const int WindowLength = 3;

    /// <summary>Integers of a source: first byte, columns, whether it is resized.</summary>
    public const int SourceLength = 3;

    // A random resized crop of a photograph of ImageNet has twice the bytes of the model's input in the mean. What does not fit, and what
    // is reduced more than fourfold, the threads resize: the bytes are the same.
    private const int MeanSourceSize = 3;
    private const int MostReduction = 4;

    private readonly object gate = new();
    private readonly int capacity;
    private readonly int side;
    private readonly int length;
    private int placed;

    /// <param name="options">Sizes, crops, resizer.</param>
    /// <param name="capacity">Images a batch.</param>
    /// <param name="mixtures">Of the views beside the clean one; null where there are none.</param>
    /// <param name="noise">Of the views beside the clean one, or of that one where there are no others; null for none.</param>
    public DeviceImages(BatchLoaderOptions options, int capacity, MixtureRecord? mixtures, NoiseRecord? noise)
    {
        (this.capacity, side, length, Mixtures, Noise) = (capacity, options.ImageSize, options.RowLength, mixtures, noise);
        Stride = StrideOf(options);
        int rows = options.Crops * capacity;
        Bytes = new byte[RoomOf(options, rows)];
        Sources = new int[rows * SourceLength];
        Weights = new int[rows * WeightsLength(side, Stride)];
        Windows = new int[rows * WindowLength];
    }

    /// <summary>Images one after another, of any size.</summary>
    public byte[] Bytes { get; }

    /// <summary>Of <see cref="Bytes"/>, how many are taken.</summary>
    public int UsedBytes { get; private set; }

    /// <summary>[crops, capacity, 3].</summary>
    public int[] Sources { get; }

    /// <summary>[crops, capacity, 2 axes, .]: of each target its first pixel, then of each how many weights it has, then they.</summary>
    public int[] Weights { get; }

    /// <summary>Weights that a target has room for; 0 where nothing is resized on the device.</summary>
    public int Stride { get; }

    /// <summary>Whether any image of the batch is resized on the device.</summary>
    public bool Resizes { get; private set; }

    /// <summary>[crops, capacity, 3].</summary>
    public int[] Windows { get; }

    public MixtureRecord? Mixtures { get; }

    public NoiseRecord? Noise { get; }

    /// <summary>Grows from batch to batch.</summary>
    public int Generation { get; private set; }

    /// <summary>Bytes that rows of images have room for.</summary>
    public static long RoomOf(BatchLoaderOptions options, int rows) => (long)rows * options.RowLength * (StrideOf(options) > 0 ? MeanSourceSize : 1);

    /// <summary>Bytes of a batch's images with all that is said of them but their mixtures.</summary>
    public static long BytesOf(BatchLoaderOptions options)
    {
        int rows = options.Crops * options.BatchSize;
        return RoomOf(options, rows) + sizeof(int) * (long)rows * (SourceLength + WindowLength + WeightsLength(options.ImageSize, StrideOf(options)));
    }

    /// <summary>Begins a batch: what was put for the one before is forgotten.</summary>
    public void Begin()
    {
        (UsedBytes, placed, Resizes) = (0, 0, false);
        Generation++;
        Mixtures?.Begin();
    }

    /// <summary>Puts a crop of an image in its place. Several threads may put different ones.</summary>
    /// <param name="row">crop x capacity + position.</param>
    /// <param name="image">As read.</param>
    /// <param name="draw">What is done to it.</param>
    /// <param name="standard">The worker's own, which resizes what the device does not.</param>
    /// <param name="resizer">The worker's own; null where the device resizes nothing.</param>
    public void Put(int row, Image8 image, in StandardDraw draw, StandardAugmentation standard, PillowResizer? resizer)
    {
        ((ReadOnlySpan<int>)[draw.Left, draw.Top, draw.IsFlipped ? 1 : 0]).CopyTo(Windows.AsSpan(row * WindowLength));
        var placement = draw.Placement;
        if (placement.Resizes && resizer is not null && Fits(placement) && TryTake(placement.Box.Width * placement.Box.Height * image.Channels, out int first))
        {
            int from = placement.Box.Width * image.Channels, to = first;
            for (int y = placement.Box.Top; y < placement.Box.Top + placement.Box.Height; y++, to += from)
                image.Pixels.Slice((y * image.Width + placement.Box.Left) * image.Channels, from).CopyTo(Bytes.AsSpan(to));
            var own = Weights.AsSpan(row * WeightsLength(side, Stride), WeightsLength(side, Stride));
            Write(resizer.Weights(placement.Box.Width, placement.Width), placement.Left, own[..(own.Length / 2)]);
            Write(resizer.Weights(placement.Box.Height, placement.Height), placement.Top, own[(own.Length / 2)..]);
            ((ReadOnlySpan<int>)[first, placement.Box.Width, 1]).CopyTo(Sources.AsSpan(row * SourceLength));
            Resizes = true;
            return;
        }

        var fitted = standard.Fit(image, placement);
        TryTake(length, out first);
        fitted.Pixels.CopyTo(Bytes.AsSpan(first));
        ((ReadOnlySpan<int>)[first, side, 0]).CopyTo(Sources.AsSpan(row * SourceLength));
    }

    /// <summary>Integers of both axes' weights of an image.</summary>
    private static int WeightsLength(int side, int stride) => stride == 0 ? 0 : 2 * side * (2 + stride);

    private static int StrideOf(BatchLoaderOptions options) => options.CreateResizer?.Invoke() is PillowResizer { Filter: not ResampleFilter.Nearest and var filter }
        ? ResampleWeights.StrideOf(filter, MostReduction)
        : 0;

    private bool Fits(in Placement placement) =>
        Stride > 0 && placement.Box.Width <= MostReduction * placement.Width && placement.Box.Height <= MostReduction * placement.Height;

    /// <summary>Room for bytes, if the rows that are still to come keep room for images of the model's size.</summary>
    private bool TryTake(int bytes, out int first)
    {
        lock (gate)
        {
            first = UsedBytes;
            long others = (long)(Sources.Length / SourceLength - placed - 1) * length;
            if (first + bytes + others > Bytes.Length)
                return false;
            UsedBytes += bytes;
            placed++;
            return true;
        }
    }

    private void Write(ResampleWeights axis, int offset, Span<int> to)
    {
        axis.First.AsSpan(offset, side).CopyTo(to);
        axis.Count.AsSpan(offset, side).CopyTo(to[side..]);
        for (int i = 0; i < side; i++)
            axis.Weights.AsSpan((offset + i) * axis.Stride, axis.Count[offset + i]).CopyTo(to[(2 * side + i * Stride)..]);
    }
}
