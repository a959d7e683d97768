using Robustify.Kernels;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>What the classes of a data set are called in words.</summary>
internal static class ClassNames
{
    /// <summary>Stands for the names of ImageNet's 1000 classes, where a file of names is asked for.</summary>
    public const string ImageNet = "imagenet";

    private static readonly char[] Blanks = [' ', '\t'];

    /// <summary>The names in the order of the labels.</summary>
    /// <param name="file">
    /// A file of one name a line in the order of the labels, or of a WordNet id and a name a line in any order (as ImageNet's
    /// <c>LOC_synset_mapping.txt</c>), of more classes than the data has too; <see cref="ImageNet"/>; or null for the data's own.
    /// </param>
    /// <param name="folders">The data's class names; null where there is no data.</param>
    /// <param name="data">The data set, for messages.</param>
    /// <exception cref="RobustifyException">The file cannot be read, or its names are not those of the data's classes.</exception>
    public static IReadOnlyList<string> Of(string? file, IReadOnlyList<string>? folders, string? data)
    {
        bool isByWnid = folders is { Count: > 0 } && folders.All(ImageNetClasses.IsWnid);
        if (file is null or ImageNet)
        {
            if (isByWnid)
                return ByWnid(ImageNetClasses.Wnids.Zip(ImageNetClasses.Names).ToDictionary(StringComparer.Ordinal), folders!, data!, "the 1000 classes of ImageNet");
            return file is null ? [.. folders!.Select(name => name.Replace('_', ' '))] : RequireCount(ImageNetClasses.Names, file, folders, data);
        }

        var lines = LineFile.Read(file);
        string[][] parts = [.. lines.Select(line => line.Split(Blanks, 2, StringSplitOptions.TrimEntries))];
        if (!Array.TrueForAll(parts, p => p.Length == 2 && ImageNetClasses.IsWnid(p[0])))
            return RequireCount(lines, file, folders, data);
        return isByWnid
            ? ByWnid(parts.DistinctBy(p => p[0]).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal), folders!, data!, OneLine.Of(file, 400))
            : RequireCount([.. parts.Select(p => p[1])], file, folders, data);
    }

    private static IReadOnlyList<string> ByWnid(Dictionary<string, string> names, IReadOnlyList<string> folders, string data, string where) =>
    [
        .. folders.Select(folder => names.TryGetValue(folder, out string? name)
            ? name
            : throw new RobustifyException($"{OneLine.Of(data, 400)}: class {folder} is not in {where}; give the names of all classes with --classes")),
    ];

    private static IReadOnlyList<string> RequireCount(IReadOnlyList<string> names, string file, IReadOnlyList<string>? folders, string? data) =>
        folders is null || folders.Count == names.Count
            ? names
            : throw new RobustifyException(
                $"{OneLine.Of(file, 400)}: {names.Count} class names found, {OneLine.Of(data!, 400)} has {folders.Count} classes; write one name a line in the order of the labels");
}
