using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>A learned frame of pixels on every image (Bahng et al., "Exploring visual prompts for adapting large-scale models", arXiv 2203.17274).</summary>
public static class PromptOperation
{
    /// <summary>
    /// images [N, H, W, C] + prompt [H, W C], the same for all. Of the prompt only a frame of <paramref name="width"/> pixels gets a gradient:
    /// what lies inside keeps its value, 0 from the start.
    /// </summary>
    public static Value AddPrompt(this GraphBuilder graph, string name, Value images, Parameter prompt, int width)
    {
        var (s, p) = (images.Shape, prompt.Value.Shape);
        if (s.Rank != 4 || p != new Shape(s[1], s[2] * s[3]))
            throw new RobustifyException($"prompt {name}: images {s} and prompt {p} found, [N, H, W, C] and [H, W C] expected");
        if (width < 1 || 2 * width > Math.Min(s[1], s[2]))
            throw new RobustifyException($"prompt {name}: a frame of {width} pixels on images {s} found, 1 to half a side expected");
        var y = graph.Activation(name, s, images.RequiresGradient || prompt.Gradient is not null, images.Type);
        graph.Add(new Forward(images, prompt, y, width));
        return y;
    }

    // An image is a sequence of rows, and the prompt what positions are to a sequence of tokens.
    private sealed class Forward(Value images, Parameter prompt, Value y, int width) : Node
    {
        private readonly Shape rows = new(y.Shape[0], y.Shape[1], y.Shape[2] * y.Shape[3]);

        public override IEnumerable<Value> Inputs => [images];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.AssembleTokens(images.View.As(rows), default, prompt.Value.View, y.View.As(rows));

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            var dimages = gradients.Target(images, out bool accumulateImages);
            var dprompt = gradients.Target(prompt, out bool accumulatePrompt);
            gradients.Emit([dy], [dimages, dprompt], b =>
            {
                b.AssembleTokensGradient(
                    dy.View.As(rows), dimages?.View.As(rows) ?? default, default, dprompt?.View ?? default, accumulateImages, accumulatePrompt);
                if (dprompt is not null)
                    ClearInside(b, dprompt.View);
            });
        }

        // Row by row: a launch each, which is little beside the model's own backward pass and needs no kernel of its own.
        private void ClearInside(IBackend backend, TensorView gradient)
        {
            int height = y.Shape[1], channels = y.Shape[3], inside = (y.Shape[2] - 2 * width) * channels;
            for (int row = width; inside > 0 && row < height - width; row++)
            {
                nint first = (nint)(row * y.Shape[2] + width) * channels * sizeof(float);
                backend.Scale(new TensorView(gradient.Pointer + first, DType.Float32, new Shape(inside)), 0);
            }
        }
    }
}
