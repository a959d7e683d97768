using System.Globalization;
using System.Text;

namespace Robustify.Native.Files;

/// <summary>
/// Text from a file made fit for an error message. Names in a hostile file may hold line breaks, terminal escapes or megabytes; a
/// message stays one line of readable length.
/// </summary>
internal static class OneLine
{
    private const int MaxLength = 120;

    /// <summary>Control characters as \uXXXX, and at most 120 characters of the text.</summary>
    public static string Of(string text, int maxLength = MaxLength)
    {
        var line = new StringBuilder();
        foreach (char c in text)
        {
            if (line.Length >= maxLength)
                return line.Append('…').ToString();
            if (char.IsControl(c) || c is '\u2028' or '\u2029')
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                line.Append(c);
        }

        return line.ToString();
    }

    /// <summary>[2, 3].</summary>
    public static string Shape<T>(ReadOnlySpan<T> shape)
        where T : IFormattable
    {
        var line = new StringBuilder("[");
        for (int i = 0; i < shape.Length; i++)
            line.Append(i == 0 ? "" : ", ").Append(shape[i].ToString(null, CultureInfo.InvariantCulture));
        return line.Append(']').ToString();
    }
}
