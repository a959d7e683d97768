using System.IO.Compression;
using System.Security.Cryptography;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Sources;

public class BundledFashionMnistTests
{
    private static readonly string Folder = DataDirectory.Default();

    [Theory, InlineData(DataPart.Train, 1500), InlineData(DataPart.Test, 300)]
    public void EveryClassHasItsCount(DataPart part, int perClass)
    {
        var source = DataDirectory.Open(Folder, part);
        var counts = new int[10];
        for (int index = 0; index < source.Count; index++)
            counts[source.Label(index)]++;
        Assert.All(counts, count => Assert.Equal(perClass, count));
        Assert.Equal(["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
            source.ClassNames);
        var image = new Image8(1, 1, 3);
        source.Read(source.Count - 1, image);
        Assert.Equal((28, 28, 1), (image.Width, image.Height, image.Channels));
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", "aa373ced29b410725028f0188c132f8af5dc786deb253dbde7b381f5d77abf27")]
    [InlineData("train-labels-idx1-ubyte", "b63118e7c4039079625913b720b56b7fed01c01f5f1228a52c41936ed0962b86")]
    [InlineData("t10k-images-idx3-ubyte", "39b3bea53d347350c5032c59dd23ab8d166da21f62e1ad81bb0be61bc726d310")]
    [InlineData("t10k-labels-idx1-ubyte", "199d51a7f4fb938fef180ac1337198fa2ad2aafec21bab6824dced98578c05ee")]
    public void ChecksumsAreThoseOfTheReadme(string name, string uncompressed)
    {
        string readme = File.ReadAllText(Path.Combine(Folder, "README.md"));
        byte[] packed = File.ReadAllBytes(Path.Combine(Folder, name + ".gz"));
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        Assert.Equal(uncompressed, Convert.ToHexStringLower(SHA256.HashData(gzip)));
        Assert.Contains($"{uncompressed}  {name}\n", readme);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(packed))}  {name}.gz\n", readme);
    }

    [Fact]
    public void SetTakesAtMostEightMegabytes() =>
        Assert.InRange(new DirectoryInfo(Folder).GetFiles().Sum(file => file.Length), 1, 8_000_000);

    [FullSetTheory, InlineData(DataPart.Train, 1500), InlineData(DataPart.Test, 300)]
    public void ImagesAreTheFirstOfEachClassOfTheFullSet(DataPart part, int perClass)
    {
        var full = DataDirectory.Open(DataDirectory.FullFashionMnist, part);
        var subset = DataDirectory.Open(Folder, part);
        var taken = new int[10];
        Image8 expected = new(1, 1, 1), found = new(1, 1, 1);
        int next = 0;
        for (int index = 0; index < full.Count; index++)
        {
            if (taken[full.Label(index)]++ >= perClass)
                continue;
            full.Read(index, expected);
            subset.Read(next, found);
            Assert.Equal(full.Label(index), subset.Label(next++));
            Assert.True(expected.Pixels.SequenceEqual(found.Pixels), $"image {index} of the full set");
        }

        Assert.Equal(subset.Count, next);
    }

    /// <summary>Needs the full set, which a clone does not bring.</summary>
    private sealed class FullSetTheoryAttribute : TheoryAttribute
    {
        public FullSetTheoryAttribute()
        {
            if (!Directory.Exists(DataDirectory.FullFashionMnist))
                Skip = $"no full set in {DataDirectory.FullFashionMnist}";
        }
    }
}
