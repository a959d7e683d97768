using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Workflows.SelfTests;

/// <summary>A corruption of a few images. On the CPU: with buffers that other cases were computed in before.</summary>
internal sealed class CorruptionCase(Corruption corruption, int severity, int width, int height, int channels, CorruptionScratch used)
    : ImageCase(corruption.Name, $"severity {severity}, {Images} images of {width}x{height}x{channels}")
{
    private const int Images = 2;
    private const ulong Seed = 20260101;

    private static readonly uint[] Samples = [7, 123_456];

    private readonly DrawnPictures pictures = new(Images, width, height, channels);

    /// <summary>Each corruption at every severity, under the constants of small and of large images, in colour and in grey.</summary>
    public static IEnumerable<ImageCase> All()
    {
        var used = new CorruptionScratch();
        foreach (var corruption in CorruptionCatalog.All)
        {
            for (int severity = 1; severity <= Corruption.MaxSeverity; severity++)
                yield return new CorruptionCase(corruption, severity, 33, 29, 3, used);
            yield return new CorruptionCase(corruption, 3, 28, 28, 1, used);
            yield return new CorruptionCase(corruption, 4, 131, 120, 3, used);
        }
    }

    /// <inheritdoc/>
    public override DType Type => DType.UInt8;

    /// <inheritdoc/>
    protected override float[] Expected() => OnHost(new CorruptionScratch());

    /// <inheritdoc/>
    protected override float[] Made(IBackend backend) => backend is CudaBackend cuda ? OnDevice(cuda) : OnHost(used);

    private float[] OnHost(CorruptionScratch scratch) => Levels(Enumerable.Range(0, Images).SelectMany(i =>
    {
        var result = new Image8(1, 1, 1);
        corruption.Apply(pictures[i], result, severity, CorruptionSeed.Stream(Seed, corruption, severity, Samples[i]), scratch);
        return result.Pixels.ToArray();
    }));

    private float[] OnDevice(CudaBackend backend)
    {
        byte[] pixels = [.. Enumerable.Range(0, Images).SelectMany(i => pictures[i].Pixels.ToArray())];
        var shape = new Shape(Images, pictures[0].Height, pictures[0].Width, pictures[0].Channels);
        using var corruptor = new DeviceCorruptor(backend);
        using var from = backend.Allocate(pixels.Length, Name);
        using var to = backend.Allocate(pixels.Length, Name);
        TensorView x = from.View(0, shape, DType.UInt8), y = to.View(0, shape, DType.UInt8);
        backend.Upload(pixels, x);
        corruptor.Queue(corruption, severity, Seed, Samples, x, y);
        backend.Download(y, pixels);
        return Levels(pixels);
    }

    private static float[] Levels(IEnumerable<byte> pixels) => [.. pixels.Select(level => (float)level)];
}
