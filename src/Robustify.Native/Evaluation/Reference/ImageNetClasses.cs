using System.Globalization;
using System.Text.RegularExpressions;

namespace Robustify.Native.Evaluation.Reference;

/// <summary>ImageNet's classes in the order of torchvision and timm, and those that the shifted sets share with it.</summary>
internal static partial class ImageNetClasses
{
    private static readonly Lazy<string[]> AllWnids = new(() => ReferenceData.Lines("imagenet_wnids.txt"));
    private static readonly Lazy<string[]> AllNames = new(() => ReferenceData.Lines("imagenet_names.txt"));
    private static readonly Lazy<(string, int[])[]> ObjectNetFolders = new(() => [.. ReferenceData.Lines("objectnet_classes.txt").Select(ParseFolder)]);

    /// <summary>Classes of ImageNet.</summary>
    public const int Count = 1000;

    /// <summary>WordNet ids; the place is the class.</summary>
    public static IReadOnlyList<string> Wnids => AllWnids.Value;

    /// <summary>Names in words, with which openai/CLIP's zero-shot figures are measured; the place is the class. Two of them stand twice.</summary>
    public static IReadOnlyList<string> Names => AllNames.Value;

    /// <summary>The 200 classes of ImageNet-A, ascending.</summary>
    public static int[] OfImageNetA() => Numbers("imagenet_a_indices.txt");

    /// <summary>The 200 classes of ImageNet-R, ascending.</summary>
    public static int[] OfImageNetR() => Numbers("imagenet_r_indices.txt");

    /// <summary>ObjectNet's 113 folders that overlap ImageNet, with their one to three classes there.</summary>
    public static IReadOnlyList<(string Folder, int[] Classes)> ObjectNet => ObjectNetFolders.Value;

    /// <summary>Whether a folder name has the form of a WordNet id.</summary>
    public static bool IsWnid(string name) => Wnid().IsMatch(name);

    private static int[] Numbers(string list) => [.. ReferenceData.Lines(list).Select(l => int.Parse(l, CultureInfo.InvariantCulture))];

    private static (string, int[]) ParseFolder(string line)
    {
        string[] parts = line.Split('\t');
        return (parts[0], [.. parts[1].Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture))]);
    }

    [GeneratedRegex(@"^n\d{8}\z")]
    private static partial Regex Wnid();
}
