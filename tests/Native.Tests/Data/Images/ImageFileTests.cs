using System.Buffers.Binary;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Tests.Data.Images;

public sealed class ImageFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("robustify-images-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(ImageEncoding.Png)]
    [InlineData(ImageEncoding.Jpeg)]
    public void ATruncatedPictureIsRefusedInOneLine(ImageEncoding encoding)
    {
        byte[] whole = ImageFile.Encode(TestImages.Gradient(64, 48, 3), encoding);

        // The last 20 bytes of a PNG are checksums and the end marker: without them every pixel is still there.
        for (int length = 0; length < whole.Length - 20; length += Math.Max(whole.Length / 40, 1))
            AssertRefused(Save("truncated.png", whole[..length]));
    }

    [Theory]
    [InlineData("png")]
    [InlineData("jpeg")]
    [InlineData("webp")]
    public void DamagedBytesAreEitherDecodedOrRefusedInOneLine(string format)
    {
        byte[] whole = Encoded(format);
        var random = new PhiloxStream(11, RandomPurpose.Subset, 0, 0);
        var image = new Image8(1, 1, 1);
        int refused = 0;
        for (int trial = 0; trial < 400; trial++)
        {
            byte[] damaged = [.. whole];
            for (int hit = random.NextInteger(1, 5); hit > 0; hit--)
                damaged[random.NextInteger(0, damaged.Length)] = (byte)random.NextInteger(0, 256);
            try
            {
                ImageFile.Decode(damaged, "damaged", image, 3);
            }
            catch (RobustifyException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 1, 400); // any other exception, or a crash, fails the test
    }

    [Fact]
    public void ANamedPipeIsRefusedAndNotWaitedFor()
    {
        string pipe = Path.Combine(folder, "pipe.png");
        using (var make = System.Diagnostics.Process.Start("mkfifo", pipe))
            make.WaitForExit();
        AssertRefused(pipe);
    }

    [Fact]
    public void AnEmptyFileIsRefusedInOneLine() => Assert.Contains("empty", AssertRefused(Save("empty.png", [])));

    [Fact]
    public void WhatIsNoPictureIsRefusedInOneLine() =>
        Assert.Contains("not a picture", AssertRefused(Save("text.png", "this is no picture, only text"u8.ToArray())));

    [Fact]
    public void AFolderInPlaceOfAFileIsRefusedInOneLine() => AssertRefused(folder);

    [Fact]
    public void AMissingFileIsRefusedInOneLine() => Assert.Contains("no such file", AssertRefused(Path.Combine(folder, "missing.png")));

    [Fact]
    public void AnotherPictureFormatIsRefusedByName()
    {
        byte[] gif = [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B];
        AssertRefused(Save("picture.gif", gif));
    }

    [Theory]
    [InlineData(100_000, 100_000)]
    [InlineData(16_385, 1)]
    [InlineData(16_000, 16_000)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void AHugeHeaderIsRefusedBeforeAnythingIsDecoded(int width, int height)
    {
        byte[] png = ImageFile.Encode(new Image8(8, 8, 3), ImageEncoding.Png);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width); // IHDR: after the signature, a length and a type
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc32(png.AsSpan(12, 17)));
        string path = Save("huge.png", png);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(path);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, "the refusal allocated more than a mebibyte");
    }

    [Fact]
    public void OddPicturesAreDecodedAsTheirFormatsAllow()
    {
        foreach (var (name, bytes, colour) in OddPictures.Readable())
        {
            var image = new Image8(1, 1, 1);
            ImageFile.Decode(bytes, name, image, channels: 3);
            if (colour.Length == 0)
                continue;
            Assert.Equal((OddPictures.Side, OddPictures.Side), (image.Width, image.Height));

            // One colour throughout, so that another frame, the lower bytes or another layout would show. JPEG keeps a flat block's level to one.
            int tolerance = bytes is [0xFF, 0xD8, ..] ? 1 : 0;
            for (int i = 0; i < image.Pixels.Length; i++)
                Assert.InRange(image.Pixels[i], colour[i % 3] - tolerance, colour[i % 3] + tolerance);
        }
    }

    [Fact]
    public void ForgedHeadersTakeNoMemory()
    {
        // What decoding them would take: four bytes a pixel, 324 MB of the smaller ones. What a machine provides is what was written to.
        foreach (var (name, bytes, complaint) in OddPictures.Refused().Where(f => f.Name.StartsWith("huge") || f.Name.StartsWith("forged")))
        {
            long before = Environment.WorkingSet;
            var image = new Image8(1, 1, 1); // alive until after the measurement
            Assert.Contains(complaint, Assert.Throws<RobustifyException>(() => ImageFile.Decode(bytes, name, image, 3)).Message);
            Assert.InRange(Environment.WorkingSet - before, long.MinValue, 100 << 20);
            GC.KeepAlive(image);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void PngKeepsEveryPixel(int channels)
    {
        var image = TestImages.Gradient(37, 21, channels);
        var read = Decode(ImageFile.Encode(image, ImageEncoding.Png), ImageFile.ChannelsAsStored);
        Assert.Equal((37, 21, channels), (read.Width, read.Height, read.Channels));
        Assert.Equal(image.Pixels.ToArray(), read.Pixels.ToArray());
    }

    [Fact]
    public void ColourBecomesGreyByPillowsRule()
    {
        var image = new Image8(3, 1, 3);
        new byte[] { 255, 0, 0, 0, 255, 0, 10, 20, 30 }.CopyTo(image.Pixels);
        var grey = Decode(ImageFile.Encode(image, ImageEncoding.Png), 1);

        // (19595 R + 38470 G + 7471 B + 32768) >> 16 by hand.
        Assert.Equal([76, 150, 18], grey.Pixels.ToArray());
    }

    [Fact]
    public void GreyFilesKeepTheirLevelsAsGreyAndAsColour()
    {
        var image = new Image8(256, 1, 1);
        for (int level = 0; level < 256; level++)
            image.Pixels[level] = (byte)level;
        byte[] png = ImageFile.Encode(image, ImageEncoding.Png);
        Assert.Equal(image.Pixels.ToArray(), Decode(png, 1).Pixels.ToArray());
        var colour = Decode(png, 3);
        for (int i = 0; i < colour.Pixels.Length; i++)
            Assert.Equal(i / 3, colour.Pixels[i]);
    }

    [Fact]
    public void AlphaIsDroppedWithoutBlackeningThePixelsUnderIt()
    {
        byte[] pixels = [200, 100, 50, 0, 10, 20, 30, 128];
        using var image = SkiaSharp.SKImage.FromPixelCopy(
            new SkiaSharp.SKImageInfo(2, 1, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Unpremul), pixels);
        using var data = image.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        Assert.Equal([200, 100, 50, 10, 20, 30], Decode(data.ToArray(), 3).Pixels.ToArray());
    }

    [Fact]
    public void WebPIsRead()
    {
        var image = Decode(Encoded("webp"), 3);
        Assert.Equal((40, 30), (image.Width, image.Height));
        Assert.Equal(TestImages.Gradient(40, 30, 3).Pixels.ToArray(), image.Pixels.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void AJpegQualityOutsideItsScaleIsRefused(int quality) =>
        Assert.Throws<RobustifyException>(() => ImageFile.Encode(new Image8(8, 8, 3), ImageEncoding.Jpeg, quality));

    [Fact]
    public void AFailedWriteNamesTheFileAndLeavesNothing()
    {
        string blocked = Path.Combine(folder, "blocked.png");
        Directory.CreateDirectory(blocked);
        var error = Assert.Throws<RobustifyException>(() => ImageFile.Write(blocked, new Image8(8, 8, 3), ImageEncoding.Png));
        Assert.Contains("blocked.png", error.Message);
        Assert.Equal([blocked], Directory.GetFileSystemEntries(folder));
    }

    // A lossless WebP: the engine writes none, so the library's encoder is used as it stands.
    private static byte[] Encoded(string format)
    {
        var image = TestImages.Gradient(40, 30, 3);
        if (format != "webp")
            return ImageFile.Encode(image, Enum.Parse<ImageEncoding>(format, ignoreCase: true));
        byte[] pixels = [.. image.Pixels.ToArray().Chunk(3).SelectMany(pixel => (byte[])[.. pixel, 255])];
        using var copy = SkiaSharp.SKImage.FromPixelCopy(
            new SkiaSharp.SKImageInfo(40, 30, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Opaque), pixels);
        using var pixmap = copy.PeekPixels();
        using var data = pixmap!.Encode(new SkiaSharp.SKWebpEncoderOptions(SkiaSharp.SKWebpEncoderCompression.Lossless, 100))!;
        return data.ToArray();
    }

    private string AssertRefused(string path)
    {
        var error = Assert.Throws<RobustifyException>(() => ImageFile.Read(path, new Image8(1, 1, 1), 3));
        Assert.DoesNotContain('\n', error.Message);
        Assert.StartsWith(path, error.Message);
        return error.Message;
    }

    private string Save(string name, byte[] bytes)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static Image8 Decode(byte[] encoded, int channels)
    {
        var image = new Image8(1, 1, 1);
        ImageFile.Decode(encoded, "test", image, channels);
        return image;
    }

    // The PNG chunk checksum (ISO 3309), bit by bit.
    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        return ~crc;
    }
}
