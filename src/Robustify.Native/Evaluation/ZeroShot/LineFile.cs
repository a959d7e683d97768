using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>A text file of one entry a line, such as class names.</summary>
public static class LineFile
{
    private const int MaxBytes = 1 << 24;

    /// <summary>The lines without blanks at their ends; empty lines at the end of the file do not count.</summary>
    /// <exception cref="RobustifyException">The file cannot be read, is no UTF-8 text, or has an empty line inside or no line at all.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        string shown = OneLine.Of(path, 400);
        try
        {
            if (FileLength.Of(path) is var length and (0 or > MaxBytes))
                throw new RobustifyException($"{shown}: {length} bytes found, a text of 1 to {MaxBytes} expected");
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
            string[] lines = text.TrimEnd().Split('\n', StringSplitOptions.TrimEntries);
            int empty = Array.IndexOf(lines, "");
            return empty < 0 ? lines : throw new RobustifyException($"{shown}: line {empty + 1} is empty, one entry a line expected");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RobustifyException($"{shown}: cannot be read as text ({OneLine.Of(e.Message)}); name a UTF-8 file of one entry a line", e);
        }
    }
}
