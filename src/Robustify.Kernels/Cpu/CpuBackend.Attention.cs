using System.Numerics.Tensors;
using Robustify.Kernels.Cpu.Gemm;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Attention(TensorView qkv, TensorView y, TensorView logSumExp, int heads, bool causal = false)
    {
        var head = new AttentionHead(qkv, heads, causal);
        ReserveWorkerScratch(head.ScratchFloats);
        var body = new AttentionBody { Head = head, Y = y.Floats, LogSumExp = logSumExp.Floats, Scratch = workerPointers };
        threads.For(qkv.Shape[0] * heads, ref body);
    }

    /// <inheritdoc/>
    public void AttentionGradient(
        TensorView dy, TensorView qkv, TensorView y, TensorView logSumExp, TensorView dqkv, int heads, bool causal = false)
    {
        var head = new AttentionHead(qkv, heads, causal);
        ReserveWorkerScratch(head.ScratchFloats);
        var body = new AttentionGradientBody
        {
            Head = head, Dy = dy.Floats, Y = y.Floats, LogSumExp = logSumExp.Floats, Dqkv = dqkv.Floats, Scratch = workerPointers,
        };
        threads.For(qkv.Shape[0] * heads, ref body);
    }

    /// <summary>The layout of one (sample, head): T x T scores in scratch, Q, K and V as strided matrices of headDim columns.</summary>
    private readonly struct AttentionHead(TensorView qkv, int heads, bool causal)
    {
        public readonly int Tokens = qkv.Shape[1];
        public readonly int Width = qkv.Shape[2] / 3;
        public readonly int Heads = heads;
        public readonly int HeadDim = qkv.Shape[2] / 3 / heads;
        private readonly float* data = qkv.Floats;

        public int QkvStride => 3 * Width;

        /// <summary>How many keys, from the first on, a query sees.</summary>
        public int Keys(int query) => causal ? query + 1 : Tokens;

        public float Scale => 1 / MathF.Sqrt(HeadDim);

        private int LongestSide => Math.Max(Tokens, HeadDim);

        private long PackedFloats => SerialProduct.PackedFloats(LongestSide, LongestSide);

        /// <summary>Two T x T matrices and two packed operands.</summary>
        public long ScratchFloats => 2L * Tokens * Tokens + 2 * PackedFloats;

        public float* Q(int index) => data + Offset(index);

        public long Offset(int index) => (long)(index / Heads) * Tokens * QkvStride + index % Heads * HeadDim;

        public long OutputOffset(int index) => (long)(index / Heads) * Tokens * Width + index % Heads * HeadDim;

        public void Divide(float* scratch, out float* probabilities, out float* gradient, out float* packedA, out float* packedB)
        {
            probabilities = scratch;
            gradient = probabilities + (long)Tokens * Tokens;
            packedA = gradient + (long)Tokens * Tokens;
            packedB = packedA + PackedFloats;
        }

        public void Scores(float* q, float* scores, float* packedA, float* packedB) => SerialProduct.Run(
            Tokens, Tokens, HeadDim, new DepthContiguous(q, QkvStride), new DepthContiguous(q + Width, QkvStride), scores, Tokens, false,
            packedA, packedB);
    }

    private struct AttentionBody : IParallelBody
    {
        public AttentionHead Head;
        public float* Y, LogSumExp;
        public float*[] Scratch;

        public readonly void Invoke(int index, int worker)
        {
            int tokens = Head.Tokens;
            Head.Divide(Scratch[worker], out float* scores, out _, out float* packedA, out float* packedB);
            float* q = Head.Q(index);
            Head.Scores(q, scores, packedA, packedB);
            for (int row = 0; row < tokens; row++)
            {
                int keys = Head.Keys(row);
                var line = new Span<float>(scores + (long)row * tokens, keys);
                float max = TensorPrimitives.Max<float>(line) * Head.Scale;
                var exponential = new ScaledExponential { X = scores + (long)row * tokens, Scale = Head.Scale, Shift = -max };
                Elementwise.Range(ref exponential, 0, keys);
                float sum = TensorPrimitives.Sum<float>(line);
                TensorPrimitives.Multiply(line, 1 / sum, line);
                new Span<float>(scores + (long)row * tokens + keys, tokens - keys).Clear();
                LogSumExp[(long)index * tokens + row] = max + MathF.Log(sum);
            }

            SerialProduct.Run(
                tokens, Head.HeadDim, tokens, new DepthContiguous(scores, tokens), new DepthStrided(q + 2 * Head.Width, Head.QkvStride),
                Y + Head.OutputOffset(index), Head.Width, false, packedA, packedB);
        }
    }

    private struct AttentionGradientBody : IParallelBody
    {
        public AttentionHead Head;
        public float* Dy, Y, LogSumExp, Dqkv;
        public float*[] Scratch;

        // P = exp(scale Q Kᵀ - lse); dV = Pᵀ dY; dP = dY Vᵀ; dS = P (dP - rowsum(dY Y)) scale; dQ = dS K; dK = dSᵀ Q.
        public readonly void Invoke(int index, int worker)
        {
            int tokens = Head.Tokens, dim = Head.HeadDim, width = Head.Width, stride = Head.QkvStride;
            Head.Divide(Scratch[worker], out float* probabilities, out float* gradient, out float* packedA, out float* packedB);
            float* q = Head.Q(index), k = q + width, v = k + width;
            float* dq = Dqkv + Head.Offset(index), dk = dq + width, dv = dk + width;
            float* dy = Dy + Head.OutputOffset(index), y = Y + Head.OutputOffset(index);

            Head.Scores(q, probabilities, packedA, packedB);
            for (int row = 0; row < tokens; row++)
            {
                var exponential = new ScaledExponential
                {
                    X = probabilities + (long)row * tokens, Scale = Head.Scale, Shift = -LogSumExp[(long)index * tokens + row],
                };
                int keys = Head.Keys(row);
                Elementwise.Range(ref exponential, 0, keys);
                new Span<float>(probabilities + (long)row * tokens + keys, tokens - keys).Clear();
            }

            SerialProduct.Run(
                tokens, dim, tokens, new DepthStrided(probabilities, tokens), new DepthStrided(dy, width), dv, stride, false, packedA, packedB);
            SerialProduct.Run(
                tokens, tokens, dim, new DepthContiguous(dy, width), new DepthContiguous(v, stride), gradient, tokens, false, packedA, packedB);
            for (int row = 0; row < tokens; row++)
            {
                float dot = TensorPrimitives.Dot(
                    new ReadOnlySpan<float>(dy + (long)row * width, dim), new ReadOnlySpan<float>(y + (long)row * width, dim));
                var softmax = new SoftmaxGradient
                {
                    P = probabilities + (long)row * tokens, G = gradient + (long)row * tokens, Dot = dot, Scale = Head.Scale,
                };
                Elementwise.Range(ref softmax, 0, tokens);
            }

            SerialProduct.Run(
                tokens, dim, tokens, new DepthContiguous(gradient, tokens), new DepthStrided(k, stride), dq, stride, false, packedA, packedB);
            SerialProduct.Run(
                tokens, dim, tokens, new DepthStrided(gradient, tokens), new DepthStrided(q, stride), dk, stride, false, packedA, packedB);
        }
    }

    /// <summary>x = exp(scale x + shift), in place.</summary>
    private struct ScaledExponential : IElementwise
    {
        public float* X;
        public float Scale, Shift;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct => TLanes.Store(
                TLanes.Exp(TLanes.MultiplyAdd(TLanes.Load(X + i), TLanes.Broadcast(Scale), TLanes.Broadcast(Shift))), X + i);
    }

    /// <summary>g = p (g - dot) scale, in place.</summary>
    private struct SoftmaxGradient : IElementwise
    {
        public float* P, G;
        public float Dot, Scale;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct => TLanes.Store(
                TLanes.Multiply(
                    TLanes.Multiply(TLanes.Load(P + i), TLanes.Broadcast(Scale)), TLanes.Subtract(TLanes.Load(G + i), TLanes.Broadcast(Dot))),
                G + i);
    }
}
