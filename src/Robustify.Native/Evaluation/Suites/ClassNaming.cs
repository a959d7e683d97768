using System.Globalization;
using Robustify.Native.Evaluation.Reference;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>What the folder of a class is called, and which label that is.</summary>
internal sealed class ClassNaming
{
    private readonly Dictionary<string, int> labels = new(StringComparer.Ordinal);

    private ClassNaming(string description, IReadOnlyList<string> classNames, IEnumerable<(string Folder, int Label)> folders, bool passesOverOthers = false)
    {
        (Description, ClassNames, PassesOverOthers) = (description, classNames, passesOverOthers);
        foreach (var (folder, label) in folders)
            labels.Add(folder, label);
    }

    /// <summary>For messages: what is expected.</summary>
    public string Description { get; }

    /// <summary>Names by label.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Whether other folders belong there and are left out, as ObjectNet's classes that ImageNet has not.</summary>
    public bool PassesOverOthers { get; }

    /// <summary>Folders that should be there.</summary>
    public IReadOnlyCollection<string> Folders => labels.Keys;

    /// <summary>The label of a folder; -1 for one that is no class.</summary>
    public int Label(string folder) => labels.GetValueOrDefault(folder, -1);

    /// <summary>ImageNet's classes by WordNet id.</summary>
    public static ClassNaming Wnids() => new("the 1000 WordNet ids of ImageNet", ImageNetClasses.Wnids, ImageNetClasses.Wnids.Select((w, i) => (w, i)));

    /// <summary>Some of ImageNet's classes by WordNet id; labels are ImageNet's.</summary>
    public static ClassNaming Wnids(string set, int[] classes) =>
        new($"the {classes.Length} WordNet ids of {set}", ImageNetClasses.Wnids, classes.Select(c => (ImageNetClasses.Wnids[c], c)));

    /// <summary>ImageNet's classes by number, as ImageNet-V2 has them. Sorted as text (0, 1, 10, 100) they would be other classes.</summary>
    public static ClassNaming Numbers() => new(
        "folders 0 to 999", ImageNetClasses.Wnids, Enumerable.Range(0, ImageNetClasses.Count).Select(c => (c.ToString(CultureInfo.InvariantCulture), c)));

    /// <summary>ObjectNet's overlapping folders by name; labels count them.</summary>
    public static ClassNaming ObjectNet() => new(
        "ObjectNet's 113 folders that ImageNet has too", [.. ImageNetClasses.ObjectNet.Select(o => o.Folder)],
        ImageNetClasses.ObjectNet.Select((o, i) => (o.Folder, i)), passesOverOthers: true);

    /// <summary>The names of a data set's classes, or the folders of a set that stands alone, in order.</summary>
    public static ClassNaming Names(IReadOnlyList<string> names) =>
        new($"the {names.Count} classes of the data set", names, names.Select((n, i) => (n.Replace('/', '_'), i)));
}
