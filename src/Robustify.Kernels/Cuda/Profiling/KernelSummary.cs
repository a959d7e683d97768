namespace Robustify.Kernels.Cuda.Profiling;

/// <summary>All launches of one name together.</summary>
/// <param name="Name">Kernel, product or copy.</param>
/// <param name="Calls">How often it ran.</param>
/// <param name="Milliseconds">Device time of all calls.</param>
/// <param name="Share">Part of the profile's device time, 0 to 1.</param>
/// <param name="Bytes">Least bytes of all calls.</param>
/// <param name="Operations">Floating-point operations of all calls.</param>
internal readonly record struct KernelSummary(string Name, int Calls, double Milliseconds, double Share, long Bytes, long Operations)
{
    /// <summary>10^9 bytes a second.</summary>
    public double GigabytesPerSecond => Milliseconds > 0 ? Bytes / Milliseconds / 1e6 : 0;

    /// <summary>10^12 floating-point operations a second.</summary>
    public double TeraflopsPerSecond => Milliseconds > 0 ? Operations / Milliseconds / 1e9 : 0;

    /// <summary>One line a name, the most time first; equal times in order of their names.</summary>
    public static KernelSummary[] Of(ReadOnlySpan<LaunchSample> samples)
    {
        var sums = new Dictionary<string, KernelSummary>(StringComparer.Ordinal);
        double total = 0;
        foreach (var sample in samples)
        {
            sums.TryGetValue(sample.Name, out var sum);
            sums[sample.Name] = new KernelSummary(
                sample.Name, sum.Calls + 1, sum.Milliseconds + sample.Milliseconds, 0, sum.Bytes + sample.Cost.Bytes,
                sum.Operations + sample.Cost.Operations);
            total += sample.Milliseconds;
        }

        return
        [
            .. sums.Values.Select(sum => sum with { Share = total > 0 ? sum.Milliseconds / total : 0 })
                .OrderByDescending(sum => sum.Milliseconds).ThenBy(sum => sum.Name, StringComparer.Ordinal),
        ];
    }
}
