using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Files;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;
using Robustify.Native.Models.Clip.Text;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>
/// A CLIP model's text tower as a maker of classifiers: rows of class embeddings times exp(logit_scale), which on image embeddings of length
/// one give CLIP's logits (Radford et al., arXiv 2103.00020, section 3.1.2).
/// </summary>
public sealed class ZeroShotText : IDisposable
{
    /// <summary>Sentences between two stores, or this part of them all: what a run that is interrupted loses.</summary>
    private const int TextsAtOnce = 1024, PartOfAll = 64;

    private readonly ModelSource source;
    private readonly ZeroShotOptions options;
    private readonly ParameterStore parameters;
    private readonly ClipTokenizer tokenizer;
    private readonly string towerDigest;

    private ZeroShotText(ModelSource source, ZeroShotOptions options, ParameterStore parameters, ClipTokenizer tokenizer)
    {
        (this.source, this.options, this.parameters, this.tokenizer) = (source, options, parameters, tokenizer);
        (LogitScale, towerDigest) = Read();
    }

    /// <summary>Length of an embedding.</summary>
    public int EmbeddingWidth => source.Text!.Options.EmbeddingWidth;

    /// <summary>What cosines are multiplied by: exp(logit_scale).</summary>
    public float LogitScale { get; }

    /// <summary>Loads the text tower and its vocabulary.</summary>
    /// <exception cref="RobustifyException">The model has no text tower, or another number of tokens than the vocabulary.</exception>
    public static ZeroShotText Open(ModelSource source, ZeroShotOptions options)
    {
        if (source.Text is not { } tower)
            throw new RobustifyException($"model '{source.Name}': has no text tower, a CLIP model with both towers expected; name one with --text-model");
        PromptTemplates.Require(options.Templates, "templates");
        if (options.Templates.Count == 0)
            throw new RobustifyException("templates: none found, at least one expected");
        var vocabulary = options.OpenVocabulary(source.Name);
        if (vocabulary.Size != tower.Options.VocabularySize)
        {
            throw new RobustifyException(
                $"{vocabulary.Name}: a vocabulary of {vocabulary.Size} tokens found, model '{source.Name}' has {tower.Options.VocabularySize}; name its own with --vocabulary");
        }

        // In the process's own memory first: its digest is taken there.
        return new(source, options, source.LoadText(), new ClipTokenizer(vocabulary));
    }

    /// <summary>The embeddings of classes, each of length one: [classes x <see cref="EmbeddingWidth"/>].</summary>
    /// <param name="classes">Their names, in the order of the labels.</param>
    /// <param name="context">Where it computes and tells how far it is.</param>
    /// <exception cref="RobustifyException">No class, or a name of which the tokenizer leaves nothing.</exception>
    public float[] ClassEmbeddings(IReadOnlyList<string> classes, RunContext context)
    {
        RequireNames(classes, context);
        var cache = options.CacheFolder is { } folder ? new TextFeatureCache(folder, context.Message) : null;
        string key = TextFeatureCache.Key(
        [
            "text-features-2", towerDigest, Convert.ToHexString([.. tokenizer.Vocabulary.Digest]), context.Backend.IsHostMemory ? "cpu" : context.Backend.Description,
            context.Precision.ToString(), .. options.Templates,
        ]);
        var rows = cache?.Find(key, EmbeddingWidth) ?? [];
        string[] missing = [.. classes.Distinct(StringComparer.Ordinal).Where(name => !rows.ContainsKey(name))];
        if (missing.Length > 0)
            Compute(missing, rows, () => cache is not null && cache.Store(key, rows, EmbeddingWidth), context);
        return [.. classes.SelectMany(name => rows[name])];
    }

    /// <summary>The weights of a linear head on image embeddings: class embeddings times <see cref="LogitScale"/>.</summary>
    public float[] HeadWeights(IReadOnlyList<string> classes, RunContext context) =>
        Array.ConvertAll(ClassEmbeddings(classes, context), value => value * LogitScale);

    /// <inheritdoc/>
    public void Dispose() => parameters.Dispose();

