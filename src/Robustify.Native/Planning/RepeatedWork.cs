using Robustify.Kernels.Backends;

namespace Robustify.Native.Planning;

/// <summary>
/// The same operations again and again: called plainly the first time, which gives scratch its size, captured the second time and from then
/// on replayed as one.
/// </summary>
internal sealed class RepeatedWork(IBackend backend, Action work) : IDisposable
{
    private bool hasRun;
    private CapturedWork? captured;

    /// <summary>Does the work once more. Allocates nothing from the third time on.</summary>
    public void Run()
    {
        if (!hasRun)
        {
            work();
            hasRun = true;
            return;
        }

        captured ??= backend.Capture(work);
        captured.Replay();
    }

    /// <inheritdoc/>
    public void Dispose() => captured?.Dispose();
}
