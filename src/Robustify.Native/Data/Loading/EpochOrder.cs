using Robustify.Kernels.Random;

namespace Robustify.Native.Data.Loading;

/// <summary>The order of a data set's samples in one epoch.</summary>
public static class EpochOrder
{
    /// <summary>Writes a uniformly random permutation of <paramref name="indices"/> that depends on (seed, epoch) and the indices alone (Fisher–Yates).</summary>
    public static void Shuffle(ReadOnlySpan<int> indices, ulong seed, int epoch, Span<int> order)
    {
        indices.CopyTo(order);
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, (uint)epoch, 0);
        for (int last = indices.Length - 1; last > 0; last--)
        {
            int other = random.NextInteger(0, last + 1);
            (order[last], order[other]) = (order[other], order[last]);
        }
    }
}