    /// <summary>Adds the rows of names, some thousands of sentences at a time, and has them stored each time.</summary>
    private void Compute(string[] names, Dictionary<string, float[]> rows, Func<bool> store, RunContext context)
    {
        int width = EmbeddingWidth, contextLength = source.Text!.Options.ContextLength, perClass = options.Templates.Count;
        int total = checked(names.Length * perClass), classesAtOnce = Math.Max(1, Math.Max(TextsAtOnce, total / PartOfAll) / perClass), done = 0, cut = 0;
        string? longest = null;
        using var onDevice = context.Backend.IsHostMemory ? null : Copy(context.Target);
        using var encoder = new TextEncoder(source.Text, onDevice ?? parameters, context.Target);
        if (names.Length > classesAtOnce)
            context.Message($"texts: {total} of {names.Length} classes{(rows.Count > 0 ? $", {rows.Count} classes kept from before" : "")}");
        context.Progress.Begin("texts", total, "texts");
        bool stores = true;
        foreach (string[] piece in names.Chunk(classesAtOnce))
        {
            string[] texts = [.. piece.SelectMany(name => options.Templates.Select(t => t.Replace(PromptTemplates.Place, name, StringComparison.Ordinal)))];
            var (tokens, ends) = tokenizer.Encode(texts, contextLength, out int cutHere);
            (cut, longest) = (cut + cutHere, longest ?? (cutHere > 0 ? texts.MaxBy(t => t.Length) : null));
            float[] embeddings = new float[texts.Length * width];
            encoder.Encode(tokens, ends, embeddings, count => context.Progress.Report(done + count, double.NaN), context.Cancellation);
            for (int i = 0; i < piece.Length; i++)
                rows[piece[i]] = Unit(piece[i], embeddings.AsSpan(i * perClass * width, perClass * width), width);
            done += texts.Length;
            stores = stores && store();
        }

        context.Progress.End();
        if (cut > 0)
            context.Message($"warning: {cut} of {total} sentences are longer than {contextLength} tokens and were cut, such as '{OneLine.Of(longest!)}'");
    }

    // The mean of unit vectors, brought to length one: its scale does not count.
    private float[] Unit(string name, ReadOnlySpan<float> embeddings, int width)
    {
        var sums = new double[width];
        for (int i = 0; i < embeddings.Length; i++)
            sums[i % width] += embeddings[i];
        double norm = Math.Sqrt(sums.Sum(v => v * v));
        return norm > 0 && double.IsFinite(norm)
            ? Array.ConvertAll(sums, v => (float)(v / norm))
            : throw new RobustifyException($"model '{source.Name}': the embedding of class '{OneLine.Of(name)}' is not a finite vector; use an intact checkpoint");
    }

    private void RequireNames(IReadOnlyList<string> classes, RunContext context)
    {
        if (classes.Count == 0)
            throw new RobustifyException("zero-shot: no classes found, at least one expected");
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int label = 0; label < classes.Count; label++)
        {
            if (tokenizer.Encode(classes[label]).Length == 0)
                throw new RobustifyException($"zero-shot: the name '{OneLine.Of(classes[label])}' of class {label} has no token, a word expected; give names with --classes");
            if (!first.TryAdd(classes[label], label))
                context.Message($"warning: classes {first[classes[label]]} and {label} are both named '{OneLine.Of(classes[label])}': the second is never the answer");
        }
    }

    private ParameterStore Copy(ComputeTarget target)
    {
        var store = new ParameterStore(source.Text!.Specs, _ => false, target);
        store.CopyFrom(parameters);
        return store;
    }

    private (float Scale, string Digest) Read()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tower = source.Text!.Options;
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(tower.ToString()));
        foreach (var parameter in parameters.All.Where(p => p.Spec.Name != ClipTextTower.LogitScale))
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Value.View.Span));
        float scale = MathF.Exp(parameters[ClipTextTower.LogitScale].Value.View.Span[0]);
        return float.IsFinite(scale)
            ? (scale, Convert.ToHexString(hash.GetHashAndReset()))
            : throw new RobustifyException($"model '{source.Name}': exp(logit_scale) is not finite; use an intact checkpoint");
    }
}
