using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>
/// Sentences with a class's name in the place of <c>{}</c>. A class is described by the mean of its sentences' embeddings (Radford et al., arXiv
/// 2103.00020, section 3.1.4).
/// </summary>
public static class PromptTemplates
{
    /// <summary>Where a class's name goes.</summary>
    public const string Place = "{}";

    /// <summary>The one sentence of the paper's section 3.1.4.</summary>
    public static IReadOnlyList<string> Photo { get; } = ["a photo of a {}."];

    /// <summary>The seven that openai/CLIP's notebook on prompt engineering found to do as well as all (<c>Prompt_Engineering_for_ImageNet.ipynb</c>).</summary>
    public static IReadOnlyList<string> Simple { get; } =
    [
        "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.", "art of the {}.",
        "a photo of the small {}.",
    ];

    /// <summary>The eighty of the same notebook, which published zero-shot figures on ImageNet are measured with.</summary>
    public static IReadOnlyList<string> ImageNet { get; } =
    [
        "a bad photo of a {}.", "a photo of many {}.", "a sculpture of a {}.", "a photo of the hard to see {}.",
        "a low resolution photo of the {}.", "a rendering of a {}.", "graffiti of a {}.", "a bad photo of the {}.",
        "a cropped photo of the {}.", "a tattoo of a {}.", "the embroidered {}.", "a photo of a hard to see {}.",
        "a bright photo of a {}.", "a photo of a clean {}.", "a photo of a dirty {}.", "a dark photo of the {}.",
        "a drawing of a {}.", "a photo of my {}.", "the plastic {}.", "a photo of the cool {}.", "a close-up photo of a {}.",
        "a black and white photo of the {}.", "a painting of the {}.", "a painting of a {}.", "a pixelated photo of the {}.",
        "a sculpture of the {}.", "a bright photo of the {}.", "a cropped photo of a {}.", "a plastic {}.",
        "a photo of the dirty {}.", "a jpeg corrupted photo of a {}.", "a blurry photo of the {}.", "a photo of the {}.",
        "a good photo of the {}.", "a rendering of the {}.", "a {} in a video game.", "a photo of one {}.",
        "a doodle of a {}.", "a close-up photo of the {}.", "a photo of a {}.", "the origami {}.", "the {} in a video game.",
        "a sketch of a {}.", "a doodle of the {}.", "a origami {}.", "a low resolution photo of a {}.", "the toy {}.",
        "a rendition of the {}.", "a photo of the clean {}.", "a photo of a large {}.", "a rendition of a {}.",
        "a photo of a nice {}.", "a photo of a weird {}.", "a blurry photo of a {}.", "a cartoon {}.", "art of a {}.",
        "a sketch of the {}.", "a embroidered {}.", "a pixelated photo of a {}.", "itap of the {}.",
        "a jpeg corrupted photo of the {}.", "a good photo of a {}.", "a plushie {}.", "a photo of the nice {}.",
        "a photo of the small {}.", "a photo of the weird {}.", "the cartoon {}.", "art of the {}.", "a drawing of the {}.",
        "a photo of the large {}.", "a black and white photo of a {}.", "the plushie {}.", "a dark photo of a {}.",
        "itap of a {}.", "graffiti of the {}.", "a toy {}.", "itap of my {}.", "a photo of a cool {}.",
        "a photo of a small {}.", "a tattoo of the {}.",
    ];

    private static readonly SortedDictionary<string, IReadOnlyList<string>> BuiltIn = new(StringComparer.Ordinal)
    {
        ["photo"] = Photo, ["simple"] = Simple, ["imagenet"] = ImageNet,
    };

    /// <summary>Names of the built-in sets.</summary>
    public static IReadOnlyCollection<string> Names => BuiltIn.Keys;

    /// <summary>A built-in set by name, or the lines of a file.</summary>
    /// <exception cref="RobustifyException">Neither, or a line without a place for the name.</exception>
    public static IReadOnlyList<string> Of(string nameOrFile)
    {
        if (BuiltIn.TryGetValue(nameOrFile, out var known))
            return known;
        if (!File.Exists(nameOrFile))
            throw new RobustifyException($"templates '{OneLine.Of(nameOrFile, 400)}': neither a file nor one of {string.Join(", ", Names)}");
        return Require(LineFile.Read(nameOrFile), OneLine.Of(nameOrFile, 400));
    }

    /// <summary>Refuses templates that leave no place for a name.</summary>
    public static IReadOnlyList<string> Require(IReadOnlyList<string> templates, string source) => templates.FirstOrDefault(t => !t.Contains(Place, StringComparison.Ordinal)) is { } odd
        ? throw new RobustifyException($"{source}: template '{OneLine.Of(odd)}' has no {Place} where the class's name goes; write it, as in '{Photo[0]}'")
        : templates;
}
