using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Method.Onnx;

/// <summary>The vision transformer of <see cref="VisionTransformer"/> in ONNX operators.</summary>
internal sealed class OnnxVisionTransformer(OnnxGraph graph, OnnxWeights weights, VisionTransformerOptions options)
{
    /// <summary>Images [N, C, H, W] to features [N, width].</summary>
    public string Features(string images)
    {
        var transformer = new OnnxTransformer(graph, weights, options.Width, options.Heads, options.Activation, options.LayerNormEpsilon)
        {
            HasLayerScale = options.HasLayerScale,
        };
        string x = transformer.Assemble(images, transformer.Embed(images, options.PatchSize, hasBias: true), options.PrefixTokens);
        x = transformer.Blocks(x, options.Depth);
        return options.PrefixTokens == 0
            ? transformer.Norm("fc_norm", graph.Node("ReduceMean", [x], null, ("axes", new long[] { 1 }), ("keepdims", 0L)))
            : transformer.First(transformer.Norm("norm", x), options.ReadTokens);
    }
}
