using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>
/// MNIST and the sets made in its form (Fashion-MNIST: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747): grey images and labels of ten
/// classes in IDX files under the usual names, plain or gzip; the plain file is taken where both are there. Held in memory.
/// </summary>
public sealed class IdxSource : IImageSource
{
    private const int Classes = 10;

    private static readonly string[] Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    private static readonly string[] FashionNames =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    private readonly byte[] pixels;
    private readonly byte[] labels;
    private readonly int width;
    private readonly int height;

    /// <summary>Reads one part of the set in <paramref name="folder"/> into memory.</summary>
    /// <exception cref="Kernels.RobustifyException">A file is missing, truncated, damaged, empty, or contradicts the other.</exception>
    public IdxSource(string folder, DataPart part)
    {
        (string imagesName, string labelsName) = FileNames(part);
        string labelsPath = FindFile(folder, labelsName), imagesPath = FindFile(folder, imagesName);
        labels = ReadLabels(labelsPath);
        // Labels come first: they bound the number of images before a byte of the larger file is decompressed.
        using var images = new IdxFile(imagesPath, dimensions: 3);
        if (images.Size(0) != labels.Length)
            throw SourceFile.Refuse(imagesPath, $"{images.Size(0)} images found but {labels.Length} labels in {labelsPath}; "
                + "use the two files of one set");
        if (images.Size(1) is < 1 or > Image8.MaxSide || images.Size(2) is < 1 or > Image8.MaxSide)
            throw SourceFile.Refuse(imagesPath, $"images of {images.Size(2)}x{images.Size(1)} found, "
                + $"sides of 1..{Image8.MaxSide} expected; copy or download the file again");
        pixels = images.ReadBody();
        (width, height) = ((int)images.Size(2), (int)images.Size(1));
        bool fashion = IsFashionMnist(folder);
        ClassNames = fashion ? FashionNames : Digits;
        Description = SourceFile.OneLine(
            $"{(fashion ? "Fashion-MNIST" : "IDX")} {part} part, {Count} grey images of {width}x{height}, {imagesPath}");
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count => labels.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>The usual names of the two files, without <c>.gz</c>.</summary>
    public static (string Images, string Labels) FileNames(DataPart part) => part == DataPart.Train
        ? ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
        : ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");

    /// <summary>
    /// The files do not say whose they are, so the folder does: it is Fashion-MNIST when its name holds "fashion", or when it is
    /// called "raw" and its parent's name does (<c>FashionMNIST/raw</c>); case does not matter.
    /// </summary>
    public static bool IsFashionMnist(string folder)
    {
        var directory = new DirectoryInfo(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        if (directory.Name.Equals("raw", StringComparison.OrdinalIgnoreCase) && directory.Parent is { } parent)
            directory = parent;
        return directory.Name.Contains("fashion", StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public int Label(int index) => labels[index];

    /// <inheritdoc/>
    public void Read(int index, Image8 destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        destination.Reshape(width, height, 1);
        pixels.AsSpan(index * width * height, width * height).CopyTo(destination.Pixels);
    }

    private static byte[] ReadLabels(string path)
    {
        using var file = new IdxFile(path, dimensions: 1);
        if (file.Size(0) == 0)
            throw SourceFile.Refuse(path, "0 labels found, at least 1 expected; use a set that is not empty");
        byte[] labels = file.ReadBody();
        int wrong = labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(Classes - 1));
        return wrong < 0
            ? labels
            : throw SourceFile.Refuse(path, $"label {labels[wrong]} found for image {wrong}, 0..{Classes - 1} expected; "
                + "use a set of ten classes");
    }

    private static string FindFile(string folder, string name)
    {
        string plain = Path.Combine(folder, name), gzip = plain + ".gz";
        if (File.Exists(plain))
            return plain;
        return File.Exists(gzip)
            ? gzip
            : throw SourceFile.Refuse(folder, $"neither {name} nor {name}.gz found; give a folder that has one of them");
    }
}
