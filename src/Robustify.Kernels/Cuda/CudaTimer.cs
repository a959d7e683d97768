using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

/// <summary>Times stretches of a stream by an event at each end. Events are used again after each reading, so a steady run makes none.</summary>
/// <param name="device">The device; its context is bound here.</param>
/// <param name="stream">The stream.</param>
internal sealed class CudaTimer(CudaDevice device, nint stream) : DeviceTimer
{
    // Beyond this many unread stretches the oldest are read: they have passed long ago, so nothing waits.
    private const int MostUnread = 256;

    private readonly List<(nint Start, nint Stop)> events = [];
    private int unread;
    private double seconds;

    private DriverApi Driver => device.Driver;

    /// <inheritdoc/>
    public override void Start()
    {
        device.Bind();
        if (unread == MostUnread)
            Read();
        if (unread == events.Count)
            events.Add((Driver.EventCreate(timing: true), Driver.EventCreate(timing: true)));
        Driver.EventRecord(events[unread].Start, stream);
    }

    /// <inheritdoc/>
    public override void Stop() => Driver.EventRecord(events[unread++].Stop, stream);

    /// <inheritdoc/>
    public override double Seconds()
    {
        device.Bind();
        Read();
        return seconds;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (!device.IsOpen)
            return;
        device.BindToRelease();
        foreach (var (start, stop) in events)
        {
            Driver.EventDestroy(start);
            Driver.EventDestroy(stop);
        }

        events.Clear();
        unread = 0;
    }

    private void Read()
    {
        if (unread > 0)
            Driver.EventSynchronize(events[unread - 1].Stop);
        for (int i = 0; i < unread; i++)
            seconds += Driver.EventElapsedMilliseconds(events[i].Start, events[i].Stop) / 1e3;
        unread = 0;
    }
}
