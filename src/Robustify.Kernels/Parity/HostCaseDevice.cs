using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;

namespace Robustify.Kernels.Parity;

/// <summary>A backend that computes in host memory.</summary>
internal sealed unsafe class HostCaseDevice(IBackend backend) : ICaseDevice
{
    private readonly List<NativeBuffer> buffers = [];

    public IBackend Backend => backend;

    public nint Allocate(long bytes)
    {
        var buffer = new NativeBuffer(bytes, "parity case");
        buffers.Add(buffer);
        return buffer.Pointer;
    }

    public void Release()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
        buffers.Clear();
    }

    public void Upload(ReadOnlySpan<byte> source, nint destination) => source.CopyTo(new Span<byte>((void*)destination, source.Length));

    public void Download(nint source, Span<byte> destination) => new ReadOnlySpan<byte>((void*)source, destination.Length).CopyTo(destination);
}
