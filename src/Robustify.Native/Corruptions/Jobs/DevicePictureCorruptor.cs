using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>
/// Corrupts on a CUDA device, which the workers of a job take in turn: they decode and write files meanwhile, and that is most of the work.
/// </summary>
internal sealed class DevicePictureCorruptor(CudaBackend backend) : IPictureCorruptor
{
    private readonly DeviceCorruptor corruptor = new(backend);
    private readonly uint[] sample = new uint[1];
    private DeviceBuffer? source;
    private DeviceBuffer? result;
    private TensorView picture;

    /// <inheritdoc/>
    public void Take(Image8 picture)
    {
        lock (backend)
        {
            if (source is null || source.Bytes < picture.Pixels.Length)
            {
                source?.Dispose();
                result?.Dispose();
                source = backend.Allocate(picture.Pixels.Length, "a picture");
                result = backend.Allocate(picture.Pixels.Length, "a corrupted picture");
            }

            this.picture = source.View(0, new Shape(1, picture.Height, picture.Width, picture.Channels), DType.UInt8);
            backend.Upload(picture.Pixels, this.picture);
        }
    }

    /// <inheritdoc/>
    public void Corrupt(Corruption corruption, int severity, ulong seed, uint sample, Image8 destination)
    {
        destination.Reshape(picture.Shape[2], picture.Shape[1], picture.Shape[3]);
        this.sample[0] = sample;
        lock (backend)
        {
            var corrupted = result!.View(0, picture.Shape, DType.UInt8);
            corruptor.Queue(corruption, severity, seed, this.sample, picture, corrupted);
            backend.Download(corrupted, destination.Pixels);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (backend)
        {
            corruptor.Dispose();
            source?.Dispose();
            result?.Dispose();
        }
    }
}
