using System.IO.Compression;
using System.Text;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models.Clip.Text;
using Robustify.Native.Tests.Data.Images;
using Robustify.Native.Tests.Models.Checkpoints;
using Robustify.Native.Tests.Models.Clip;
using Xunit.Abstractions;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>Mutated files of data sets, pictures and vocabularies: each is read as it stands or refused.</summary>
public sealed class DataFuzzTests(ITestOutputHelper output)
{
    // Deflate packs 258 bytes into 2 bits at best; what it unpacks to is no lie of a header.
    private const int Unpacked = 1032;

    [Theory]
    [InlineData("idx")]
    [InlineData("idx packed")]
    public void AMutatedIdxFileIsReadOrRefused(string format)
    {
        using var folder = new TemporaryFolder();
        bool isPacked = format != "idx";
        string path = folder.File(isPacked ? "images.gz" : "images");
        byte[] pixels = [.. Enumerable.Range(0, 3 * 8 * 8).Select(i => (byte)(i * 7))], file = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 8, .. pixels];
        File.WriteAllBytes(path, isPacked ? Packed(file) : file);
        byte[] body = [];
        new FuzzRun(format, output).Of(path, FileKind.Bytes, new FileInfo(path).Length, Load, Check, isPacked ? Unpacked : 2);

        long Load()
        {
            using var idx = new IdxFile(path, 3);
            body = idx.ReadBody();
            return 0;
        }

        void Check(byte[] mutated, int number) => Assert.Equal(isPacked ? pixels : mutated[16..], body);
    }

    [Fact]
    public void AMutatedBatchOfCifarIsReadOrRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.File("batches.meta.txt"), "abcdefghij".Select(c => c.ToString()));
        byte[] record = [7, .. Enumerable.Range(0, 3072).Select(i => (byte)(i * 11))];
        string path = folder.File("test_batch.bin");
        File.WriteAllBytes(path, record);
        Image8 image = new(1, 1, 1);
        int label = 0;
        new FuzzRun("cifar", output).Of(path, FileKind.Bytes, record.Length, Load, Check);

        long Load()
        {
            var source = new CifarSource(folder.Path, DataPart.Test, CifarKind.Cifar10);
            source.Read(0, image);
            label = source.Label(0);
            return 0;
        }

        void Check(byte[] mutated, int number)
        {
            Assert.Equal(mutated[0], label);
            Assert.Equal([mutated[1], mutated[1025], mutated[2049]], image.Pixels[..3].ToArray());
        }
    }

    [Fact]
    public void AMutatedArrayOfNumPyIsReadOrRefused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("labels.npy"), header = "{'descr': '<i4', 'fortran_order': False, 'shape': (6, 2), }".PadRight(117) + "\n";
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. Enumerable.Range(0, 48).Select(i => (byte)i)]);
        long[] values = [];
        int width = 0;
        new FuzzRun("npy", output).Of(path, FileKind.Bytes, new FileInfo(path).Length, Load, Check);

        long Load()
        {
            var array = NpyFile.Open(path);
            values = array.ReadIntegers();
            width = array.ElementBytes;
            return 0;
        }

        void Check(byte[] mutated, int number)
        {
            for (int i = 0; i < values.Length; i++)
            {
                byte[] element = mutated[(mutated.Length - (values.Length - i) * width)..][..width];
                Assert.Equal(element.Reverse().Aggregate(0L, (value, part) => value << 8 | part), values[i]);
            }
        }
    }

    [Theory]
    [InlineData(ImageEncoding.Png, Unpacked)]
    [InlineData(ImageEncoding.Jpeg, 3 * 8 * 64)] // A block of 8 x 8 pixels takes a bit at least.
    public void AMutatedPictureIsDecodedOrRefused(ImageEncoding encoding, int expansion)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("picture");
        byte[] bytes = ImageFile.Encode(TestImages.Gradient(64, 48, 3), encoding);
        File.WriteAllBytes(path, bytes);
        var image = new Image8(1, 1, 1);
        new FuzzRun(encoding.ToString().ToLowerInvariant(), output).Of(path, FileKind.Bytes, bytes.Length, Load, (_, _) => { }, expansion);

        long Load()
        {
            ImageFile.Read(path, image, 3);
            Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
            return 0;
        }
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("bpe.txt.gz")]
    public void AMutatedVocabularyIsReadOrRefused(string name)
    {
        using var folder = new TemporaryFolder();
        ClipTokenizerTests.Write(folder, ["l o", "lo w</w>"]);
        File.WriteAllBytes(folder.File("bpe.txt.gz"), Packed("#version: 0.2\nl o\nlo w</w>\n"u8.ToArray()));
        string path = folder.File(name), opened = name == "merges.txt" ? folder.File("vocab.json") : path;
        long bytes = new FileInfo(path).Length + new FileInfo(opened).Length;
        new FuzzRun(name, output).Of(path, name == "vocab.json" ? FileKind.Json : FileKind.Bytes, bytes, Load, (_, _) => { }, name == "bpe.txt.gz" ? Unpacked : 2);

        long Load()
        {
            var tokens = new ClipTokenizer(ClipVocabulary.Open(opened));
            try
            {
                tokens.Encode("low");
            }
            catch (Robustify.Kernels.RobustifyException e)
            {
                RawSafetensors.OneLineOf(e); // Of a text that this vocabulary cannot write.
            }

            return 0;
        }
    }

    private static byte[] Packed(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(bytes);
        return packed.ToArray();
    }
}
