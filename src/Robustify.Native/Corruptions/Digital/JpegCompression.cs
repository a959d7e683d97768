using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Digital.Jpeg;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>Baseline JPEG and back: 4:2:0 chroma, accurate integer DCT, smooth chroma upsampling, as Pillow's defaults.</summary>
internal sealed class JpegCompression : Corruption
{
    private static readonly SeverityTable<(QuantizationTable Luma, QuantizationTable Chroma)> Tables = new(
        imageNet224: Qualities(25, 18, 15, 10, 7),
        inception299: Qualities(23, 16, 13, 8, 5),
        tiny64: Qualities(65, 58, 50, 40, 25),
        cifar32: Qualities(80, 65, 58, 50, 40));

    public override string Name => "jpeg_compression";

    public override CorruptionGroup Group => CorruptionGroup.Digital;

    public override int Index => 14;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        var (luma, chroma) = Tables.At(variant, severity);
        JpegRoundTrip.Apply(source, destination, luma, chroma, scratch);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        var (luma, chroma) = Tables.At(variant, severity);
        batch.Backend.Jpeg(
            batch.Source, batch.Result, batch.Tables.Keep(luma, "steps", luma.ToArray), batch.Tables.Keep(chroma, "steps", chroma.ToArray));
    }

    private static (QuantizationTable Luma, QuantizationTable Chroma)[] Qualities(params int[] qualities) =>
        [.. qualities.Select(quality => (QuantizationTable.Luma(quality), QuantizationTable.Chroma(quality)))];
}
