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
        var s = RequirePatches(name, images, patch);
        return Patches(graph, name, images, patch, new Shape(s[0], s[1] / patch * (s[2] / patch), patch * patch * s[3]));
    }

    /// <summary>
    /// The same patches where they lie in the image, [N, H/P, W/P, P x P x C]: a linear layer on them is a convolution whose stride is its
    /// kernel's side.
    /// </summary>
    public static Value PatchifyGrid(this GraphBuilder graph, string name, Value images, int patch)
    {
        var s = RequirePatches(name, images, patch);
        return Patches(graph, name, images, patch, new Shape(s[0], s[1] / patch, s[2] / patch, patch * patch * s[3]));
    }

    /// <summary>
    /// Puts the class token (or none) before the patches and adds the positions: [N, M, D] to [N, M + 1, D] (or M). A class token of k D
    /// elements is k tokens: sequences are then seen as tokens of that length, so k must divide M.
    /// </summary>
    /// <param name="graph">Where the node goes.</param>
    /// <param name="name">Name of the result.</param>
    /// <param name="patches">[N, M, D].</param>
    /// <param name="classToken">[k D]; null for none.</param>
    /// <param name="positions">[M + k, D].</param>
    /// <param name="mayBeLonger">Whether frozen positions may be more than tokens, of which the first then count: texts shorter than the context.</param>
    public static Value AssembleTokens(
        this GraphBuilder graph, string name, Value patches, Parameter? classToken, Parameter positions, bool mayBeLonger = false)
    {
        var s = patches.Shape;
        int together = s.Rank != 3 || classToken is null ? 1 : (int)(classToken.Value.Shape.Count / s[2]);
        if (s.Rank != 3 || together < 1 || (classToken is not null && classToken.Value.Shape.Count != (long)together * s[2]) || s[1] % together != 0)
        {
            throw new RobustifyException(
                $"tokens {name}: patches {s} and class token {classToken?.Value.Shape.ToString() ?? "none"} found, [N, M, D] and [D] expected");
        }

        int tokens = s[1] + (classToken is null ? 0 : together);
        bool isLonger = mayBeLonger && positions.Gradient is null && positions.Value.Shape is { Rank: 2 } table && table[0] > tokens && table[1] == s[2];
        if (!isLonger && positions.Value.Shape != new Shape(tokens, s[2]))
            throw new RobustifyException($"tokens {name}: positions {positions.Value.Shape} and patches {s} found, positions [{tokens}, {s[2]}] expected");
        bool requires = patches.RequiresGradient || classToken?.Gradient is not null || positions.Gradient is not null;
        var y = graph.Activation(name, new Shape(s[0], tokens, s[2]), requires, patches.Type);
        graph.Add(new AssembleForward(patches, classToken, positions, y, together));
        return y;
    }

    /// <summary>The first token of each sequence: [N, T, D] to [N, D].</summary>
    public static Value SelectFirstToken(this GraphBuilder graph, string name, Value tokens) => graph.SelectFirstTokens(name, tokens, 1);

    /// <summary>The first tokens of each sequence side by side: [N, T, D] to [N, count D]; count divides T.</summary>
    public static Value SelectFirstTokens(this GraphBuilder graph, string name, Value tokens, int count)
    {
        var s = tokens.Shape;
        if (s.Rank != 3 || count < 1 || s[1] % count != 0)
            throw new RobustifyException($"first {count} tokens {name}: {s} found, [N, T, D] and a divisor of T expected");
        var y = graph.Activation(name, new Shape(s[0], count * s[2]), tokens.RequiresGradient, tokens.Type);
        graph.Add(new SelectForward(tokens, y, Together(s, count)));
        return y;
    }

    private static Shape RequirePatches(string name, Value images, int patch)
    {
        var s = images.Shape;
        return s.Rank == 4 && patch >= 1 && s[1] % patch == 0 && s[2] % patch == 0
            ? s
            : throw new RobustifyException($"patchify {name}: images {s} and patch {patch} found, sides that are multiples of the patch expected");
    }

    private static Value Patches(GraphBuilder graph, string name, Value images, int patch, Shape shape)
    {
        var y = graph.Activation(name, shape, images.RequiresGradient, images.Type);
        graph.Add(new PatchifyForward(images, y, patch));
        return y;
    }

    // Tokens of a sequence lie one behind the other, so k of them are one token of k times the length.
    private static Shape Together(Shape tokens, int count) => new(tokens[0], tokens[1] / count, tokens[2] * count);

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

    private sealed class AssembleForward(Value patches, Parameter? classToken, Parameter positions, Value y, int together) : Node
    {
        public override IEnumerable<Value> Inputs => [patches];

        public override IEnumerable<Value> Outputs => [y];

        private readonly Shape patchTokens = Together(patches.Shape, together);
        private readonly Shape positionTokens = new(y.Shape[1] / together, y.Shape[2] * together);
        private readonly Shape allTokens = Together(y.Shape, together);

        public override void Execute(IBackend backend) => backend.AssembleTokens(
            patches.View.As(patchTokens), classToken?.Value.View ?? default,
            new TensorView(positions.Value.View.Pointer, positions.Value.Type, positionTokens), y.View.As(allTokens));

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            var dpatches = gradients.Target(patches, out bool accumulatePatches);
            var dpositions = gradients.Target(positions, out bool accumulateParameters);
            var dclassToken = gradients.Target(classToken, out _);
            gradients.Emit([dy], [dpatches, dpositions, dclassToken], b => b.AssembleTokensGradient(
                dy.View.As(allTokens), dpatches?.View.As(patchTokens) ?? default, dclassToken?.View ?? default,
                dpositions?.View.As(positionTokens) ?? default, accumulatePatches, accumulateParameters));
        }
    }

    private sealed class SelectForward(Value tokens, Value y, Shape together) : Node
    {
        public override IEnumerable<Value> Inputs => [tokens];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.SelectFirstToken(tokens.View.As(together), y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(tokens, out bool accumulate) is { } dx)
                gradients.Emit([dy], [dx], b => b.SelectFirstTokenGradient(dy.View, dx.View.As(together), accumulate));
        }
    }
}
