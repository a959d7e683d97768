using System.Runtime.InteropServices;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Noise;

/// <summary>
/// For each of the 256 levels the distribution of the level that Poisson counting leaves of it, as an alias table (A. J. Walker, "An
/// efficient method for generating discrete random variables with general distributions", ACM TOMS 3 (1977); built by M. D. Vose's method,
/// 1991): one word and one look-up a draw, whatever the mean. All counts from the photon number on are one outcome, 255.
/// Probabilities are exact to 2^-32 of the table's bins.
/// </summary>
internal sealed class PhotonOutcomes
{
    private readonly Bin[] bins;
    private readonly int indexBits;

    /// <param name="photons">The count that a level of 255 has in the mean; at least 1.</param>
    public PhotonOutcomes(int photons)
    {
        byte[] levels = [.. Enumerable.Range(0, photons + 1).Select(count => UnitRange.ToByte((double)count / photons))];
        byte[] outcomes = [.. levels.Distinct()];
        while (1 << indexBits < outcomes.Length)
            indexBits++;
        bins = new Bin[256 << indexBits];
        var probabilities = new double[1 << indexBits];
        for (int level = 0; level < 256; level++)
        {
            Array.Clear(probabilities);
            Accumulate(UnitRange.Levels[level] * photons, photons, levels, outcomes, probabilities);
            BuildAliases(probabilities, outcomes, bins.AsSpan(level << indexBits, 1 << indexBits));
        }
    }

    /// <summary>The bins as a device reads them: [256, 2^<see cref="IndexBits"/>] of 8 bytes, bound, outcome, alias.</summary>
    public ReadOnlySpan<byte> Table => MemoryMarshal.AsBytes<Bin>(bins);

    /// <summary>Bits of a word that choose the bin.</summary>
    public int IndexBits => indexBits;

    /// <summary>to[i] is drawn for level from[i] by words[i].</summary>
    public void Draw(ReadOnlySpan<byte> from, ReadOnlySpan<uint> words, Span<byte> to)
    {
        ReadOnlySpan<Bin> table = bins;
        int bits = indexBits, shift = 32 - bits;
        words = words[..from.Length];
        to = to[..from.Length];
        for (int i = 0; i < from.Length; i++)
        {
            ulong word = words[i];
            Bin bin = table[(from[i] << bits) + (int)(word >> shift)];
            to[i] = (uint)(word << bits) < bin.KeepBelow ? bin.Outcome : bin.Alias;
        }
    }

    private static void Accumulate(double mean, int photons, byte[] levels, byte[] outcomes, double[] probabilities)
    {
        double probability = Math.Exp(-mean), total = 0;
        for (int count = 0, outcome = 0; count < photons; probability *= mean / ++count)
        {
            if (outcomes[outcome] != levels[count])
                outcome++;
            probabilities[outcome] += probability;
            total += probability;
        }

        probabilities[outcomes.Length - 1] += Math.Max(0, 1 - total);
    }

    private static void BuildAliases(double[] probabilities, byte[] outcomes, Span<Bin> bins)
    {
        int count = bins.Length;
        double[] scaled = [.. probabilities.Select(p => p * count)];
        var small = new Stack<int>(Enumerable.Range(0, count).Where(i => scaled[i] < 1));
        var large = new Stack<int>(Enumerable.Range(0, count).Where(i => scaled[i] >= 1));
        while (small.Count > 0 && large.Count > 0)
        {
            int under = small.Pop(), over = large.Pop();
            bins[under] = new(scaled[under], Outcome(under), Outcome(over));
            scaled[over] -= 1 - scaled[under];
            (scaled[over] < 1 ? small : large).Push(over);
        }

        // What is left has probability 1 up to rounding.
        foreach (int i in small.Concat(large))
            bins[i] = new(1, Outcome(i), Outcome(i));

        byte Outcome(int i) => outcomes[Math.Min(i, outcomes.Length - 1)];
    }

    private readonly struct Bin(double keep, byte outcome, byte alias)
    {
        public readonly uint KeepBelow = (uint)Math.Min(keep * 4294967296.0, uint.MaxValue);
        public readonly byte Outcome = outcome;
        public readonly byte Alias = alias;
    }
}
