using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>The bytes of a file, mapped for reading.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly string shownPath;
    private readonly SafeFileHandle handle;
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;

    private MappedFile(string shownPath, SafeFileHandle handle, MemoryMappedFile mapping, MemoryMappedViewAccessor view, long length)
    {
        this.shownPath = shownPath;
        this.handle = handle;
        this.mapping = mapping;
        this.view = view;
        Length = length;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start;
    }

    /// <summary>The first byte; null once disposed.</summary>
    public byte* Start { get; private set; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Maps a file of at least <paramref name="minLength"/> bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shownPath">The path as messages show it.</param>
    /// <param name="minLength">Bytes the file must have, at least 1.</param>
    /// <exception cref="RobustifyException">The file is shorter, or cannot be read.</exception>
    public static MappedFile Open(string path, string shownPath, int minLength)
    {
        SafeFileHandle? handle = null;
        try
        {
            RequireLength(FileLength.Of(path), minLength, shownPath);
            handle = File.OpenHandle(path);
            long length = RandomAccess.GetLength(handle);
            RequireLength(length, minLength, shownPath);
            var mapping = MemoryMappedFile.CreateFromFile(handle, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            try
            {
                return new MappedFile(shownPath, handle, mapping, mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
            }
            catch
            {
                mapping.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            handle?.Dispose();
            throw new RobustifyException($"{shownPath}: cannot be read ({OneLine.Of(e.Message, 400)}); name a readable checkpoint", e);
        }
    }

    /// <summary>
    /// Copies a part of the file by reading it: pages of a mapping that are touched count as memory of the process and cost a fault each.
    /// Large parts are read by all cores.
    /// </summary>
    public void CopyTo(long offset, Span<byte> destination)
    {
        const int chunk = 1 << 20;
        if (destination.Length <= chunk)
        {
            Read(offset, destination);
            return;
        }

        fixed (byte* target = destination)
        {
            nint start = (nint)target;
            int length = destination.Length;
            bool isWhole = true;
            Parallel.For(0, (length + chunk - 1) / chunk, i =>
            {
                int begin = i * chunk;
                if (!TryRead(offset + begin, new Span<byte>((byte*)start + begin, Math.Min(chunk, length - begin))))
                    isWhole = false;
            });
            if (!isWhole)
                throw BecameShorter();
        }
    }

    /// <summary>Copies a part of the file on this thread, as <see cref="CopyTo"/> does.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        if (!TryRead(offset, destination))
            throw BecameShorter();
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        if (Start is null)
            return;
        Start = null;
        view.SafeMemoryMappedViewHandle.ReleasePointer(); // Without this the view would stay mapped.
        view.Dispose();
        mapping.Dispose();
        handle.Dispose();
    }

    private bool TryRead(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int count = RandomAccess.Read(handle, destination, offset);
            if (count == 0)
                return false;
            destination = destination[count..];
            offset += count;
        }

        return true;
    }

    private RobustifyException BecameShorter() => new($"{shownPath}: became shorter than {Length} bytes while it was read; copy it whole and try again");

    private static void RequireLength(long length, int minLength, string shownPath)
    {
        if (length < minLength)
            throw new RobustifyException($"{shownPath}: {length} bytes found, at least {minLength} expected; this is no checkpoint");
    }
}
