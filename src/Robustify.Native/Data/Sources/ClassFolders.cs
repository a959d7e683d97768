namespace Robustify.Native.Data.Sources;

/// <summary>
/// How an image folder is laid out: a folder per class, either directly (one set, <see cref="IsDivided"/> false) or under
/// <c>train/</c> and <c>test/</c> or <c>val/</c>.
/// </summary>
internal sealed class ClassFolders
{
    private static readonly string[] PartNames = ["train", "test", "val"];

    private readonly string root;
    private readonly string[] parts;

    /// <summary>Looks at the names of the folders; opens no image.</summary>
    public ClassFolders(string root)
    {
        this.root = root;
        string[] folders = SubFolders(root);
        // A class may be called "train": such a folder is a part when it holds folders, or when nothing but parts lies here.
        bool onlyParts = folders.All(folder => PartNames.Contains(Path.GetFileName(folder)));
        parts = [.. PartNames.Where(name => folders.Contains(Path.Combine(root, name)) && (onlyParts || HasSubFolders(name)))];
        HasFolders = folders.Length > 0;
    }

    /// <summary>Whether there is any folder that could be a class or a part.</summary>
    public bool HasFolders { get; }

    /// <summary>Whether training and test images lie apart.</summary>
    public bool IsDivided => parts.Length > 0;

    /// <summary>
    /// Folder of a part. <c>test/</c> goes before <c>val/</c>, unless it holds no class folders as in ImageNet, whose test images have
    /// no labels. An undivided set is both parts.
    /// </summary>
    public string PartFolder(DataPart part)
    {
        if (!IsDivided)
            return root;
        string? name = part == DataPart.Train
            ? parts.FirstOrDefault(name => name == "train")
            : parts.FirstOrDefault(name => name != "train" && HasSubFolders(name)) ?? parts.FirstOrDefault(name => name != "train");
        return name is not null
            ? Path.Combine(root, name)
            : throw SourceFile.Refuse(root, $"only {string.Join(" and ", parts)} found, "
                + $"{(part == DataPart.Train ? "train" : "test or val")} expected; add a folder of that name with a folder per class");
    }

    /// <summary>
    /// Class names in label order: those of <c>train/</c> where it is there, so that one label means one class in both parts.
    /// </summary>
    public string[] ClassNames(string partFolder)
    {
        string[] own = Names(partFolder);
        if (own.Length == 0)
            throw SourceFile.Refuse(partFolder, "no class folders found, a folder per class expected; "
                + "sort the images into folders by class");
        if (!parts.Contains("train"))
            return own;
        string[] all = Names(Path.Combine(root, "train"));
        string? unknown = own.Except(all).FirstOrDefault();
        return unknown is null
            ? all
            : throw SourceFile.Refuse(Path.Combine(partFolder, unknown), $"no class '{unknown}' in {Path.Combine(root, "train")}; "
                + "use the same class folders in both parts");
    }

    private static string[] Names(string folder) => [.. SubFolders(folder).Select(path => Path.GetFileName(path))];

    private bool HasSubFolders(string name) => SubFolders(Path.Combine(root, name)).Length > 0;

    /// <summary>Folders in ordinal order of their names; hidden ones belong to tools, not to the set.</summary>
    private static string[] SubFolders(string folder)
    {
        try
        {
            string[] found = [.. Directory.GetDirectories(folder).Where(path => !Path.GetFileName(path).StartsWith('.'))];
            Array.Sort(found, StringComparer.Ordinal);
            return found;
        }
        catch (Exception e) when (SourceFile.IsPlatformError(e))
        {
            throw SourceFile.Refuse(folder, "cannot be listed; give a folder that can be read", e);
        }
    }
}
