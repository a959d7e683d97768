namespace Robustify.Native.Models.Clip.Text;

/// <summary>
/// How byte-pair vocabularies write bytes as characters (Radford et al. 2019, GPT-2): printable ones stand for themselves, the others for
/// characters from U+0100 on, so that no token holds a blank or a control character.
/// </summary>
internal static class ByteUnits
{
    /// <summary>The character of each byte.</summary>
    public static IReadOnlyList<char> Characters { get; } = Make(out Ordered);

    /// <summary>The bytes in the order in which the published vocabulary numbers them: printable ones first.</summary>
    public static readonly byte[] Ordered;

    private static char[] Make(out byte[] ordered)
    {
        var characters = new char[256];
        var order = new List<byte>(256);
        var others = new List<byte>();
        for (int value = 0; value < characters.Length; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            if (isPrintable)
                characters[value] = (char)value;
            else
                characters[value] = (char)(256 + others.Count);
            (isPrintable ? order : others).Add((byte)value);
        }

        ordered = [.. order, .. others];
        return characters;
    }
}
