using Robustify.Native.Models.Clip.Text;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>How classes are put into words.</summary>
public sealed record ZeroShotOptions
{
    /// <summary>Sentences with <c>{}</c> where a class's name goes.</summary>
    public IReadOnlyList<string> Templates { get; init; } = PromptTemplates.Simple;

    /// <summary>The tokenizer's vocabulary; null for the one beside the model, else the published one.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>Where class embeddings are kept; null for nowhere.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>The vocabulary for a model.</summary>
    internal ClipVocabulary OpenVocabulary(string model) =>
        Vocabulary is { } path ? ClipVocabulary.Open(path) : ClipVocabulary.Beside(model) ?? ClipVocabulary.Published();
}
