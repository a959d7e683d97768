namespace Robustify.Native.Training;

/// <summary>
/// Tells when a number lies far above those before it: more than <see cref="Limit"/> standard deviations above the mean of the last
/// <see cref="Window"/> ones. After an alarm it is silent for a window, so that a jump to another level is told once.
/// </summary>
internal sealed class OutlierAlarm
{
    /// <summary>Observations that are looked back on.</summary>
    public const int Window = 100;

    /// <summary>Deviations above the mean: chance alone gives as much once in 10^9 normal draws, and batches are far from normal.</summary>
    public const double Limit = 6;

    /// <summary>Numbers of <see cref="Write"/>.</summary>
    public const int StateLength = Window + 2;

    // A deviation of fewer would be a guess.
    private const int FewestObservations = 20;

    private readonly double[] observations = new double[Window];
    private long seen;
    private long silentUntil;

    /// <summary>Takes the next number.</summary>
    /// <returns>Its z-score where it is an outlier, else NaN.</returns>
    public double Observe(double x)
    {
        double z = Score(x);
        observations[seen++ % Window] = x;
        if (!(z > Limit) || seen <= silentUntil)
            return double.NaN;
        silentUntil = seen + Window;
        return z;
    }

    /// <summary>Writes all that the next answers depend on.</summary>
    public void Write(Span<double> state)
    {
        observations.CopyTo(state);
        (state[Window], state[Window + 1]) = (seen, silentUntil);
    }

    /// <summary>Continues from what <see cref="Write"/> wrote.</summary>
    public void Read(ReadOnlySpan<double> state)
    {
        state[..Window].CopyTo(observations);
        (seen, silentUntil) = ((long)state[Window], (long)state[Window + 1]);
    }

    private double Score(double x)
    {
        int count = (int)Math.Min(seen, Window);
        if (count < FewestObservations)
            return double.NaN;
        double mean = 0, squares = 0;
        foreach (double observation in observations.AsSpan(0, count))
            mean += observation;
        mean /= count;
        foreach (double observation in observations.AsSpan(0, count))
            squares += (observation - mean) * (observation - mean);
        return (x - mean) / Math.Sqrt(squares / (count - 1));
    }
}
