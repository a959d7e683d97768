using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// Makes the rows of training batches on a CUDA device: crop, flip, mixtures and normalisation, with the host's result (of PixMix's powers
/// all but the last bits). Called by the loader's consumer alone, in the order of the device's stream and outside captured steps.
/// </summary>
internal sealed class DeviceRenderer : IDisposable
{
    private readonly CudaBackend backend;
    private readonly Normalization normalization;
    private readonly DeviceTables tables;
    private readonly DeviceBuffer memory;
    private readonly TensorView whole;
    private readonly TensorView cut;

    public DeviceRenderer(CudaBackend backend, int capacity, int side, Normalization normalization)
    {
        (this.backend, this.normalization, tables) = (backend, normalization, new DeviceTables(backend));
        var shape = new Shape(capacity, side, side, normalization.Channels);
        memory = backend.Allocate(2 * shape.Count, "8-bit images of a batch");
        whole = memory.View(0, shape, DType.UInt8);
        cut = memory.View(shape.Count, shape, DType.UInt8);
    }

    /// <summary>Writes views of a batch.</summary>
    /// <param name="images">What the loader's threads left.</param>
    /// <param name="firstView">0 is the clean one.</param>
    /// <param name="views">How many.</param>
    /// <param name="rows">[views x batch, side, side, channels] Float32 on the device.</param>
    public void Queue(DeviceImages images, int firstView, int views, TensorView rows)
    {
        int count = whole.Shape[0], length = (int)(whole.Shape.Count / count);
        tables.BeginBatch();
        backend.Upload(images.Pixels, whole);
        backend.CropAndFlip(whole, tables.Upload<int>(images.Windows, new(count, DeviceImages.WindowLength)), cut);
        int clean = firstView == 0 ? count : 0, mixed = views * count - clean;
        if (clean > 0)
            backend.NormalizePixels(cut, Rows(rows, 0, clean), normalization.Scales, normalization.Shifts);
        if (mixed > 0)
            images.Mixtures!.Queue(backend, tables, cut, (Math.Max(firstView, 1) - 1) * count, Rows(rows, clean, mixed), normalization);

        TensorView Rows(TensorView all, int first, int number) => new(
            all.Pointer + (nint)((long)first * length * sizeof(float)), DType.Float32, new Shape(number, whole.Shape[1], whole.Shape[2], whole.Shape[3]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        tables.Dispose();
        memory.Dispose();
    }
}
