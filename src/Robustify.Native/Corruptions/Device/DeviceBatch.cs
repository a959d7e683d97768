using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Device;

/// <summary>Images of one size on a CUDA device that one corruption is applied to.</summary>
/// <param name="Backend">The device.</param>
/// <param name="Tables">Constants and values of this batch.</param>
/// <param name="Source">[images, height, width, channels] UInt8, 1 or 3 channels.</param>
/// <param name="Result">As the source, other memory.</param>
/// <param name="Draw">The draws' key and counters.</param>
/// <param name="Samples">Each image's sample index.</param>
internal sealed record DeviceBatch(
    CudaBackend Backend, DeviceTables Tables, TensorView Source, TensorView Result, CorruptionDraw Draw, ReadOnlyMemory<uint> Samples)
{
    public int Images => Source.Shape[0];

    public int Height => Source.Shape[1];

    public int Width => Source.Shape[2];

    public int Channels => Source.Shape[3];

    /// <summary>The stream of one image, for the few draws that the host makes: those which kernels do not need an element at a time.</summary>
    public PhiloxStream StreamOf(int image)
    {
        var stream = new PhiloxStream(0, RandomPurpose.Corruption, 0, 0);
        stream.Reset(Draw.Seed, Draw.Purpose, Draw.Epoch, Samples.Span[image]);
        return stream;
    }
}
