using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>Coded and decoded by libjpeg-turbo: baseline, 4:2:0 chroma, accurate integer DCT, smooth chroma upsampling.</summary>
internal sealed class JpegCompression : Corruption
{
    private static readonly SeverityTable<int> Quality = new(
        imageNet224: [25, 18, 15, 10, 7],
        inception299: [23, 16, 13, 8, 5],
        tiny64: [65, 58, 50, 40, 25],
        cifar32: [80, 65, 58, 50, 40]);

    public override string Name => "jpeg_compression";

    public override CorruptionGroup Group => CorruptionGroup.Digital;

    public override int Index => 14;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        using var encoded = ImageFile.EncodeToData(source, ImageEncoding.Jpeg, Quality.At(variant, severity));
        ImageFile.Decode(encoded.Span, Name, destination, source.Channels);
    }
}
