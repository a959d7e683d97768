using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment.Device;

/// <summary>
/// What was drawn for the mixtures of a batch, a row each: the loader's threads draw, a CUDA device does it. The draws are those of the
/// mixture that the host would make.
/// </summary>
internal abstract class MixtureRecord
{
    /// <summary>Begins a batch: what was drawn for the one before is not needed any more.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Draws one row's mixture; rows may be drawn by several threads at once.</summary>
    /// <param name="row">Its number; of image row modulo the batch's images.</param>
    /// <param name="random">The draws of the sample and view.</param>
    /// <param name="scratch">The worker's buffers.</param>
    public abstract void Draw(int row, IRandomStream random, AugMixScratch scratch);

    /// <summary>Queues the making of rows.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="tables">Takes the record there.</param>
    /// <param name="images">[images, side, side, channels] UInt8 after crop and flip.</param>
    /// <param name="firstRow">The first row that is made.</param>
    /// <param name="rows">[rows, side, side, channels] Float32, written.</param>
    /// <param name="normalization">Mean and deviation.</param>
    public abstract void Queue(
        CudaBackend backend, DeviceTables tables, TensorView images, int firstRow, TensorView rows, Normalization normalization);
}
