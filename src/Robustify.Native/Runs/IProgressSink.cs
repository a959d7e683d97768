namespace Robustify.Native.Runs;

/// <summary>Where long work tells how far it is. Calls come from one thread; reporting must not allocate, as it is called every step.</summary>
public interface IProgressSink
{
    /// <summary>A phase of <paramref name="total"/> units begins; the one before, if any, is over.</summary>
    void Begin(string phase, long total, string unit);

    /// <summary><paramref name="done"/> units are done; <paramref name="loss"/> is NaN where there is none.</summary>
    void Report(long done, double loss);

    /// <summary>A few words beside the numbers, such as accuracy and speed; they stand until the next ones or the phase's end.</summary>
    void Tell(string words)
    {
    }

    /// <summary>The phase is over.</summary>
    void End();
}

/// <summary>Tells nobody.</summary>
public sealed class SilentProgress : IProgressSink
{
    /// <summary>The only instance.</summary>
    public static SilentProgress Instance { get; } = new();

    /// <inheritdoc/>
    public void Begin(string phase, long total, string unit)
    {
    }

    /// <inheritdoc/>
    public void Report(long done, double loss)
    {
    }

    /// <inheritdoc/>
    public void End()
    {
    }
}
