namespace Robustify.Kernels.Backends;

/// <summary>A sequence of operations with all their addresses, made by <see cref="IBackend.Capture"/>.</summary>
public abstract class CapturedWork : IDisposable
{
    private protected CapturedWork()
    {
    }

    /// <summary>Queues (or does) all of it, after everything queued before. Allocates nothing.</summary>
    public abstract void Replay();

    /// <summary>Forgets it; the memory it works on is not its own.</summary>
    public abstract void Dispose();
}
