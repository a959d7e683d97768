using Robustify.Kernels.Backends;

namespace Robustify.Kernels.Parity;

/// <summary>A backend and its memory, as parity cases need them.</summary>
internal interface ICaseDevice
{
    /// <summary>What is tested.</summary>
    IBackend Backend { get; }

    /// <summary>Device memory at a multiple of 64 bytes, until <see cref="Release"/>.</summary>
    nint Allocate(long bytes);

    /// <summary>Gives back all that was allocated.</summary>
    void Release();

    /// <summary>Host to device, in the order of the backend's calls.</summary>
    void Upload(ReadOnlySpan<byte> source, nint destination);

    /// <summary>Device to host, after the backend's calls so far.</summary>
    void Download(nint source, Span<byte> destination);
}
