using Robustify.Kernels.Backends;
using Robustify.Kernels.Parity;

namespace Robustify.Native.Workflows.SelfTests;

/// <summary>
/// Corruptions and augmentations on one device, each twice: against the images of one CPU thread, to the bit but where a case says otherwise,
/// and again for equal bits. The verb <c>selftest</c> runs them after the operations.
/// </summary>
internal static class ImageSelfTest
{
    /// <summary>Runs all cases.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="cancellation">Ends it between two cases.</param>
    public static IEnumerable<SelfTestResult> Run(IBackend backend, CancellationToken cancellation)
    {
        foreach (var imageCase in CorruptionCase.All().Concat(AugmentationCase.All()))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return imageCase.Run(backend);
        }
    }
}
