using System.Buffers;
using Robustify.Native.Data.Sources;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation;

/// <summary>
/// Reads the files of the next images while the models answer these, on a thread of its own: the system then has them in memory when they
/// are decoded, and no processor waits for the disk. Nothing is kept here, so it takes no memory, and it changes no result.
/// </summary>
internal sealed class ReadAhead : IDisposable
{
    private const int ChunkBytes = 1 << 17;

    private readonly object gate = new();
    private readonly IImageFiles files;
    private readonly Thread thread;
    private int[] wanted = [];
    private int count;
    private bool ended;

    private ReadAhead(IImageFiles files)
    {
        this.files = files;
        thread = new Thread(Work) { IsBackground = true, Name = "read ahead" };
        thread.Start();
    }

    /// <summary>For a source of files; null for any other.</summary>
    public static ReadAhead? Of(IImageSource source) => source is IImageFiles files ? new ReadAhead(files) : null;

    /// <summary>Asks for images; what was asked for before and is not read yet is left.</summary>
    public void Begin(ReadOnlySpan<int> indices)
    {
        lock (gate)
        {
            if (wanted.Length < indices.Length)
                wanted = new int[indices.Length];
            indices.CopyTo(wanted);
            count = indices.Length;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Ends the thread after the file it is at.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            (ended, count) = (true, 0);
            Monitor.Pulse(gate);
        }

        thread.Join();
    }

    private void Work()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        while (Next() is { } index)
            Touch(files.PathOf(index), buffer);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    // Front to back, as they will be decoded.
    private int? Next()
    {
        lock (gate)
        {
            while (count == 0 && !ended)
                Monitor.Wait(gate);
            if (ended)
                return null;
            int index = wanted[0];
            wanted.AsSpan(1, --count).CopyTo(wanted);
            return index;
        }
    }

    // A file that cannot be read is refused, with its reason, when its turn comes.
    private static void Touch(string path, byte[] buffer)
    {
        try
        {
            long length = FileLength.Of(path);
            if (length is 0 or > Data.Images.ImageFile.MaxFileBytes)
                return;
            using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            for (long at = 0; at < length; at += buffer.Length)
                RandomAccess.Read(file, buffer, at);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
        }
    }
}
