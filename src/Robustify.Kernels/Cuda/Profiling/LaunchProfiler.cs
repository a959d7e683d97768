using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda.Profiling;

/// <summary>
/// Times everything that passes the gate, by an event before and one after. Launches no longer overlap while it is on, and a captured step
/// goes past it: profiles are of steps run one operation after the other.
/// </summary>
internal sealed class LaunchProfiler : IDisposable
{
    private readonly DriverApi driver;
    private readonly nint stream;
    private readonly nint origin;
    private readonly List<nint> events = [];
    private readonly List<(string Name, LaunchCost Cost)> launches = [];

    /// <param name="driver">The driver API, the context bound.</param>
    /// <param name="stream">The stream that is profiled.</param>
    public LaunchProfiler(DriverApi driver, nint stream)
    {
        this.driver = driver;
        this.stream = stream;
        origin = driver.EventCreate(timing: true);
        driver.EventRecord(origin, stream);
    }

    /// <summary>Something is about to be queued.</summary>
    public void Begin(string name, in LaunchCost cost)
    {
        launches.Add((name, cost));
        Mark(2 * launches.Count - 2);
    }

    /// <summary>It is queued.</summary>
    public void End() => Mark(2 * launches.Count - 1);

    /// <summary>Waits for the device and returns what it ran since the profile began or was last collected, in order.</summary>
    public LaunchSample[] Collect()
    {
        driver.StreamSynchronize(stream);
        var samples = new LaunchSample[launches.Count];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = new LaunchSample(
                launches[i].Name, driver.EventElapsedMilliseconds(origin, events[2 * i]),
                driver.EventElapsedMilliseconds(events[2 * i], events[2 * i + 1]), launches[i].Cost);
        }

        launches.Clear();
        return samples;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint mark in events)
            driver.EventDestroy(mark);
        events.Clear();
        driver.EventDestroy(origin);
    }

    private void Mark(int index)
    {
        while (events.Count <= index)
            events.Add(driver.EventCreate(timing: true));
        driver.EventRecord(events[index], stream);
    }
}
