using System.Runtime.InteropServices;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>Typed forms of <see cref="IBackend.Upload"/> and <see cref="IBackend.Download"/>, which check counts and element sizes.</summary>
public static class Transfers
{
    /// <summary>Fills the first elements of a view.</summary>
    /// <exception cref="ArgumentException">More elements than the view has, or elements of another size.</exception>
    public static void Upload<T>(this IBackend backend, ReadOnlySpan<T> source, TensorView destination)
        where T : unmanaged
    {
        Check<T>(source.Length, destination);
        if (!source.IsEmpty)
            backend.Upload(MemoryMarshal.AsBytes(source), destination);
    }

    /// <summary>Reads the first elements of a view; waits for whatever writes them.</summary>
    /// <exception cref="ArgumentException">More elements than the view has, or elements of another size.</exception>
    public static void Download<T>(this IBackend backend, TensorView source, Span<T> destination)
        where T : unmanaged
    {
        Check<T>(destination.Length, source);
        if (!destination.IsEmpty)
            backend.Download(source, MemoryMarshal.AsBytes(destination));
    }

    /// <summary>Reads one element of a view; waits for whatever writes it.</summary>
    public static T DownloadScalar<T>(this IBackend backend, TensorView source)
        where T : unmanaged
    {
        Span<T> value = stackalloc T[1];
        backend.Download(source, value);
        return value[0];
    }

    private static unsafe void Check<T>(int count, TensorView view)
        where T : unmanaged
    {
        if (sizeof(T) != view.Type.Size() || count > view.Shape.Count)
            throw new ArgumentException($"{count} elements of {sizeof(T)} bytes to or from {view.Type} {view.Shape}");
    }
}
