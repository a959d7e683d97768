using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>What the attention cases have in common: packed operands and the scores of one head in double.</summary>
internal abstract class AttentionCaseBase : OperationCase
{
    /// <summary>[samples, tokens, 3 x heads x headDim]; scaled so that the softmax prefers some keys clearly.</summary>
    protected readonly Operand qkv;

    protected AttentionCaseBase(string operation, AttentionSize size)
        : base(operation, size.ToString())
    {
        Size = size;
        qkv = Activations("qkv", new Shape(size.Samples, size.Tokens, 3 * size.Width), scale: size.Spread, shift: size.Shift);
    }

    // bfloat16: probabilities and their gradients are rounded to eight bits before the second products, each off by at most 1/512 of its own
    // value and not of the sum's.
    public override double Tolerance => qkv.Type == DType.BFloat16 ? 1.0 / 128 : Accumulated;

    protected AttentionSize Size { get; }

    /// <summary>Query (0), key (1) or value (2) element.</summary>
    protected int At(int sample, int token, int part, int head, int d) =>
        ((sample * Size.Tokens + token) * 3 + part) * Size.Width + head * Size.HeadDim + d;

    /// <summary>Element of a [samples, tokens, width] tensor.</summary>
    protected int At(int sample, int token, int head, int d) => (sample * Size.Tokens + token) * Size.Width + head * Size.HeadDim + d;

    protected int RowOf(int sample, int head, int token) => (sample * Size.Heads + head) * Size.Tokens + token;

    /// <summary>Scaled scores [tokens, tokens] of one head.</summary>
    protected double[] Scores(int sample, int head)
    {
        var scores = new double[Size.Tokens * Size.Tokens];
        double scale = 1 / Math.Sqrt(Size.HeadDim);
        for (int query = 0; query < Size.Tokens; query++)
        {
            for (int key = 0; key < Size.Tokens; key++)
            {
                double dot = 0;
                for (int d = 0; d < Size.HeadDim; d++)
                    dot += qkv.Values[At(sample, query, 0, head, d)] * qkv.Values[At(sample, key, 1, head, d)];
                scores[query * Size.Tokens + key] = dot * scale;
            }
        }

        return scores;
    }

    /// <summary>Calls <paramref name="row"/> with every (sample, head, query), its probabilities and the logarithm of their normaliser.</summary>
    protected void ForEachQuery(Action<int, int, int, double[], double> row)
    {
        var probabilities = new double[Size.Tokens];
        for (int sample = 0; sample < Size.Samples; sample++)
        {
            for (int head = 0; head < Size.Heads; head++)
            {
                var scores = Scores(sample, head);
                for (int query = 0; query < Size.Tokens; query++)
                {
                    int keys = Size.Causal ? query + 1 : Size.Tokens;
                    var line = scores.AsSpan(query * Size.Tokens, keys);
                    double most = double.NegativeInfinity, sum = 0;
                    foreach (double score in line)
                        most = Math.Max(most, score);
                    foreach (double score in line)
                        sum += Math.Exp(score - most);
                    double normaliser = most + Math.Log(sum);
                    for (int key = 0; key < Size.Tokens; key++)
                        probabilities[key] = key < keys ? Math.Exp(line[key] - normaliser) : 0;
                    row(sample, head, query, probabilities, normaliser);
                }
            }
        }
    }

    /// <summary>A row of probabilities times values, element <paramref name="d"/>.</summary>
    protected double Output(int sample, int head, double[] probabilities, int d)
    {
        double sum = 0;
        for (int key = 0; key < Size.Tokens; key++)
            sum += probabilities[key] * qkv.Values[At(sample, key, 2, head, d)];
        return sum;
    }
}

