using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>
    /// Whether the device computes in the process's own memory, so that a view's address may be read and written by the host. Code that
    /// must run on every device never asks: it uploads and downloads.
    /// </summary>
    bool IsHostMemory { get; }

    /// <summary>Bytes that could be allocated now, as far as the device can tell.</summary>
    long AvailableBytes { get; }

    /// <summary>Zeroed memory of the device, aligned to at least 64 bytes.</summary>
    /// <param name="bytes">Size; 0 is allowed.</param>
    /// <param name="purpose">What it is for; named in the error when there is not enough.</param>
    /// <exception cref="RobustifyException">The device has not that much memory to give: names purpose, bytes wanted and bytes free.</exception>
    DeviceBuffer Allocate(long bytes, string purpose);

    /// <summary>
    /// Copies host bytes to the beginning of a view, after everything queued before. The source may be reused when the call returns.
    /// </summary>
    /// <param name="source">At most as many bytes as <paramref name="destination"/> has.</param>
    /// <param name="destination">Device memory.</param>
    void Upload(ReadOnlySpan<byte> source, TensorView destination);

    /// <summary>
    /// Waits for everything queued before and copies the beginning of a view to the host.
    /// </summary>
    /// <param name="source">Device memory.</param>
    /// <param name="destination">At most as many bytes as <paramref name="source"/> has; filled.</param>
    void Download(TensorView source, Span<byte> destination);

    /// <summary>Waits until everything queued has happened; errors of earlier operations surface here.</summary>
    void Synchronize();

    /// <summary>
    /// Writes down the calls that <paramref name="work"/> makes, to be made again by <see cref="CapturedWork.Replay"/> as one. A device
    /// that queues its work (CUDA) calls <paramref name="work"/> here, once, and nothing happens yet; one that does not (CPU) keeps it and
    /// calls it at every replay. So work must not depend on being called and must neither upload, download nor synchronize: what changes
    /// between replays is read from device memory, and the same calls must have been made once before, so that scratch has its size.
    /// </summary>
    CapturedWork Capture(Action work);

    /// <summary>y (+)= x, converted to y's type: Float32 and BFloat16 in any combination. Rounds to nearest, ties to even; a NaN stays one.</summary>
    void Cast(TensorView x, TensorView y, bool accumulate);
}
