using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Tests.Golden;
using SkiaSharp;

namespace Robustify.Native.Tests.Data.Images;

/// <summary>Files as they turn up in folders of pictures: some that must be decoded, some that must be refused, some that are no pictures.</summary>
internal static class OddPictures
{
    public const int Side = 40;

    private static readonly byte[] Red = [200, 30, 20], Blue = [10, 40, 220];

    /// <summary>
    /// Name, bytes, and the colour its first pixel must have (empty: any). The names say it in several scripts. JPEG is near its colour only.
    /// </summary>
    public static IEnumerable<(string Name, byte[] Bytes, byte[] Colour)> Readable()
    {
        yield return ("päivä 日本 \U0001F600.png", Png(Flat(Red)), Red);
        yield return ("grey.png", Png(Flat([77])), [77, 77, 77]);
        yield return ("grey photograph.jpg", ImageFile.Encode(Flat([77]), ImageEncoding.Jpeg), [77, 77, 77]);
        yield return ("sixteen bits.png", SixteenBits(), Red);
        yield return ("animated.png", AnimatedPng(), Red);
        yield return ("moving.webp", AnimatedWebP(), Red);
        yield return ("cmyk.jpg", File.ReadAllBytes(GoldenData.PathOf("jpeg", "cmyk_q85.jpg")), []);
        yield return ("lies about its format.jpg", Png(Flat(Blue)), Blue);
    }

    /// <summary>Pictures by their names that cannot be read, with what the refusal says.</summary>
    public static IEnumerable<(string Name, byte[] Bytes, string Complaint)> Refused()
    {
        byte[] whole = Png(TestImages.Gradient(Side, Side, 3)), jpeg = ImageFile.Encode(TestImages.Gradient(Side, Side, 3), ImageEncoding.Jpeg);
        yield return ("empty.png", [], "empty");
        yield return ("truncated.png", whole[..(whole.Length / 2)], "truncated");
        yield return ("truncated photograph.jpg", jpeg[..(jpeg.Length / 2)], "truncated");
        yield return ("text.jpg", "this is no picture"u8.ToArray(), "not a picture");
        yield return ("a gif.png", Gif(), "Gif");
        yield return ("huge.png", HugePng(30_000, 30_000), "30000x30000");
        yield return ("huge photograph.jpg", HugeJpeg(30_000, 30_000), "30000x30000");
        yield return ("forged.png", HugePng(9_000, 9_000), "truncated or forged");
        yield return ("forged photograph.jpg", HugeJpeg(9_000, 9_000), "truncated or forged");
        yield return ("forged lossless.webp", HugeWebP(9_000, 9_000), "truncated or forged");
        yield return ("forged and filled up.png", [.. HugePng(9_000, 9_000), .. new byte[300_000]], "before its last row");
    }

    /// <summary>Files whose names are not those of pictures.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Others()
    {
        yield return ("notes.txt", "notes"u8.ToArray());
        yield return ("animated.gif", Gif());
    }

