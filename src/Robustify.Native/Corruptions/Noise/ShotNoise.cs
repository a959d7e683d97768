using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Noise;

/// <summary>
/// Poisson(x * photons) / photons, independent for each pixel and channel: the noise of counting light. One 32-bit word an element.
/// </summary>
internal sealed class ShotNoise : Corruption
{
    private static readonly SeverityTable<Lazy<PhotonOutcomes>> Outcomes = new(
        imageNet224: Tables(60, 25, 12, 5, 3),
        inception299: Tables(50, 20, 10, 5, 3),
        tiny64: Tables(250, 100, 50, 30, 15),
        cifar32: Tables(500, 250, 100, 75, 50));

    public override string Name => "shot_noise";

    public override CorruptionGroup Group => CorruptionGroup.Noise;

    public override int Index => 1;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        PhotonOutcomes outcomes = Outcomes.At(variant, severity).Value;
        Span<uint> words = scratch.Words(NoiseChunk.Length);
        for (int start = 0; start < source.Pixels.Length; start += words.Length)
        {
            Span<byte> from = source.Pixels[start..Math.Min(start + words.Length, source.Pixels.Length)], to = destination.Pixels[start..];
            random.FillWords(words[..from.Length]);
            outcomes.Draw(from, words, to);
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        PhotonOutcomes outcomes = Outcomes.At(variant, severity).Value;
        var bins = batch.Tables.Keep(outcomes, "bins", () => outcomes.Table.ToArray());
        batch.Backend.ShotNoise(batch.Source, batch.Result, bins, batch.Draw, outcomes.IndexBits);
    }

    private static Lazy<PhotonOutcomes>[] Tables(params int[] photons) => [.. photons.Select(count => new Lazy<PhotonOutcomes>(() => new(count)))];
}
