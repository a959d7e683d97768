using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>Finds out what kind of data set a folder holds, and where the set lies that is used when none is named.</summary>
public static class DataDirectory
{
    /// <summary>Where Debian's package dataset-fashion-mnist puts the full Fashion-MNIST.</summary>
    public const string FullFashionMnist = "/usr/share/datasets/fashion-mnist";

    private static readonly string Bundled = Path.Combine("data", "fashion-mnist");

    /// <summary>
    /// The folder of the default set: the bundled subset, in <c>data/fashion-mnist</c> beside the executable or in a parent folder of
    /// it, or in the working folder or a parent of it; else the full set where it is installed.
    /// </summary>
    /// <exception cref="RobustifyException">None of them is there.</exception>
    public static string Default() => Default(AppContext.BaseDirectory, Directory.GetCurrentDirectory(), FullFashionMnist);

    /// <summary>As <see cref="Default()"/>, from the given folders.</summary>
    public static string Default(string executableFolder, string workingFolder, string installed) =>
        FindUpward(executableFolder) ?? FindUpward(workingFolder) ?? (HoldsIdx(installed) ? installed : null)
        ?? throw new RobustifyException($"default data: no {Bundled} with IDX files in or above {executableFolder} and {workingFolder}, "
            + $"nor {installed}; name a folder with --data");

    /// <summary>
    /// Opens one part of the set in <paramref name="path"/>: IDX files (<see cref="IdxSource"/>), CIFAR-10 or CIFAR-100 binary files
    /// (<see cref="CifarSource"/>), else a folder per class (<see cref="FolderSource"/>).
    /// </summary>
    /// <exception cref="RobustifyException">No such folder, no kind or more than one recognised, or the set itself is refused.</exception>
    public static IImageSource Open(string path, DataPart part)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0'))
            throw new RobustifyException("data: an empty or impossible folder name found; name the folder of a data set");
        if (!Directory.Exists(path))
            throw SourceFile.Refuse(path, File.Exists(path)
                ? "a file found, the folder of a data set expected; name the folder it lies in"
                : "no such folder; name the folder of a data set");
        bool idx = HoldsIdx(path), cifar10 = HoldsCifar(path, CifarKind.Cifar10), cifar100 = HoldsCifar(path, CifarKind.Cifar100);
        return (idx, cifar10, cifar100) switch
        {
            (true, false, false) => new IdxSource(path, part),
            (false, true, false) => new CifarSource(path, part, CifarKind.Cifar10),
            (false, false, true) => new CifarSource(path, part, CifarKind.Cifar100),
            (false, false, false) when new ClassFolders(path).HasFolders => new FolderSource(path, part),
            (false, false, false) when Directory.EnumerateFiles(path).Count(f => ImageFile.HasPictureExtension(f)) is > 0 and var loose => throw SourceFile.Refuse(
                path, $"{loose} pictures without class folders found, a folder for each class expected; sort them by class, ImageNet's by WordNet id"),
            (false, false, false) => throw SourceFile.Refuse(path, "no data set found; "
                + "looked for train- or t10k-images-idx3-ubyte[.gz] (IDX), "
                + "data_batch_1.bin or test_batch.bin (CIFAR-10), train.bin or test.bin (CIFAR-100), and class folders of pictures; "
                + "name a folder that has one of these"),
            _ => throw SourceFile.Refuse(path, "files of more than one kind found (IDX, CIFAR-10, CIFAR-100), one expected; "
                + "put each set in its own folder"),
        };
    }

    private static bool HoldsIdx(string folder) => new[] { DataPart.Train, DataPart.Test }
        .Select(part => Path.Combine(folder, IdxSource.FileNames(part).Images))
        .Any(images => File.Exists(images) || File.Exists(images + ".gz"));

    private static bool HoldsCifar(string folder, CifarKind kind) => new[] { DataPart.Train, DataPart.Test }
        .Any(part => File.Exists(Path.Combine(folder, CifarSource.FileNames(part, kind)[0])));

    private static string? FindUpward(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, Bundled);
            if (HoldsIdx(candidate))
                return candidate;
        }

        return null;
    }
}
