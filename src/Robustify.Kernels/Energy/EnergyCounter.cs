namespace Robustify.Kernels.Energy;

/// <summary>The energy that a device has used, as its driver reports it.</summary>
public abstract class EnergyCounter : IDisposable
{
    /// <summary>What is read, in words, such as <c>NVML, the whole board</c>.</summary>
    public abstract string Source { get; }

    /// <summary>
    /// Joules since the counter was opened. Some counters wrap after minutes of full load: ask more often. After a reading that failed it
    /// stays where it was.
    /// </summary>
    public abstract double Joules();

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}
