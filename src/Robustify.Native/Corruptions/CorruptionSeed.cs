using Robustify.Kernels.Random;

namespace Robustify.Native.Corruptions;

/// <summary>
/// Which draws belong to which corrupted image: the Philox key is the seed, the counter's words are (<see cref="RandomPurpose.Corruption"/>,
/// corruption index * 256 + severity, sample index, block). So an image's corruption depends on neither the order of work nor the number
/// of workers, and no two (corruption, severity, sample) share a draw.
/// </summary>
public static class CorruptionSeed
{
    /// <summary>Moves <paramref name="stream"/> to the first draw for one image.</summary>
    /// <param name="stream">The worker's stream.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="corruption">What is applied.</param>
    /// <param name="severity">1..5.</param>
    /// <param name="sample">The image's index in its data set.</param>
    public static void Reset(PhiloxStream stream, ulong seed, Corruption corruption, int severity, uint sample) =>
        stream.Reset(seed, (uint)RandomPurpose.Corruption, EpochWord(corruption, severity), sample);

    /// <summary>A new stream at the first draw for one image; parameters as <see cref="Reset"/>.</summary>
    public static PhiloxStream Stream(ulong seed, Corruption corruption, int severity, uint sample) =>
        new(seed, RandomPurpose.Corruption, EpochWord(corruption, severity), sample);

    /// <summary>The counter's word for a corruption and severity.</summary>
    internal static uint EpochWord(Corruption corruption, int severity) => (uint)corruption.Index << 8 | (uint)severity;
}
