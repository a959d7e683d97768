using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>CLIP's text tower, ready to embed texts.</summary>
internal sealed class TextEncoder : IDisposable
{
    /// <summary>Texts a batch.</summary>
    public const int BatchSize = 32;

    private readonly ClipTextOptions options;
    private readonly ComputeTarget target;
    private readonly Plan plan;
    private readonly Value tokens, ends, features;

    /// <summary>Plans inference on tensors that the caller keeps alive.</summary>
    public TextEncoder(ClipTextTower tower, ParameterStore parameters, ComputeTarget target)
    {
        (options, this.target) = (tower.Options, target);
        var graph = new GraphBuilder(training: false, precision: target.Precision);
        tokens = graph.Input("tokens", new Shape(BatchSize, options.ContextLength), DType.Int32);
        ends = graph.Input("ends", new Shape(BatchSize), DType.Int32);
        features = graph.Keep(graph.NormalizeRows("text.features", tower.Features(graph, new ParameterScope(parameters), tokens, ends)));
        plan = new Plan(graph).Allocate(target);
    }

    /// <summary>Writes the embeddings, of length one, of up to <see cref="BatchSize"/> texts.</summary>
    /// <param name="ids">Token ids [texts x context].</param>
    /// <param name="textEnds">Where each text ends, counted through all of them.</param>
    /// <param name="embeddings">[texts x embedding].</param>
    public void Encode(ReadOnlySpan<int> ids, ReadOnlySpan<int> textEnds, Span<float> embeddings)
    {
        // Rows beyond the last text compute what nobody reads; what they held before is as good as anything.
        var backend = target.Backend!;
        backend.Upload(ids, tokens.View);
        backend.Upload(textEnds, ends.View);
        plan.Run(backend);
        backend.Download(features.View, embeddings);
    }

    /// <inheritdoc/>
    public void Dispose() => plan.Dispose();
}
