using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// Makes the rows of training batches on a CUDA device: resizing, crop, flip, mixtures, normalisation and noise, with the host's result (of
/// PixMix's powers all but the last bits). Called by the loader's consumer alone, in the order of the device's stream and outside captured steps.
/// </summary>
internal sealed class DeviceRenderer : IDisposable
{
    private readonly CudaBackend backend;
    private readonly Normalization normalization;
    private readonly DeviceTables tables;
    private readonly DeviceBuffer memory;
    private readonly TensorView sources;
    private readonly TensorView whole;
    private readonly TensorView cut;
    private readonly int count;
    private readonly int crops;
    private readonly bool hasViews;
    private (DeviceImages? Images, int Generation) present;

    public DeviceRenderer(CudaBackend backend, int capacity, BatchLoaderOptions options)
    {
        (this.backend, normalization, tables) = (backend, options.Normalization, new DeviceTables(backend));
        (count, crops, hasViews) = (capacity, options.Crops, options.Views > 1);
        var shape = new Shape(crops * capacity, options.ImageSize, options.ImageSize, normalization.Channels);
        long room = DeviceImages.RoomOf(options, shape[0]);
        memory = backend.Allocate(room + 2 * shape.Count, "8-bit images of a batch");
        whole = memory.View(0, shape, DType.UInt8);
        cut = memory.View(shape.Count, shape, DType.UInt8);
        sources = memory.View(2 * shape.Count, new Shape((int)room), DType.UInt8);
    }

    /// <summary>Writes views of a batch.</summary>
    /// <param name="images">What the loader's threads left.</param>
    /// <param name="firstView">0 is the clean one.</param>
    /// <param name="views">How many.</param>
    /// <param name="rows">[views x batch, side, side, channels] Float32 on the device.</param>
    public void Queue(DeviceImages images, int firstView, int views, TensorView rows)
    {
        tables.BeginBatch();
        if (present != (images, images.Generation))
            Cut(images);
        present = (images, images.Generation);
        int firstMixed = Math.Max(firstView, 1), firstNoisy = Math.Max(firstView, hasViews ? 1 : 0), end = firstView + views;
        for (int view = firstView; view < (images.Mixtures is null ? end : Math.Min(end, 1)); view++)
            backend.NormalizePixels(Views(cut, crops > 1 ? view : 0, 1), Views(rows, view - firstView, 1), normalization.Scales, normalization.Shifts);
        if (firstMixed < end)
            images.Mixtures?.Queue(backend, tables, cut, (firstMixed - 1) * count, Views(rows, firstMixed - firstView, end - firstMixed), normalization);
        if (firstNoisy < end)
            images.Noise?.Queue(backend, tables, hasViews ? (firstNoisy - 1) * count : 0, Views(rows, firstNoisy - firstView, end - firstNoisy));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        tables.Dispose();
        memory.Dispose();
    }

    /// <summary>Brings a batch to the device, each image at the model's size, cut and mirrored as drawn.</summary>
    private void Cut(DeviceImages images)
    {
        backend.Upload(images.Bytes.AsSpan(0, images.UsedBytes), sources);
        int rows = whole.Shape[0];
        var weights = images.Resizes ? tables.Upload<int>(images.Weights, new(images.Weights.Length)) : default;
        backend.ResizeEach(sources, tables.Upload<int>(images.Sources, new(rows, DeviceImages.SourceLength)), weights, images.Stride, whole);
        backend.CropAndFlip(whole, tables.Upload<int>(images.Windows, new(rows, DeviceImages.WindowLength)), cut);
    }

    /// <summary>The part of some views in [views x batch, side, side, channels].</summary>
    private TensorView Views(TensorView all, int first, int number)
    {
        var shape = new Shape(number * count, whole.Shape[1], whole.Shape[2], whole.Shape[3]);
        return new(all.Pointer + (nint)(first * (shape.Count / number) * all.Type.Size()), all.Type, shape);
    }
}