/// <summary>Extents of an attention case; <paramref name="Spread"/> scales the operands, <paramref name="Shift"/> misaligns qkv, and with
/// <paramref name="Causal"/> a token sees those up to itself alone.</summary>
internal readonly record struct AttentionSize(int Samples, int Tokens, int Heads, int HeadDim, double Spread = 2, int Shift = 0, bool Causal = false)
{
    public int Width => Heads * HeadDim;

    public override string ToString() =>
        $"[{Samples}, {Tokens}, {Heads} x {HeadDim}]{(Spread == 2 ? "" : " spread " + Spread)}{(Shift == 0 ? "" : " unaligned")}{(Causal ? " causal" : "")}";
}

/// <summary>y = softmax(Q Kᵀ / sqrt(d)) V and the logarithms of the normalisers.</summary>
internal sealed class AttentionCase : AttentionCaseBase
{
    private readonly Operand y, logSumExp;

    public AttentionCase(AttentionSize size)
        : base("Attention", size)
    {
        y = Activations("y", new Shape(size.Samples, size.Tokens, size.Width), OperandRole.Output);
        logSumExp = Floats("logSumExp", new Shape(size.Samples, size.Heads, size.Tokens), OperandRole.Output);
    }

    public override void Run(IBackend backend) => backend.Attention(qkv, y, logSumExp, Size.Heads, Size.Causal);

    protected override void Reference() => ForEachQuery((sample, head, query, probabilities, normaliser) =>
    {
        logSumExp.Expected[RowOf(sample, head, query)] = normaliser;
        for (int d = 0; d < Size.HeadDim; d++)
            y.Expected[At(sample, query, head, d)] = Output(sample, head, probabilities, d);
    });
}

/// <summary>Gradient of attention, from the outputs that a forward pass in double leaves.</summary>
internal sealed class AttentionGradientCase : AttentionCaseBase
{
    private readonly Operand dy, y, logSumExp, dqkv;

    public AttentionGradientCase(AttentionSize size)
        : base("AttentionGradient", size)
    {
        dy = Activations("dy", new Shape(size.Samples, size.Tokens, size.Width));
        y = Activations("y", new Shape(size.Samples, size.Tokens, size.Width));
        logSumExp = Floats("logSumExp", new Shape(size.Samples, size.Heads, size.Tokens));
        dqkv = Activations("dqkv", qkv.Shape, OperandRole.Output);
    }

    public override void Run(IBackend backend) => backend.AttentionGradient(dy, qkv, y, logSumExp, dqkv, Size.Heads, Size.Causal);

    // y and its normalisers are functions of qkv: the formulas hold for no others.
    protected override void Adjust() => ForEachQuery((sample, head, query, probabilities, normaliser) =>
    {
        logSumExp.Set(RowOf(sample, head, query), normaliser);
        for (int d = 0; d < Size.HeadDim; d++)
            y.Set(At(sample, query, head, d), Output(sample, head, probabilities, d));
    });

    // dV = Pᵀ dY; dP = dY Vᵀ; dS = P (dP - rowsum(dY Y)) / sqrt(d); dQ = dS K; dK = dSᵀ Q.
    protected override void Reference()
    {
        Array.Clear(dqkv.Expected);
        double scale = 1 / Math.Sqrt(Size.HeadDim);
        ForEachQuery((sample, head, query, probabilities, _) =>
        {
            double delta = 0;
            for (int d = 0; d < Size.HeadDim; d++)
                delta += dy.Values[At(sample, query, head, d)] * y.Values[At(sample, query, head, d)];
            for (int key = 0; key < Size.Tokens; key++)
            {
                double dot = 0;
                for (int d = 0; d < Size.HeadDim; d++)
                    dot += dy.Values[At(sample, query, head, d)] * qkv.Values[At(sample, key, 2, head, d)];
                double score = probabilities[key] * (dot - delta) * scale;
                for (int d = 0; d < Size.HeadDim; d++)
                {
                    dqkv.Expected[At(sample, query, 0, head, d)] += score * qkv.Values[At(sample, key, 1, head, d)];
                    dqkv.Expected[At(sample, key, 1, head, d)] += score * qkv.Values[At(sample, query, 0, head, d)];
                    dqkv.Expected[At(sample, key, 2, head, d)] += probabilities[key] * dy.Values[At(sample, query, head, d)];
                }
            }
        });
    }
}
