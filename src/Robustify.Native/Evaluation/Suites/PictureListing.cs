using System.Security.Cryptography;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>
/// The pictures of a folder with a folder per class: class folders in the order of their labels, pictures in ordinal order of their names.
/// Nothing is passed over silently: other files are counted, missing classes named, unknown ones refused.
/// </summary>
internal sealed class PictureListing
{
    private PictureListing(string[] paths, int[] labels, IReadOnlyList<string> missing, IReadOnlyList<string> passedOver) =>
        (Paths, Labels, Missing, PassedOver) = (paths, labels, missing, passedOver);

    /// <summary>Relative to the folder: CLASS/FILE.</summary>
    public string[] Paths { get; }

    /// <summary>Their labels.</summary>
    public int[] Labels { get; }

    /// <summary>Class folders that should be there.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Files that are no pictures by their names, and class folders that are left out by rule.</summary>
    public IReadOnlyList<string> PassedOver { get; }

    /// <summary>Digest of class and name without ending of all pictures: equal for two folders that show the same photographs.</summary>
    public string Key => KeyOf(Paths.Length, i => Labels[i], i => Paths[i]);

    /// <summary><see cref="Key"/> of pictures that are listed elsewhere.</summary>
    public static string KeyOf(int count, Func<int, int> label, Func<int, string> path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < count; i++)
            hash.AppendData(Encoding.UTF8.GetBytes($"{label(i)}/{Path.GetFileNameWithoutExtension(path(i))}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Lists a folder.</summary>
    /// <exception cref="RobustifyException">It cannot be listed, a folder is no class, or there is no picture.</exception>
    public static PictureListing Of(string folder, ClassNaming naming)
    {
        var found = new List<(int Label, string Folder)>();
        var passedOver = new List<string>();
        var unknown = new List<string>();
        foreach (string path in Entries(folder, directories: true))
        {
            string name = Path.GetFileName(path);
            if (naming.Label(name) is >= 0 and var label)
                found.Add((label, name));
            else if (naming.PassesOverOthers || name.StartsWith('.'))
                passedOver.Add(name + "/");
            else
                unknown.Add(name);
        }

        if (unknown.Count > 0)
            throw Refuse(folder, naming, unknown);
        passedOver.AddRange(Entries(folder, directories: false).Select(f => Path.GetFileName(f)));
        var paths = new List<string>();
        var labels = new List<int>();
        var missing = naming.Folders.Except(found.Select(f => f.Folder), StringComparer.Ordinal).ToList();
        foreach (var (label, name) in found.OrderBy(f => f.Label))
        {
            int before = paths.Count;
            foreach (string file in Entries(Path.Combine(folder, name), directories: false))
            {
                string relative = name + "/" + Path.GetFileName(file);
                if (!ImageFile.HasPictureExtension(file))
                {
                    passedOver.Add(relative);
                    continue;
                }

                paths.Add(relative);
                labels.Add(label);
            }

            if (paths.Count == before)
                missing.Add(name);
        }

        return paths.Count > 0
            ? new([.. paths], [.. labels], missing, passedOver)
            : throw new RobustifyException($"{OneLine.Of(folder, 400)}: no pictures in class folders found, {naming.Description} expected; name the folder that holds the class folders{Advice(folder, naming)}");
    }

    private static RobustifyException Refuse(string folder, ClassNaming naming, List<string> unknown)
    {
        const int shown = 3;
        string names = string.Join(", ", unknown.Take(shown).Select(n => OneLine.Of(n))) + (unknown.Count > shown ? $" and {unknown.Count - shown} more" : "");
        return new($"{OneLine.Of(folder, 400)}: no class: {names}; {naming.Description} expected; move such folders away or name another suite{Advice(folder, naming)}");
    }

    // A few class folders make a set; a single one, as 3 of ImageNet-C's severities, may be chance.
    private static string Advice(string folder, ClassNaming naming) => NearbyFolder.Advice(
        folder, place => Directory.EnumerateDirectories(place).Count(d => naming.Label(Path.GetFileName(d)) >= 0) >= Math.Min(10, naming.Folders.Count));

    /// <summary>Folders or files directly inside a folder, in ordinal order.</summary>
    public static string[] Entries(string folder, bool directories)
    {
        try
        {
            string[] entries = directories ? Directory.GetDirectories(folder) : Directory.GetFiles(folder);
            Array.Sort(entries, StringComparer.Ordinal);
            return entries;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException($"{OneLine.Of(folder, 400)}: cannot be listed ({OneLine.Of(e.Message, 300)}); name a folder that can be read", e);
        }
    }
}
