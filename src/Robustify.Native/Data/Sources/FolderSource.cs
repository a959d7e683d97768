using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>
/// A folder of PNG, JPEG and WebP pictures, one folder per class, classes and pictures in ordinal order of their names; under
/// <c>train/</c> and <c>test/</c> or <c>val/</c> where those are there. Pictures are decoded when read, as RGB.
/// Other files and hidden ones are passed over; folders inside a class folder too.
/// </summary>
public sealed class FolderSource : IImageSource, IImageFiles
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp"];

    private readonly string[] paths;
    private readonly int[] labels;

    /// <summary>
    /// Lists the pictures of one part; a set without <c>train/</c>, <c>test/</c> and <c>val/</c> is given whole for either part.
    /// </summary>
    /// <exception cref="Kernels.RobustifyException">
    /// The folder or the part is missing, has no class folders, a class folder without pictures, or a class that <c>train/</c> lacks.
    /// </exception>
    public FolderSource(string folder, DataPart part)
    {
        if (!Directory.Exists(folder))
            throw SourceFile.Refuse(folder, "no such folder; give a folder with a folder per class");
        var layout = new ClassFolders(folder);
        IsUndivided = !layout.IsDivided;
        string partFolder = layout.PartFolder(part);
        string[] names = layout.ClassNames(partFolder);
        var others = new List<string>();
        (paths, labels) = ListPictures(partFolder, names, others);
        OtherFiles = others;
        MissingClasses = [.. names.Where(name => !Directory.Exists(Path.Combine(partFolder, name)))];
        ClassNames = names;
        Description = SourceFile.OneLine(
            $"image folder, {(IsUndivided ? "undivided" : $"{part} part")}, {Count} pictures of {names.Length} classes, {partFolder}");
    }

    /// <summary>Whether training and test part are the same pictures, so that a caller who needs both has to split them.</summary>
    public bool IsUndivided { get; }

    /// <summary>Files in the class folders that are no pictures by their names, CLASS/FILE.</summary>
    internal IReadOnlyList<string> OtherFiles { get; }

    /// <summary>Classes of train/ that this part does without.</summary>
    internal IReadOnlyList<string> MissingClasses { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count => paths.Length;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public int Label(int index) => labels[index];

    /// <summary>File of picture <paramref name="index"/>.</summary>
    public string PathOf(int index) => paths[index];

    /// <inheritdoc/>
    /// <exception cref="Kernels.RobustifyException">The picture cannot be read or decoded; the message names it.</exception>
    public void Read(int index, Image8 destination) => ImageFile.Read(paths[index], destination, channels: 3);

    private static (string[] Paths, int[] Labels) ListPictures(string partFolder, string[] names, List<string> others)
    {
        var paths = new List<string>();
        var labels = new List<int>();
        var empty = new List<string>();
        for (int label = 0; label < names.Length; label++)
        {
            string folder = Path.Combine(partFolder, names[label]);
            if (!Directory.Exists(folder)) // a class of train/ that the other part does without
                continue;
            string[] pictures = Pictures(folder, names[label], others);
            if (pictures.Length == 0)
                empty.Add(names[label]);
            paths.AddRange(pictures);
            labels.AddRange(Enumerable.Repeat(label, pictures.Length));
        }

        if (empty.Count > 0)
        {
            const int shown = 5; // a set may have thousands of classes, a line has not room for all
            string more = empty.Count > shown ? $" and {empty.Count - shown} more" : "";
            throw SourceFile.Refuse(partFolder, $"no pictures ({string.Join(", ", Extensions)}) in class folder "
                + $"{string.Join(", ", empty.Take(shown))}{more}; add pictures or remove the folder");
        }

        return ([.. paths], [.. labels]);
    }

    private static string[] Pictures(string folder, string name, List<string> others)
    {
        try
        {
            string[] files = Directory.GetFiles(folder), found = [.. files.Where(IsPicture)];
            others.AddRange(files.Where(f => !IsPicture(f)).Select(f => name + "/" + Path.GetFileName(f)));
            Array.Sort(found, StringComparer.Ordinal);
            return found;
        }
        catch (Exception e) when (SourceFile.IsPlatformError(e))
        {
            throw SourceFile.Refuse(folder, "cannot be listed; give a folder that can be read", e);
        }
    }

    private static bool IsPicture(string path) =>
        !Path.GetFileName(path).StartsWith('.') && Extensions.Contains(Path.GetExtension(path).ToLowerInvariant());
}
