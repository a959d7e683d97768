namespace Robustify.Native.Data.Sources;

/// <summary>The checksum of gzip (RFC 1952, section 8): polynomial 0xEDB88320, reflected, ones before and after.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>Checksum of <paramref name="data"/> after data whose checksum is <paramref name="before"/> (0 for none).</summary>
    public static uint Append(uint before, ReadOnlySpan<byte> data)
    {
        uint crc = ~before;
        foreach (byte value in data)
            crc = Table[(byte)crc ^ value] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (uint value = 0; value < 256; value++)
        {
            uint crc = value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            table[value] = crc;
        }

        return table;
    }
}
