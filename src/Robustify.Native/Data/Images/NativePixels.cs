using System.Runtime.InteropServices;

namespace Robustify.Native.Data.Images;

/// <summary>A codec's pixel buffer outside the managed heap: it lives for one call, and large ones would otherwise churn the collector.</summary>
internal readonly unsafe ref struct NativePixels
{
    private readonly int length;

    public NativePixels(int width, int height, int bytesPerPixel)
    {
        length = checked(width * height * bytesPerPixel);
        Address = (nint)NativeMemory.Alloc((nuint)length);
    }

    public nint Address { get; }

    public Span<byte> Span => new((void*)Address, length);

    public void Dispose() => NativeMemory.Free((void*)Address);
}
