using System.Diagnostics;
using Robustify.Native.Graph;

namespace Robustify.Native.Planning;

/// <summary>Adds up time by phase. One thread.</summary>
public sealed class PhaseClock
{
    private readonly long[] ticks = new long[Enum.GetValues<WorkPhase>().Length];

    /// <summary>Seconds of a phase so far.</summary>
    public double Seconds(WorkPhase phase) => (double)ticks[(int)phase] / Stopwatch.Frequency;

    /// <summary>Counts what passed since <paramref name="start"/>, a <see cref="Stopwatch.GetTimestamp"/>, as the phase's.</summary>
    /// <returns>The time now, from which the next phase is counted.</returns>
    internal long Add(WorkPhase phase, long start)
    {
        long now = Stopwatch.GetTimestamp();
        ticks[(int)phase] += now - start;
        return now;
    }
}
