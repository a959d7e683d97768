using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>From images to token sequences and from sequences to one vector a sample.</summary>
public static class TokenOperations
{
    /// <summary>images [N, H, W, C] to patches [N, (H/P)(W/P), P x P x C].</summary>
    public static Value Patchify(this GraphBuilder graph, string name, Value images, int patch)
    {
        var s = images.Shape;
        if (s.Rank != 4 || patch < 1 || s[1] % patch != 0 || s[2] % patch != 0)
            throw new RobustifyException($"patchify {name}: images {s} and patch {patch} found, sides that are multiples of the patch expected");
        var y = graph.Activation(name, new Shape(s[0], s[1] / patch * (s[2] / patch), patch * patch * s[3]), images.RequiresGradient, images.Type);
        graph.Add(new PatchifyForward(images, y, patch));
        return y;
    }

    /// <summary>Puts the class token (or none) before the patches and adds the positions: [N, M, D] to [N, M + 1, D] (or M).</summary>
    public static Value AssembleTokens(this GraphBuilder graph, string name, Value patches, Parameter? classToken, Parameter positions)
    {
        var s = patches.Shape;
        if (s.Rank != 3 || (classToken is not null && classToken.Value.Shape.Count != s[2]))
        {
            throw new RobustifyException(
                $"tokens {name}: patches {s} and class token {classToken?.Value.Shape.ToString() ?? "none"} found, [N, M, D] and [D] expected");
        }

        int tokens = s[1] + (classToken is null ? 0 : 1);
        if (positions.Value.Shape != new Shape(tokens, s[2]))
            throw new RobustifyException($"tokens {name}: positions {positions.Value.Shape} and patches {s} found, positions [{tokens}, {s[2]}] expected");
        bool requires = patches.RequiresGradient || classToken?.Gradient is not null || positions.Gradient is not null;
        var y = graph.Activation(name, new Shape(s[0], tokens, s[2]), requires, patches.Type);
        graph.Add(new AssembleForward(patches, classToken, positions, y));
        return y;
    }

    /// <summary>The first token of each sequence: [N, T, D] to [N, D].</summary>
    public static Value SelectFirstToken(this GraphBuilder graph, string name, Value tokens)
    {
        if (tokens.Shape.Rank != 3)
            throw new RobustifyException($"first token {name}: {tokens.Shape} found, [N, T, D] expected");
        var y = graph.Activation(name, new Shape(tokens.Shape[0], tokens.Shape[2]), tokens.RequiresGradient, tokens.Type);
        graph.Add(new SelectForward(tokens, y));
        return y;
    }

    private sealed class PatchifyForward(Value images, Value y, int patch) : Node
    {
        public override IEnumerable<Value> Inputs => [images];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.Patchify(images.View, y.View, patch);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(images, out bool accumulate) is { } dx)
                gradients.Emit([dy], [dx], b => b.PatchifyGradient(dy.View, dx.View, patch, accumulate));
        }
    }

    private sealed class AssembleForward(Value patches, Parameter? classToken, Parameter positions, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => [patches];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) =>
            backend.AssembleTokens(patches.View, classToken?.Value.View ?? default, positions.Value.View, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            var dpatches = gradients.Target(patches, out bool accumulatePatches);
            var dpositions = gradients.Target(positions, out bool accumulateParameters);
            var dclassToken = gradients.Target(classToken, out _);
            gradients.Emit([dy], [dpatches, dpositions, dclassToken], b => b.AssembleTokensGradient(
                dy.View, dpatches?.View ?? default, dclassToken?.View ?? default, dpositions?.View ?? default, accumulatePatches, accumulateParameters));
        }
    }

    private sealed class SelectForward(Value tokens, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => [tokens];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.SelectFirstToken(tokens.View, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(tokens, out bool accumulate) is { } dx)
                gradients.Emit([dy], [dx], b => b.SelectFirstTokenGradient(dy.View, dx.View, accumulate));
        }
    }
}
