using System.Numerics.Tensors;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>Correlates every channel with an antialiased disk, borders mirrored without repeating the edge pixel ("reflect 101").</summary>
internal sealed class DefocusBlur : Corruption
{
    private static readonly SeverityTable<(double Radius, double AliasSigma)> Disk = new(
        imageNet224: [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
        inception299: [(4, 0.1), (5, 0.5), (7, 0.5), (10, 0.5), (12, 0.5)],
        tiny64: [(0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)],
        cifar32: [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)]);

    private static readonly SeverityTable<DiskKernel> Kernels = new(
        Tabulate(CorruptionVariant.ImageNet224), Tabulate(CorruptionVariant.Inception299),
        Tabulate(CorruptionVariant.Tiny64), Tabulate(CorruptionVariant.Cifar32));

    public override string Name => "defocus_blur";

    public override CorruptionGroup Group => CorruptionGroup.Blur;

    public override int Index => 3;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        DiskKernel kernel = Kernels.At(variant, severity);
        int channels = source.Channels, row = source.Width * channels, reach = kernel.Reach;
        int paddedRow = row + 2 * reach * channels;
        Span<double> padded = scratch.First(paddedRow * (source.Height + 2 * reach)), sum = scratch.Second(row);
        Pad(source, padded, paddedRow, reach);
        for (int y = 0; y < source.Height; y++)
        {
            sum.Clear();
            foreach (var (dx, dy, weight) in kernel.Taps)
                TensorPrimitives.MultiplyAdd(padded.Slice((y + reach + dy) * paddedRow + (reach + dx) * channels, row), weight, sum, sum);
            UnitRange.ToBytes(sum, destination.Pixels.Slice(y * row, row));
        }
    }

    private static void Pad(Image8 source, Span<double> padded, int paddedRow, int reach)
    {
        ReadOnlySpan<double> units = UnitRange.Levels;
        ReadOnlySpan<byte> pixels = source.Pixels;
        int channels = source.Channels, at = 0;
        for (int y = -reach; y < source.Height + reach; y++)
        {
            int fromRow = DiskKernel.Reflect101(y, source.Height) * source.Width;
            for (int x = -reach; x < source.Width + reach; x++)
            {
                int from = (fromRow + DiskKernel.Reflect101(x, source.Width)) * channels;
                for (int channel = 0; channel < channels; channel++)
                    padded[at++] = units[pixels[from + channel]];
            }
        }
    }

    private static DiskKernel[] Tabulate(CorruptionVariant variant) =>
        [.. Enumerable.Range(1, MaxSeverity).Select(severity => new DiskKernel(Disk.At(variant, severity).Radius, Disk.At(variant, severity).AliasSigma))];
}
