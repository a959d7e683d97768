using System.Security.Cryptography;
using System.Text;

namespace Robustify.Kernels.Cuda.Kernels;

/// <summary>
/// Compiled kernels and tuned choices on disk. A file is named by a hash of everything its content depends on, begins with a hash of its
/// content, and is written under a temporary name and renamed: it is whole, or it is made anew.
/// </summary>
internal sealed class KernelCache
{
    /// <summary>Environment variable that names the directory.</summary>
    public const string DirectoryVariable = "ROBUSTIFY_CACHE";

    /// <summary>Changes with the layout of the files, so that an older program's files are never read.</summary>
    private const string Format = "robustify-cache-1";

    private readonly Action<string> warn;
    private bool hasWarned;

    /// <param name="directory">Where the files lie; created when the first is written.</param>
    /// <param name="warn">Receives one line where the directory cannot be written.</param>
    public KernelCache(string directory, Action<string> warn)
    {
        Directory = directory;
        this.warn = warn;
    }

    /// <summary>Where the files lie.</summary>
    public string Directory { get; }

    /// <summary>
    /// <c>ROBUSTIFY_CACHE</c>, else <c>robustify</c> in the user's cache directory (<c>XDG_CACHE_HOME</c>, <c>~/.cache</c>, or on Windows the
    /// local application data).
    /// </summary>
    public static string DefaultDirectory()
    {
        if (Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } named)
            return named;
        if (OperatingSystem.IsWindows())
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "robustify");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : home.Length > 0 ? Path.Combine(home, ".cache") : Path.GetTempPath(),
            "robustify");
    }

    /// <summary>A name for a file whose content follows from <paramref name="parts"/>.</summary>
    /// <param name="extension">With its dot.</param>
    /// <param name="parts">Everything the content depends on.</param>
    public static string NameOf(string extension, params ReadOnlySpan<string> parts)
    {
        var all = new StringBuilder(Format);
        foreach (string part in parts)
            all.Append('\0').Append(part.Length).Append('\0').Append(part);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())).AsSpan(0, 16)) + extension;
    }

    /// <summary>The content of a file, or null where it is absent, damaged or cannot be read.</summary>
    public byte[]? Read(string name)
    {
        try
        {
            byte[] file = File.ReadAllBytes(Path.Combine(Directory, name));
            if (file.Length < SHA256.HashSizeInBytes)
                return null;
            var content = file.AsSpan(SHA256.HashSizeInBytes);
            return SHA256.HashData(content).AsSpan().SequenceEqual(file.AsSpan(0, SHA256.HashSizeInBytes)) ? content.ToArray() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a file; where that fails, one warning is given and the program goes on without.</summary>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        string? temporary = null;
        try
        {
            System.IO.Directory.CreateDirectory(Directory);
            temporary = Path.Combine(Directory, $".{Path.GetRandomFileName()}.tmp");
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(SHA256.HashData(content));
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, Path.Combine(Directory, name), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Discard(temporary);
            if (hasWarned)
                return;
            hasWarned = true;
            warn($"{Directory}: compiled kernels cannot be kept ({e.Message.ReplaceLineEndings(" ")}); every start compiles anew until {DirectoryVariable} names a directory that can be written");
        }
    }

    /// <summary>Files in the cache and their bytes.</summary>
    public (int Files, long Bytes) Contents()
    {
        var files = Files();
        return (files.Length, files.Sum(file => file.Length));
    }

    /// <summary>Whether a file can be made in the directory, or the directory itself where it is not there yet.</summary>
    public bool IsWritable()
    {
        try
        {
            System.IO.Directory.CreateDirectory(Directory);
            string probe = Path.Combine(Directory, $".{Path.GetRandomFileName()}.tmp");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>Deletes every file of the cache, and nothing else that may lie in the directory.</summary>
    /// <returns>Files and bytes deleted.</returns>
    /// <exception cref="RobustifyException">A file cannot be deleted.</exception>
    public (int Files, long Bytes) Clear()
    {
        (int count, long bytes) = (0, 0);
        foreach (var file in Files())
        {
            try
            {
                long length = file.Length;
                file.Delete();
                (count, bytes) = (count + 1, bytes + length);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new RobustifyException($"{file.FullName}: cannot be deleted ({e.Message.ReplaceLineEndings(" ")}); delete it by hand", e);
            }
        }

        return (count, bytes);
    }

    private FileInfo[] Files()
    {
        var folder = new DirectoryInfo(Directory);
        try
        {
            return folder.Exists
                ? [.. folder.GetFiles().Where(file => file.Extension is ".cubin" or ".newest" or ".matmul" || (file.Extension == ".tmp" && file.Name.StartsWith('.')))]
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
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
