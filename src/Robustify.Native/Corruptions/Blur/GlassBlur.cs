using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// Gaussian blur, then pixels taken from near by, then blur again. The scan goes from the bottom right to the top left, and later pixels
/// read what earlier ones took. The published code means to swap two pixels but copies one: x[h, w] becomes x[h + dy, w + dx], and
/// the other stays. Displacements are drawn from [-delta, delta), dx before dy.
/// </summary>
internal sealed class GlassBlur : Corruption
{
    private static readonly SeverityTable<(GaussianKernel Kernel, int Delta, int Iterations)> Glass = new(
        imageNet224: [(new(0.7), 1, 2), (new(0.9), 2, 1), (new(1), 2, 3), (new(1.1), 3, 2), (new(1.5), 4, 2)],
        inception299: [(new(0.8), 1, 3), (new(1), 3, 1), (new(1.1), 2, 4), (new(1.2), 4, 2), (new(1.6), 5, 2)],
        tiny64: [(new(0.1), 1, 1), (new(0.5), 1, 1), (new(0.6), 1, 2), (new(0.7), 2, 1), (new(0.9), 2, 2)],
        cifar32: [(new(0.05), 1, 1), (new(0.25), 1, 1), (new(0.4), 1, 1), (new(0.25), 1, 2), (new(0.4), 1, 2)]);

    public override string Name => "glass_blur";

    public override CorruptionGroup Group => CorruptionGroup.Blur;

    public override int Index => 4;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        var (kernel, delta, iterations) = Glass.At(variant, severity);
        GaussianBytes.Apply(source.Pixels, destination.Pixels, source.Width, source.Height, source.Channels, kernel, scratch);
        for (int i = 0; i < iterations; i++)
        {
            if (source.Channels == 3)
                Scan(MemoryMarshal.Cast<byte, Rgb>(destination.Pixels), source.Width, source.Height, delta, random, scratch);
            else
                Scan(destination.Pixels, source.Width, source.Height, delta, random, scratch);
        }

        GaussianBytes.Apply(destination.Pixels, destination.Pixels, source.Width, source.Height, source.Channels, kernel, scratch);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        var (kernel, delta, iterations) = Glass.At(variant, severity);
        batch.Backend.GlassBlur(batch.Source, batch.Result, kernel.On(batch.Tables), batch.Draw, delta, iterations);
    }

    private static void Scan<TPixel>(Span<TPixel> pixels, int width, int height, int delta, IRandomStream random, CorruptionScratch scratch)
        where TPixel : unmanaged
    {
        int visited = Math.Max(width - 2 * delta, 0);
        Span<uint> words = scratch.Words(2 * visited);
        ulong range = (ulong)(2 * delta);
        for (int y = height - delta; y > delta && visited > 0; y--)
        {
            random.FillWords(words);
            int at = y * width + width - delta, next = 0;
            for (int i = 0; i < visited; i++, at--, next += 2)
            {
                int dx = (int)(words[next] * range >> 32) - delta, dy = (int)(words[next + 1] * range >> 32) - delta;
                pixels[at] = pixels[at + dy * width + dx];
            }
        }
    }

    [InlineArray(3)]
    private struct Rgb
    {
        private byte red;
    }
}
