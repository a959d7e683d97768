using System.Diagnostics;
using Robustify.Kernels;

namespace Robustify.Native.Tests.Data.Sources;

/// <summary>What every refusal of bad input has in common.</summary>
internal static class Refusal
{
    // The readers' own buffers: the first 1 MiB of growing data, 64 KiB of file, a few KiB of gzip. Far below what hostile headers claim.
    private const long AllocationBound = 4 << 20;

    /// <summary>Asserts one line that holds all of <paramref name="words"/>, within a second, within the allocation bound.</summary>
    public static RobustifyException Of(Action open, params string[] words)
    {
        // The first call also compiles the code, which says nothing about the reader; so the better of two is timed.
        var (refused, first, _) = Run(open);
        var (_, second, allocated) = Run(open);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.DoesNotContain('\r', refused.Message);
        Assert.All(words, word => Assert.Contains(word, refused.Message));
        Assert.InRange(Math.Min(first.TotalSeconds, second.TotalSeconds), 0, 1);
        Assert.InRange(allocated, 0, AllocationBound);
        return refused;
    }

    private static (RobustifyException Refused, TimeSpan Elapsed, long Allocated) Run(Action open)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var refused = Assert.ThrowsAny<RobustifyException>(open);
        return (refused, watch.Elapsed, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
