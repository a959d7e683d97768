using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Patches of an image and their gradient: the same moves in both directions.</summary>
internal sealed class PatchifyCase : OperationCase
{
    private readonly Operand image, patches;
    private readonly bool backward, accumulate;
    private readonly int patch;

    public PatchifyCase(Shape shape, int patch, bool backward, bool accumulate = false, int shift = 0)
        : base(
            backward ? "PatchifyGradient" : "Patchify", $"{shape} patch {patch}{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.backward = backward;
        this.accumulate = accumulate;
        this.patch = patch;
        image = Activations(backward ? "dimage" : "image", shape, backward ? Written(accumulate) : OperandRole.Input, shift: shift);
        patches = Activations(
            backward ? "dpatches" : "patches", new Shape(shape[0], shape[1] / patch * (shape[2] / patch), patch * patch * shape[3]),
            backward ? OperandRole.Input : OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend)
    {
        if (backward)
            backend.PatchifyGradient(patches, image, patch, accumulate);
        else
            backend.Patchify(image, patches, patch);
    }

    protected override void Reference()
    {
        var s = image.Shape;
        int i = 0;
        for (int sample = 0; sample < s[0]; sample++)
            for (int top = 0; top < s[1]; top += patch)
                for (int left = 0; left < s[2]; left += patch)
                    for (int row = top; row < top + patch; row++)
                        for (int column = left; column < left + patch; column++)
                            for (int channel = 0; channel < s[3]; channel++, i++)
                                Move(((sample * s[1] + row) * s[2] + column) * s[3] + channel, i);
    }

    private void Move(int inImage, int inPatches)
    {
        if (backward)
            Store(image, inImage, patches.Values[inPatches], accumulate);
        else
            patches.Expected[inPatches] = image.Values[inImage];
    }
}

/// <summary>Class token (or none), patches and positions put together.</summary>
internal sealed class AssembleTokensCase : OperationCase
{
    private readonly Operand patches, positions, y;
    private readonly Operand? classToken;

    public AssembleTokensCase(int samples, int tokens, int width, bool hasClassToken)
        : base("AssembleTokens", $"[{samples}, {tokens}, {width}]{(hasClassToken ? "" : " no class token")}")
    {
        patches = Activations("patches", new Shape(samples, tokens - (hasClassToken ? 1 : 0), width));
        classToken = hasClassToken ? Floats("classToken", new Shape(width)) : null;
        positions = Floats("positions", new Shape(tokens, width));
        y = Activations("y", new Shape(samples, tokens, width), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.AssembleTokens(patches, classToken, positions, y);

    protected override void Reference()
    {
        int tokens = y.Shape[1], width = y.Shape[2], skip = classToken is null ? 0 : 1;
        for (int i = 0; i < y.Expected.Length; i++)
        {
            int column = i % width, token = i / width % tokens, sample = i / width / tokens;
            double value = token < skip ? classToken!.Values[column] : patches.Values[(sample * (tokens - skip) + token - skip) * width + column];
            y.Expected[i] = value + positions.Values[token * width + column];
        }
    }
}

/// <summary>Gradients of <see cref="AssembleTokensCase"/>; destinations may be absent.</summary>
internal sealed class AssembleTokensGradientCase : OperationCase
{
    private readonly Operand dy;
    private readonly Operand? dpatches, dclassToken, dpositions;
    private readonly bool accumulate;

    public AssembleTokensGradientCase(int samples, int tokens, int width, bool hasClassToken, bool hasPatches, bool hasPositions, bool accumulate)
        : base(
            "AssembleTokensGradient",
            $"[{samples}, {tokens}, {width}]{(hasClassToken ? "" : " no class token")}{(hasPatches ? "" : " no patches")}{(hasPositions ? "" : " no positions")}{(accumulate ? " accumulate" : "")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(samples, tokens, width));
        dpatches = hasPatches ? Activations("dpatches", new Shape(samples, tokens - (hasClassToken ? 1 : 0), width), Written(accumulate)) : null;
        dclassToken = hasClassToken ? Floats("dclassToken", new Shape(width), Written(accumulate)) : null;
        dpositions = hasPositions ? Floats("dpositions", new Shape(tokens, width), Written(accumulate)) : null;
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.AssembleTokensGradient(dy, dpatches, dclassToken, dpositions, accumulate, accumulate);

    protected override void Reference()
    {
        int samples = dy.Shape[0], tokens = dy.Shape[1], width = dy.Shape[2], skip = dclassToken is null ? 0 : 1;
        for (int i = 0; dpatches is not null && i < dpatches.Expected.Length; i++)
        {
            int column = i % width, token = i / width % (tokens - skip) + skip, sample = i / width / (tokens - skip);
            Store(dpatches, i, dy.Values[(sample * tokens + token) * width + column], accumulate);
        }

        for (int i = 0; i < tokens * width; i++)
        {
            double sum = 0;
            for (int sample = 0; sample < samples; sample++)
                sum += dy.Values[sample * tokens * width + i];
            if (dpositions is not null)
                Store(dpositions, i, sum, accumulate);
            if (dclassToken is not null && i < width)
                Store(dclassToken, i, sum, accumulate);
        }
    }
}

/// <summary>The first token of each sequence, and its gradient.</summary>
internal sealed class SelectFirstTokenCase : OperationCase
{
    private readonly Operand tokens, first;
    private readonly bool backward, accumulate;

    public SelectFirstTokenCase(int samples, int count, int width, bool backward, bool accumulate = false)
        : base(backward ? "SelectFirstTokenGradient" : "SelectFirstToken", $"[{samples}, {count}, {width}]{(accumulate ? " accumulate" : "")}")
    {
        this.backward = backward;
        this.accumulate = accumulate;
        tokens = Activations(backward ? "dtokens" : "tokens", new Shape(samples, count, width), backward ? Written(accumulate) : OperandRole.Input);
        first = Activations(backward ? "dfirst" : "first", new Shape(samples, width), backward ? OperandRole.Input : OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend)
    {
        if (backward)
            backend.SelectFirstTokenGradient(first, tokens, accumulate);
        else
            backend.SelectFirstToken(tokens, first);
    }

    protected override void Reference()
    {
        int count = tokens.Shape[1], width = tokens.Shape[2];
        for (int i = 0; i < tokens.Shape.Count; i++)
        {
            int column = i % width, token = i / width % count, sample = i / width / count;
            if (backward)
                Store(tokens, i, token == 0 ? first.Values[sample * width + column] : 0, accumulate);
            else if (token == 0)
                first.Expected[sample * width + column] = tokens.Values[i];
        }
    }
}
