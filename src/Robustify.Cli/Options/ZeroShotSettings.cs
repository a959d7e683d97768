using System.CommandLine;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Kernels;
using Robustify.Native.Evaluation.ZeroShot;

namespace Robustify.Cli.Options;

/// <summary>How classes are put into words, for the verbs that make a classifier of them.</summary>
internal sealed class ZeroShotSettings
{
    private readonly ListOption<string> template = new(
        "--template", "TEXT", "sentence with {} where a class's name goes, such as \"a photo of a {}.\"; several are averaged", "those of --templates",
        () => [], word => [.. PromptTemplates.Require([word], "template")], text => text);

    private readonly TextOption templates = new(
        "--templates", "NAME|FILE", $"sentences built in ({string.Join(", ", PromptTemplates.Names)}: 80, 1 and 7 of them) or a file of one a line", "simple",
        () => "simple");

    private readonly TextOption vocabulary = new(
        "--vocabulary", "PATH", "the tokenizer's vocabulary: CLIP's list of merges, or vocab.json with merges.txt beside it",
        "the one beside the model, else CLIP's published one", () => "");

    private readonly TextOption cache = new(
        "--text-cache", "DIR", "where class embeddings are kept; none for nowhere", "text-features in the program's cache directory",
        () => Path.Combine(KernelCache.DefaultDirectory(), "text-features"));

    /// <summary>Adds the options.</summary>
    public void AddTo(Command command, RunSettings run) => run.Add(command, template, templates, vocabulary, cache, Activation);

    /// <summary>The activation of a CLIP model.</summary>
    public ChoiceOption<Activation> Activation { get; } = ActivationOption.Create();

    /// <summary>What was given.</summary>
    /// <exception cref="RobustifyException">Both kinds of templates, or a file that cannot be read.</exception>
    public ZeroShotOptions Of(ParseResult parse)
    {
        string[] given = template.Of(parse);
        if (given.Length > 0 && parse.GetResult(templates) is { Implicit: false })
            throw new RobustifyException("--template and --templates: both found, one of them expected");
        return new()
        {
            Templates = given.Length > 0 ? given : PromptTemplates.Of(templates.Of(parse)), Vocabulary = NotEmpty(vocabulary.Of(parse)),
            CacheFolder = cache.Of(parse) is "none" ? null : cache.Of(parse),
        };
    }

    private static string? NotEmpty(string text) => text.Length > 0 ? text : null;
}
