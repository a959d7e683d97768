using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>
/// CLIP's text tower, ready to embed texts. Texts of like length go together and are computed at their own length, not at the context's: under the
/// causal mask what lies behind a text's end counts for nothing.
/// </summary>
internal sealed class TextEncoder(ClipTextTower tower, ParameterStore parameters, ComputeTarget target) : IDisposable
{
    /// <summary>Tokens a batch, all its texts together: enough rows for products to be fast.</summary>
    private const int BatchTokens = 2048;

    private readonly int context = tower.Options.ContextLength;
    private Step? step;

    /// <summary>Writes the embeddings, of length one, of texts.</summary>
    /// <param name="ids">Token ids [texts x context].</param>
    /// <param name="ends">Where each text ends, counted through all of them.</param>
    /// <param name="embeddings">[texts x embedding].</param>
    /// <param name="report">Takes how many texts are done.</param>
    /// <param name="cancellation">Asked between batches.</param>
    public void Encode(ReadOnlySpan<int> ids, int[] ends, Span<float> embeddings, Action<int> report, CancellationToken cancellation)
    {
        int width = tower.Options.EmbeddingWidth;
        int[] lengths = [.. ends.Select((end, text) => end - text * context + 1)], order = [.. Enumerable.Range(0, ends.Length).OrderByDescending(i => lengths[i])];
        for (int first = 0, count; first < order.Length; first += count)
        {
            cancellation.ThrowIfCancellationRequested();
            int tokens = lengths[order[first]];
            count = Math.Min(Math.Max(1, BatchTokens / tokens), order.Length - first);
            var batch = order.AsSpan(first, count);
            if (step is null || (step.Texts, step.Tokens) != (count, tokens))
            {
                step?.Dispose();
                step = new Step(tower, parameters, target, count, tokens);
            }

            for (int row = 0; row < count; row++)
            {
                ids.Slice(batch[row] * context, tokens).CopyTo(step.Ids.AsSpan(row * tokens));
                step.Ends[row] = row * tokens + lengths[batch[row]] - 1;
            }

            step.Run();
            for (int row = 0; row < count; row++)
                step.Embeddings.AsSpan(row * width, width).CopyTo(embeddings[(batch[row] * width)..]);
            report(first + count);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => step?.Dispose();

    /// <summary>The graph of so many texts of so many tokens.</summary>
    private sealed class Step : IDisposable
    {
        private readonly ComputeTarget target;
        private readonly Value ids, ends, features;
        private readonly Plan plan;

        public Step(ClipTextTower tower, ParameterStore parameters, ComputeTarget target, int texts, int tokens)
        {
            (Texts, Tokens, this.target) = (texts, tokens, target);
            (Ids, Ends, Embeddings) = (new int[texts * tokens], new int[texts], new float[texts * tower.Options.EmbeddingWidth]);
            var graph = new GraphBuilder(training: false, precision: target.Precision);
            ids = graph.Input("tokens", new Shape(texts, tokens), DType.Int32);
            ends = graph.Input("ends", new Shape(texts), DType.Int32);
            features = graph.Keep(graph.NormalizeRows("text.features", tower.Features(graph, new ParameterScope(parameters), ids, ends)));
            plan = new Plan(graph).Allocate(target);
        }

        public int Texts { get; }

        public int Tokens { get; }

        public int[] Ids { get; }

        public int[] Ends { get; }

        public float[] Embeddings { get; }

        public void Run()
        {
            var backend = target.Backend!;
            backend.Upload<int>(Ids, ids.View);
            backend.Upload<int>(Ends, ends.View);
            plan.Run(backend);
            backend.Download(features.View, Embeddings.AsSpan());
        }

        public void Dispose() => plan.Dispose();
    }
}
