using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>One worker's means to make corrupted copies of pictures, one at a time.</summary>
internal interface IPictureCorruptor : IDisposable
{
    /// <summary>The picture that the next calls corrupt; not to be changed meanwhile.</summary>
    void Take(Image8 picture);

    /// <summary>Makes <paramref name="destination"/> the corrupted picture, which is <paramref name="sample"/> of its set.</summary>
    void Corrupt(Corruption corruption, int severity, ulong seed, uint sample, Image8 destination);

    /// <summary>Where corruptions are computed: on a CUDA device, else by the calling thread.</summary>
    static IPictureCorruptor On(IBackend? backend) => backend is CudaBackend device ? new DevicePictureCorruptor(device) : new HostPictureCorruptor();
}