    /// <summary>Writes all of them into a folder.</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, bytes) in Readable().Select(f => (f.Name, f.Bytes)).Concat(Refused().Select(f => (f.Name, f.Bytes))).Concat(Others()))
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
    }

    /// <summary>A PNG that claims so many pixels, with valid checksums, and holds a few.</summary>
    private static byte[] HugePng(int width, int height) => Png(width, height, bits: 8, frames: [Filtered(Red, 1)]);

    private static byte[] SixteenBits()
    {
        // The lower bytes differ from the upper ones: a reader that keeps those is found out.
        byte[] row = [0, .. Enumerable.Repeat(Red.SelectMany(v => (byte[])[v, (byte)(255 - v)]), Side).SelectMany(p => p)];
        return Png(Side, Side, bits: 16, frames: [[.. Enumerable.Repeat(row, Side).SelectMany(r => r)]]);
    }

    private static byte[] AnimatedPng() => Png(Side, Side, bits: 8, frames: [Filtered(Red, Side), Filtered(Blue, Side)]);

    // Rows without a filter.
    private static byte[] Filtered(byte[] colour, int rows) =>
        [.. Enumerable.Repeat((byte[])[0, .. Enumerable.Repeat(colour, Side).SelectMany(c => c)], rows).SelectMany(r => r)];

    // The PNG specification, third edition: IHDR, acTL and fcTL of an animation, IDAT for its first frame and fdAT for the others.
    private static byte[] Png(int width, int height, byte bits, byte[][] frames)
    {
        using var png = new MemoryStream();
        png.Write([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        Chunk(png, "IHDR", [.. Big(width), .. Big(height), bits, 2, 0, 0, 0]);
        if (frames.Length > 1)
            Chunk(png, "acTL", [.. Big(frames.Length), .. Big(0)]);
        int sequence = 0;
        for (int frame = 0; frame < frames.Length; frame++)
        {
            if (frames.Length > 1)
                Chunk(png, "fcTL", [.. Big(sequence++), .. Big(width), .. Big(height), .. Big(0), .. Big(0), 0, 1, 0, 10, 0, 0]);
            byte[] data = Deflate(frames[frame]);
            Chunk(png, frame == 0 ? "IDAT" : "fdAT", frame == 0 ? data : [.. Big(sequence++), .. data]);
        }

        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    // Two lossless frames of the library's own encoder in one RIFF container (RFC 9649): VP8X, ANIM, ANMF.
    private static byte[] AnimatedWebP()
    {
        byte[] side = Little(Side - 1)[..3];
        byte[] body = [.. "WEBP"u8, .. Riff("VP8X", [2, 0, 0, 0, .. side, .. side]), .. Riff("ANIM", [0, 0, 0, 0, 0, 0])];
        foreach (byte[] colour in (byte[][])[Red, Blue])
            body = [.. body, .. Riff("ANMF", [0, 0, 0, 0, 0, 0, .. side, .. side, 100, 0, 0, 0, .. WebP(colour)[12..]])];
        return Riff("RIFF", body);
    }

    private static byte[] WebP(byte[] colour)
    {
        byte[] pixels = [.. Enumerable.Repeat((byte[])[.. colour, 255], Side * Side).SelectMany(p => p)];
        using var image = SKImage.FromPixelCopy(new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
        using var pixmap = image.PeekPixels();
        using var data = pixmap!.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100))!;
        return data.ToArray();
    }

    // A lossless WebP's header (RFC 9649): after RIFF, WEBP, VP8L and a signature, 14 bits each of width and height, less one.
    private static byte[] HugeWebP(int width, int height)
    {
        byte[] webp = WebP(Red);
        int header = webp.AsSpan().IndexOf("VP8L"u8) + 9;
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(webp.AsSpan(header)) & ~0xFFFFFFFu;
        BinaryPrimitives.WriteUInt32LittleEndian(webp.AsSpan(header), flags | (uint)(width - 1) | (uint)(height - 1) << 14);
        return webp;
    }

    private static byte[] Gif() => [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B];

    private static byte[] HugeJpeg(int width, int height)
    {
        byte[] jpeg = ImageFile.Encode(Flat(Red), ImageEncoding.Jpeg);
        int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]); // marker, length, precision, height, width
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), (ushort)width);
        return jpeg;
    }

    private static Image8 Flat(byte[] colour)
    {
        var image = new Image8(Side, Side, colour.Length);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = colour[i % colour.Length];
        return image;
    }

    private static byte[] Png(Image8 image) => ImageFile.Encode(image, ImageEncoding.Png);

    private static byte[] Deflate(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal))
            zlib.Write(bytes);
        return packed.ToArray();
    }

    private static void Chunk(Stream png, string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        png.Write([.. Big(data.Length), .. body, .. Big((int)Crc32.Append(0, body))]);
    }

    private static byte[] Riff(string type, byte[] data) =>
        [.. Encoding.ASCII.GetBytes(type), .. Little(data.Length), .. data, .. data.Length % 2 == 1 ? (byte[])[0] : []];

    private static byte[] Big(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Little(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
