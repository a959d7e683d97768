using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Data.Sources;

/// <summary>Files of a data set: opened only when they can hold what is expected, refused in one line that names them.</summary>
internal static class SourceFile
{
    /// <summary>
    /// The most bytes a set held in memory may take: twice the largest published set in these formats (EMNIST ByClass, 547 MB). What a
    /// hostile file can make this process allocate ends here.
    /// </summary>
    public const int MaxBytes = 1 << 30;

    /// <summary>The error for a file or folder. Names found on disk may hold line breaks, so the message is flattened.</summary>
    public static RobustifyException Refuse(string path, string problem, Exception? platform = null)
    {
        string message = OneLine(platform is null ? $"{path}: {problem}" : $"{path}: {problem} ({platform.Message})");
        return platform is null ? new RobustifyException(message) : new RobustifyException(message, platform);
    }

    /// <summary>
    /// Opens for reading. The length is asked for first: a pipe or a device claims no length, and opening one might never return.
    /// </summary>
    public static FileStream Open(string path, long atLeast, string content)
    {
        try
        {
            if (!File.Exists(path))
                throw Refuse(path, $"no such file, {content} expected; give a folder that has it");
            if (FileLength.Of(path) is var length && length < atLeast)
                throw Refuse(path, $"{length} bytes found, at least {atLeast} expected of {content}; copy or download the file again");
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        }
        catch (Exception e) when (IsPlatformError(e))
        {
            throw Refuse(path, $"cannot be read as {content}; check the file and its permissions", e);
        }
    }

    /// <summary>The lines of a small text file of class names, without the blank ones.</summary>
    public static string[] ReadNames(string path, int expected)
    {
        const int maxBytes = 1 << 16;
        using var file = Open(path, 1, $"a list of {expected} class names");
        if (file.Length > maxBytes)
            throw Refuse(path, $"{file.Length} bytes found, a list of {expected} class names expected; copy or download the file again");
        try
        {
            using var reader = new StreamReader(file);
            string[] names = reader.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return names.Length == expected
                ? names
                : throw Refuse(path, $"{names.Length} class names found, {expected} expected; copy or download the file again");
        }
        catch (Exception e) when (IsPlatformError(e))
        {
            throw Refuse(path, "cannot be read; check the file and its permissions", e);
        }
    }

    /// <summary>What the platform throws about files, as against errors of this program.</summary>
    public static bool IsPlatformError(Exception e) => e is IOException or UnauthorizedAccessException or InvalidDataException;

    /// <summary>The text without line breaks and other control characters.</summary>
    public static string OneLine(string text) =>
        string.Create(text.Length, text, static (line, text) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = char.IsControl(text[i]) || text[i] is '\u2028' or '\u2029' ? '?' : text[i];
        });
}
