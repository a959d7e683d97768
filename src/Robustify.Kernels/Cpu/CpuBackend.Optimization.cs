using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>What happens to gradients and parameters at the end of a step, over flat ranges.</summary>
public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc cref="IBackend.SumOfSquares"/>
    public void SumOfSquares(TensorView x, TensorView sum, bool accumulate)
    {
        int pieces = FlatPieces(x.Shape.Count);
        var body = new SumOfSquaresPieces { X = x.Floats, Count = x.Shape.Count, Sums = (double*)SharedScratch(2L * pieces) };
        threads.For(pieces, ref body);
        double total = 0;
        for (int piece = 0; piece < pieces; piece++)
            total += body.Sums[piece];
        if (double.IsFinite(*sum.Doubles))
            *sum.Doubles = accumulate ? *sum.Doubles + total : total;
    }

    /// <inheritdoc cref="IBackend.ClipToNorm"/>
    public void ClipToNorm(TensorView x, TensorView sum, double maximumNorm)
    {
        double norm = Math.Sqrt(*sum.Doubles), factor = maximumNorm / (norm + IBackend.ClippingOffset);
        if (double.IsFinite(norm) && factor < 1)
            Scale(x, (float)factor);
    }

    /// <inheritdoc cref="IBackend.Scale"/>
    public void Scale(TensorView x, float factor)
    {
        var body = new ScalePieces { X = x.Floats, Count = x.Shape.Count, Factor = factor };
        threads.For(FlatPieces(body.Count), ref body);
    }

    /// <inheritdoc cref="IBackend.SgdStep"/>
    public void SgdStep(TensorView x, TensorView gradient, TensorView velocity, TensorView constants, TensorView sum, in SgdStepOptions options)
    {
        if (IsRefused(sum))
            return;
        var now = *(OptimizerConstants*)constants.Pointer;
        if (options.Momentum == 0 || velocity.IsAbsent)
        {
            Elementwise.Run(threads, x.Shape.Count, new PlainSgd
            {
                X = x.Floats, Gradient = gradient.Floats, Rate = now.Rate, WeightDecay = options.WeightDecay,
            });
            return;
        }

        Elementwise.Run(threads, x.Shape.Count, new MomentumSgd
        {
            X = x.Floats, Gradient = gradient.Floats, Velocity = velocity.Floats, Rate = now.Rate, Momentum = options.Momentum,
            GradientShare = 1 - options.Dampening, WeightDecay = options.WeightDecay, Nesterov = options.Nesterov,
            FirstStep = now.FirstStep != 0,
        });
    }

    /// <inheritdoc cref="IBackend.AdamWStep"/>
    public void AdamWStep(
        TensorView x, TensorView gradient, TensorView firstMoment, TensorView secondMoment, TensorView constants, TensorView sum,
        in AdamWStepOptions options)
    {
        if (IsRefused(sum))
            return;
        var now = *(OptimizerConstants*)constants.Pointer;
        Elementwise.Run(threads, x.Shape.Count, new AdamW
        {
            X = x.Floats, Gradient = gradient.Floats, FirstMoment = firstMoment.Floats, SecondMoment = secondMoment.Floats,
            Beta1 = options.Beta1, Beta2 = options.Beta2,
            Share1 = (float)(1 - (double)options.Beta1), Share2 = (float)(1 - (double)options.Beta2),
            Shrink = (float)(1 - (double)now.Rate * options.WeightDecay), StepSize = now.AdamStepSize, RootScale = now.AdamRootScale,
            Epsilon = options.Epsilon,
        });
    }

    private static bool IsRefused(TensorView sum) => !sum.IsAbsent && !double.IsFinite(*sum.Doubles);

    private struct SumOfSquaresPieces : IParallelBody
    {
        public float* X;
        public double* Sums;
        public long Count;

        // Eight lanes on every processor (narrower ones emulate them), so the sum does not depend on the vector width either. The product
        // of two floats is exact in double.
        public readonly void Invoke(int index, int worker)
        {
            var x = FlatPiece(X, index, Count);
            Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
            int i = 0;
            for (; i <= x.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                var (a, b) = Vector256.Widen(Vector256.Create(x.Slice(i, Vector256<float>.Count)));
                low += a * a;
                high += b * b;
            }

            var lanes = low + high;
            double sum = lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
            for (; i < x.Length; i++)
                sum += (double)x[i] * x[i];
            Sums[index] = sum;
        }
    }

    private struct ScalePieces : IParallelBody
    {
        public float* X;
        public long Count;
        public float Factor;

        public readonly void Invoke(int index, int worker) =>
            TensorPrimitives.Multiply(FlatPiece(X, index, Count), Factor, FlatPiece(X, index, Count));
    }

    private struct PlainSgd : IElementwise
    {
        public float* X;
        public float* Gradient;
        public float Rate;
        public float WeightDecay;

        public readonly void Invoke<TLanes, TVector>(int offset)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var x = TLanes.Load(X + offset);
            var g = TLanes.MultiplyAdd(TLanes.Broadcast(WeightDecay), x, TLanes.Load(Gradient + offset));
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(-Rate), g, x), X + offset);
        }
    }

    private struct MomentumSgd : IElementwise
    {
        public float* X;
        public float* Gradient;
        public float* Velocity;
        public float Rate;
        public float Momentum;
        public float GradientShare;
        public float WeightDecay;
        public bool Nesterov;
        public bool FirstStep;

        public readonly void Invoke<TLanes, TVector>(int offset)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var momentum = TLanes.Broadcast(Momentum);
            var x = TLanes.Load(X + offset);
            var g = TLanes.MultiplyAdd(TLanes.Broadcast(WeightDecay), x, TLanes.Load(Gradient + offset));
            var v = FirstStep
                ? g
                : TLanes.MultiplyAdd(momentum, TLanes.Load(Velocity + offset), TLanes.Multiply(TLanes.Broadcast(GradientShare), g));
            TLanes.Store(v, Velocity + offset);
            var direction = Nesterov ? TLanes.MultiplyAdd(momentum, v, g) : v;
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(-Rate), direction, x), X + offset);
        }
    }

    private struct AdamW : IElementwise
    {
        public float* X;
        public float* Gradient;
        public float* FirstMoment;
        public float* SecondMoment;
        public float Beta1;
        public float Beta2;
        public float Share1;
        public float Share2;
        public float Shrink;
        public float StepSize;
        public float RootScale;
        public float Epsilon;

        public readonly void Invoke<TLanes, TVector>(int offset)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var g = TLanes.Load(Gradient + offset);
            var m = TLanes.MultiplyAdd(
                TLanes.Broadcast(Beta1), TLanes.Load(FirstMoment + offset), TLanes.Multiply(TLanes.Broadcast(Share1), g));
            var v = TLanes.MultiplyAdd(
                TLanes.Broadcast(Beta2), TLanes.Load(SecondMoment + offset), TLanes.Multiply(TLanes.Broadcast(Share2), TLanes.Multiply(g, g)));
            TLanes.Store(m, FirstMoment + offset);
            TLanes.Store(v, SecondMoment + offset);
            var denominator = TLanes.MultiplyAdd(TLanes.Sqrt(v), TLanes.Broadcast(RootScale), TLanes.Broadcast(Epsilon));
            var shrunk = TLanes.Multiply(TLanes.Load(X + offset), TLanes.Broadcast(Shrink));
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(StepSize), TLanes.Divide(m, denominator), shrunk), X + offset);
        }
    }
}
