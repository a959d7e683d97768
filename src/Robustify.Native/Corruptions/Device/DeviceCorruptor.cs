using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Device;

/// <summary>
/// Corrupts batches on a CUDA device with the host's result to the bit: the same draws, the same roundings. One thread at a time.
/// </summary>
internal sealed class DeviceCorruptor(CudaBackend backend) : IDisposable
{
    private readonly DeviceTables tables = new(backend);

    /// <summary>Queues one corruption of a batch; the result is there when the device's stream has come so far.</summary>
    /// <param name="corruption">What is applied.</param>
    /// <param name="severity">1..5.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="samples">Each image's index in its data set.</param>
    /// <param name="source">[images, height, width, channels] UInt8.</param>
    /// <param name="result">As the source, other memory.</param>
    public void Queue(Corruption corruption, int severity, ulong seed, ReadOnlyMemory<uint> samples, TensorView source, TensorView result)
    {
        tables.BeginBatch();
        var ids = tables.Upload(MemoryMarshal.Cast<uint, int>(samples.Span), new Shape(samples.Length));
        var draw = new CorruptionDraw(seed, (uint)RandomPurpose.Corruption, CorruptionSeed.EpochWord(corruption, severity), ids);
        corruption.Queue(new DeviceBatch(backend, tables, source, result, draw, samples), severity);
    }

    /// <inheritdoc/>
    public void Dispose() => tables.Dispose();
}
