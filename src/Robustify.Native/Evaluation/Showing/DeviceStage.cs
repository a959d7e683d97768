using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation.Showing;

/// <summary>
/// The stage on a CUDA device: the bytes go there once a batch; every condition is made and normalised there, straight into the models'
/// inputs. The host's results to the bit.
/// </summary>
internal sealed class DeviceStage(CudaBackend backend, int size) : IImageStage
{
    private readonly DeviceCorruptor corruptor = new(backend);
    private readonly Image8 downloaded = new(1, 1, 1);
    private byte[] staging = [];
    private DeviceBuffer? cleanMemory;
    private DeviceBuffer? corruptedMemory;
    private TensorView clean;
    private TensorView shown;
    private ReadOnlyMemory<uint> sampleIds;

    /// <inheritdoc/>
    public void Take(ReadOnlySpan<Image8> clean, ReadOnlyMemory<uint> sampleIds)
    {
        int length = clean[0].Pixels.Length;
        if (staging.Length < size * length)
        {
            staging = new byte[size * length];
            cleanMemory?.Dispose();
            corruptedMemory?.Dispose();
            cleanMemory = backend.Allocate(staging.Length, "images as they were read");
            corruptedMemory = backend.Allocate(staging.Length, "corrupted images");
        }

        for (int i = 0; i < clean.Length; i++)
            clean[i].Pixels.CopyTo(staging.AsSpan(i * length, length));
        this.clean = shown = cleanMemory!.View(0, new Shape(clean.Length, clean[0].Height, clean[0].Width, clean[0].Channels), DType.UInt8);
        this.sampleIds = sampleIds;
        backend.Upload(staging.AsSpan(0, clean.Length * length), this.clean);
    }

    /// <inheritdoc/>
    public void ShowClean(int count) => shown = clean;

    /// <inheritdoc/>
    public void Corrupt(ConditionCycle conditions, ulong seed, int count)
    {
        shown = corruptedMemory!.View(0, clean.Shape, DType.UInt8);
        int together = conditions.IsOne ? count : 1;
        for (int first = 0; first < count; first += together)
        {
            var (corruption, severity) = conditions[first];
            corruptor.Queue(corruption, severity, seed, sampleIds.Slice(first, together), Part(clean, first, together), Part(shown, first, together));
        }
    }

    /// <inheritdoc/>
    public void Normalize(Normalization normalization, IModelInput input, int count)
    {
        var images = Part(shown, 0, count);
        var rows = new TensorView(input.DeviceImages.Pointer, input.DeviceImages.Type, images.Shape);
        backend.NormalizePixels(images, rows, normalization.Scales, normalization.Shifts);
    }

    /// <inheritdoc/>
    public Image8 Shown(int index)
    {
        downloaded.Reshape(shown.Shape[2], shown.Shape[1], shown.Shape[3]);
        backend.Download(Part(shown, index, 1), downloaded.Pixels);
        return downloaded;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        corruptor.Dispose();
        cleanMemory?.Dispose();
        corruptedMemory?.Dispose();
    }

    private static TensorView Part(TensorView images, int first, int count)
    {
        long length = images.Shape.Count / images.Shape[0];
        return new(images.Pointer + (nint)(first * length), DType.UInt8, new Shape(count, images.Shape[1], images.Shape[2], images.Shape[3]));
    }
}
