using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Noise;

/// <summary>
/// Salt and pepper for each pixel and channel independently (coloured specks): with probability <c>amount</c> an element is replaced, by 255
/// or 0 with equal probability. All "replaced" draws come first, then all "salt" draws, as in scikit-image.
/// </summary>
internal sealed class ImpulseNoise : Corruption
{
    private static readonly SeverityTable<double> Amount = new(
        imageNet224: [0.03, 0.06, 0.09, 0.17, 0.27],
        inception299: [0.04, 0.07, 0.1, 0.18, 0.28],
        tiny64: [0.01, 0.02, 0.05, 0.08, 0.14],
        cifar32: [0.01, 0.02, 0.03, 0.05, 0.07]);

    public override string Name => "impulse_noise";

    public override CorruptionGroup Group => CorruptionGroup.Noise;

    public override int Index => 2;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        Span<byte> from = source.Pixels, to = destination.Pixels, replaced = scratch.Bytes(0, from.Length);
        Span<uint> words = scratch.Words(NoiseChunk.Length);
        uint amount = ReplacedBelow(variant, severity);
        for (int start = 0; start < from.Length; start += words.Length)
        {
            Span<byte> mask = replaced[start..Math.Min(start + words.Length, from.Length)];
            random.FillWords(words[..mask.Length]);
            Below(words, amount, mask);
        }

        for (int start = 0; start < from.Length; start += words.Length)
        {
            Span<byte> salt = to[start..Math.Min(start + words.Length, from.Length)];
            random.FillWords(words[..salt.Length]);
            Below(words, 1u << 31, salt);
        }

        Select(replaced, to, from);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity) =>
        batch.Backend.ImpulseNoise(batch.Source, batch.Result, batch.Draw, ReplacedBelow(variant, severity));

    // An element is replaced where its word is below this.
    private static uint ReplacedBelow(CorruptionVariant variant, int severity) => (uint)Math.Ceiling(Amount.At(variant, severity) * 4294967296.0);

    /// <summary>mask[i] = 255 where words[i] is below the limit, else 0.</summary>
    private static void Below(ReadOnlySpan<uint> words, uint limit, Span<byte> mask)
    {
        int i = 0;
        var bound = Vector256.Create(limit);
        for (; i <= mask.Length - 32; i += 32)
        {
            var low = Vector256.Narrow(Vector256.LessThan(Vector256.Create(words[i..]), bound), Vector256.LessThan(Vector256.Create(words[(i + 8)..]), bound));
            var high = Vector256.Narrow(
                Vector256.LessThan(Vector256.Create(words[(i + 16)..]), bound), Vector256.LessThan(Vector256.Create(words[(i + 24)..]), bound));
            Vector256.Narrow(low, high).CopyTo(mask[i..]);
        }

        for (; i < mask.Length; i++)
            mask[i] = words[i] < limit ? byte.MaxValue : (byte)0;
    }

    /// <summary>values[i] stays where the mask is 255 and becomes otherwise[i] where it is 0.</summary>
    private static void Select(ReadOnlySpan<byte> mask, Span<byte> values, ReadOnlySpan<byte> otherwise)
    {
        int i = 0;
        for (; i <= mask.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256.ConditionalSelect(Vector256.Create(mask[i..]), Vector256.Create<byte>(values[i..]), Vector256.Create(otherwise[i..]))
                .CopyTo(values[i..]);
        }

        for (; i < mask.Length; i++)
            values[i] = mask[i] != 0 ? values[i] : otherwise[i];
    }
}
