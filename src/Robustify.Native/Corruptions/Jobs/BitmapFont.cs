using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>Small letters, digits and the underscore, five pixels wide and seven (with descenders nine) high: labels need no font file.</summary>
internal static class BitmapFont
{
    private const int GlyphWidth = 5;
    private const int Advance = 6;
    private const int GlyphHeight = 9;

    // Nine rows a glyph, the leftmost pixel in bit 4, two hexadecimal digits a row.
    private static readonly Dictionary<char, string> Glyphs = new()
    {
        ['a'] = "00000E010F110F0000", ['b'] = "10101E1111111E0000", ['c'] = "00000E1110110E0000", ['d'] = "01010F1111110F0000",
        ['e'] = "00000E111F100E0000", ['f'] = "0609081C0808080000", ['g'] = "00000F1111110F010E", ['h'] = "10101E111111110000",
        ['i'] = "04000C0404040E0000", ['j'] = "020006020202020C00", ['k'] = "101012141814120000", ['l'] = "0C04040404040E0000",
        ['m'] = "00001A151515150000", ['n'] = "00001E111111110000", ['o'] = "00000E1111110E0000", ['p'] = "00001E1111111E1010",
        ['q'] = "00000F1111110F0101", ['r'] = "000016191010100000", ['s'] = "00000F100E011E0000", ['t'] = "08081C080809060000",
        ['u'] = "0000111111130D0000", ['v'] = "00001111110A040000", ['w'] = "0000111115150A0000", ['x'] = "0000110A040A110000",
        ['y'] = "0000111111110F010E", ['z'] = "00001F0204081F0000", ['_'] = "00000000000000001F", ['0'] = "0E11131519110E0000",
        ['1'] = "040C040404040E0000", ['2'] = "0E11010608101F0000", ['3'] = "0E11010601110E0000", ['4'] = "02060A121F02020000",
        ['5'] = "1F101E0101110E0000", ['6'] = "0E10101E11110E0000", ['7'] = "1F0102040808080000", ['8'] = "0E11110E11110E0000",
        ['9'] = "0E11110F01010E0000",
    };

    public static int Width(string text, int scale) => text.Length * Advance * scale;

    public static int Height(int scale) => GlyphHeight * scale;

    /// <summary>Draws text with its top left pixel at (left, top); what the font lacks is left blank.</summary>
    public static void Draw(Image8 image, string text, int left, int top, int scale, ReadOnlySpan<byte> colour)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!Glyphs.TryGetValue(text[i], out string? rows))
                continue;
            byte[] bits = Convert.FromHexString(rows);
            for (int y = 0; y < GlyphHeight * scale; y++)
            {
                for (int x = 0; x < GlyphWidth * scale; x++)
                {
                    int atX = left + i * Advance * scale + x, atY = top + y;
                    if ((bits[y / scale] >> (GlyphWidth - 1 - x / scale) & 1) != 0 && (uint)atX < (uint)image.Width && (uint)atY < (uint)image.Height)
                        colour.CopyTo(image.Pixels.Slice((atY * image.Width + atX) * 3, 3));
                }
            }
        }
    }
}
