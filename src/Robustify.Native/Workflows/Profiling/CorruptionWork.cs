using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Device;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>
/// A corruption at severity 3 on a batch of 224-pixel images that lie on the device: what the stored speeds of the reference generators
/// are measured at.
/// </summary>
internal sealed class CorruptionWork : DeviceWork
{
    /// <summary>What a work's name begins with; the corruption's follows.</summary>
    public const string Prefix = "corruption.";

    private const int Side = 224;
    private const int Severity = 3;

    private readonly Corruption corruption;
    private readonly DeviceCorruptor corruptor;
    private readonly uint[] samples;
    private readonly DeviceBuffer memory;
    private readonly TensorView source;
    private readonly TensorView result;

    /// <exception cref="RobustifyException">The device is the CPU, or there is no such corruption.</exception>
    public CorruptionWork(string name, int batch, ComputeTarget target)
        : base(name, batch)
    {
        corruption = CorruptionCatalog.Find(name[Prefix.Length..]);
        if (target.Backend is not CudaBackend backend)
            throw new RobustifyException($"profile: work '{name}' is CUDA's, the CPU found; use --device cuda, or benchmarks/corruptions.sh for the CPU");
        var shape = new Shape(batch, Side, Side, 3);
        memory = backend.Allocate(2 * shape.Count, name);
        (source, result) = (memory.View(0, shape, DType.UInt8), memory.View(shape.Count, shape, DType.UInt8));
        backend.Upload(Waves(shape.Count), source);
        (corruptor, samples) = (new DeviceCorruptor(backend), [.. Enumerable.Range(0, batch).Select(i => (uint)i)]);
    }

    /// <summary>Every batch uploads what the host has drawn for it.</summary>
    public override bool CanBeCaptured => false;

    /// <inheritdoc/>
    public override void Run() => corruptor.Queue(corruption, Severity, seed: 1, samples, source, result);

    /// <inheritdoc/>
    public override void Dispose()
    {
        corruptor.Dispose();
        memory.Dispose();
    }

    // Slow waves of every hue with some grain, so that no path is spared as it would be by a flat image.
    private static byte[] Waves(long count)
    {
        var pixels = new byte[count];
        for (int i = 0; i < pixels.Length; i++)
        {
            int pixel = i / 3, x = pixel % Side, y = pixel / Side % Side, image = pixel / Side / Side;
            double wave = Math.Sin((x * (1 + i % 3) + 2 * y + 17 * image) / 29.0);
            pixels[i] = (byte)(118 + 90 * wave + (Philox.Block(1, (uint)i, 0, 0, 0).X & 31));
        }

        return pixels;
    }
}
