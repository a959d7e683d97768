using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
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
    public float[] ClassEmbeddings(IReadOnlyList<string> classes, RunContext context)
    {
        if (classes.Count == 0)
            throw new RobustifyException("zero-shot: no classes found, at least one expected");
        var cache = options.CacheFolder is { } folder ? new TextFeatureCache(folder, context.Message) : null;
        string key = TextFeatureCache.Key(
        [
            "text-features-1", towerDigest, Convert.ToHexString([.. tokenizer.Vocabulary.Digest]), context.Precision.ToString(),
            classes.Count.ToString(CultureInfo.InvariantCulture), .. classes, .. options.Templates,
        ]);
        if (cache?.Find(key, classes.Count, EmbeddingWidth) is { } stored)
            return stored;
        float[] made = Compute(classes, context);
        cache?.Store(key, made, EmbeddingWidth);
        return made;
    }

    /// <summary>The weights of a linear head on image embeddings: class embeddings times <see cref="LogitScale"/>.</summary>
    public float[] HeadWeights(IReadOnlyList<string> classes, RunContext context) =>
        Array.ConvertAll(ClassEmbeddings(classes, context), value => value * LogitScale);

    /// <inheritdoc/>
    public void Dispose() => parameters.Dispose();

    private float[] Compute(IReadOnlyList<string> classes, RunContext context)
    {
        int width = EmbeddingWidth, contextLength = source.Text!.Options.ContextLength, perClass = options.Templates.Count;
        using var onDevice = context.Backend.IsHostMemory ? null : Copy(context.Target);
        using var encoder = new TextEncoder(source.Text, onDevice ?? parameters, context.Target);
        var sums = new double[classes.Count * width];
        var batch = new float[TextEncoder.BatchSize * width];
        int total = classes.Count * perClass;
        context.Progress.Begin("texts", total, "texts");
        for (int first = 0; first < total; first += TextEncoder.BatchSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(TextEncoder.BatchSize, total - first);
            string[] texts = [.. Enumerable.Range(first, count).Select(i => Prompt(i / perClass, i % perClass))];
            var (tokens, ends) = tokenizer.Encode(texts, contextLength);
            encoder.Encode(tokens, ends, batch.AsSpan(0, count * width));
            for (int i = 0; i < count * width; i++)
                sums[(first + i / width) / perClass * width + i % width] += batch[i];
            context.Progress.Report(first + count, double.NaN);
        }

        context.Progress.End();
        return Unit(sums, width);

        string Prompt(int label, int template) => options.Templates[template].Replace(PromptTemplates.Place, classes[label], StringComparison.Ordinal);
    }

    // The mean of unit vectors, brought to length one: its scale does not count.
    private float[] Unit(double[] sums, int width)
    {
        var unit = new float[sums.Length];
        for (int row = 0; row < sums.Length; row += width)
        {
            double norm = Math.Sqrt(sums.AsSpan(row, width).ToArray().Sum(v => v * v));
            if (!(norm > 0) || !double.IsFinite(norm))
                throw new RobustifyException($"model '{source.Name}': the embedding of class {row / width} is not a finite vector; use an intact checkpoint");
            for (int i = 0; i < width; i++)
                unit[row + i] = (float)(sums[row + i] / norm);
        }

        return unit;
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
