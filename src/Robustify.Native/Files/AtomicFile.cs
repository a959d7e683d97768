using Robustify.Kernels;

namespace Robustify.Native.Files;

/// <summary>
/// A file that is there complete or not at all: written under a temporary name in the same folder, flushed to the device, then renamed.
/// A reader that has the old file mapped keeps the old content.
/// </summary>
internal static class AtomicFile
{
    // Of Path.GetRandomFileName: eight characters, a point, three.
    private const string TemporaryPattern = ".????????.???.tmp";

    /// <summary>
    /// Replaces the file by what <paramref name="write"/> writes. On any failure the old file stays and the temporary one goes.
    /// </summary>
    /// <exception cref="RobustifyException">The folder is missing or cannot be written, or the device is full.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string? temporary = null;
        try
        {
            string full = Path.GetFullPath(path);
            if (Path.GetFileName(full).Length == 0 || Directory.Exists(full))
                throw new RobustifyException($"{OneLine.Of(path, 400)}: is a folder, a file name expected; name the file to write");
            temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetRandomFileName()}.tmp");
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e)
        {
            Discard(temporary);
            if (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                throw new RobustifyException(
                    $"{OneLine.Of(path, 400)}: cannot be written ({OneLine.Of(e.Message, 400)}); choose a folder that exists, can be written and has space",
                    e);
            }

            throw;
        }
    }

    /// <summary>Removes what writers that were killed left behind in a folder.</summary>
    public static void DiscardLeftovers(string folder)
    {
        foreach (string file in Directory.GetFiles(folder, TemporaryPattern))
            Discard(file);
    }

    private static void Discard(string? temporary)
    {
        try
        {
            if (temporary is not null)
                File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What could not be created cannot be deleted either; the first error is the one to report.
        }
    }
}
