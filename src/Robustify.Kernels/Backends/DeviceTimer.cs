using System.Diagnostics;

namespace Robustify.Kernels.Backends;

/// <summary>Adds up how long a device works between <see cref="Start"/> and <see cref="Stop"/>, which are queued like operations.</summary>
public abstract class DeviceTimer : IDisposable
{
    /// <summary>A stretch begins here.</summary>
    public abstract void Start();

    /// <summary>It ends here.</summary>
    public abstract void Stop();

    /// <summary>Seconds of all stretches so far; waits for the last one.</summary>
    public abstract double Seconds();

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>For a device that has done its work when a call returns.</summary>
internal sealed class HostTimer : DeviceTimer
{
    private readonly Stopwatch watch = new();

    public override void Start() => watch.Start();

    public override void Stop() => watch.Stop();

    public override double Seconds() => watch.Elapsed.TotalSeconds;

    public override void Dispose() => watch.Stop();
}
