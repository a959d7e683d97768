using System.Numerics.Tensors;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    private const int LayerNormRowsPerPiece = 32;

    /// <inheritdoc/>
    public void LayerNorm(
        TensorView x, TensorView gamma, TensorView beta, TensorView y, TensorView mean, TensorView reciprocalDeviation, float epsilon) =>
        ResidualLayerNorm(x, default, gamma, beta, default, y, mean, reciprocalDeviation, epsilon);

    /// <inheritdoc/>
    public void ResidualLayerNorm(
        TensorView x, TensorView branch, TensorView gamma, TensorView beta, TensorView sum, TensorView y, TensorView mean,
        TensorView reciprocalDeviation, float epsilon)
    {
        var body = new LayerNormBody
        {
            X = x.Floats, Branch = branch.IsAbsent ? null : branch.Floats, Sum = branch.IsAbsent ? x.Floats : sum.Floats, Gamma = gamma.Floats,
            Beta = beta.Floats, Y = y.Floats, Mean = mean.Floats, ReciprocalDeviation = reciprocalDeviation.Floats, Rows = x.Shape.Rows,
            Columns = x.Shape.Columns, Epsilon = epsilon,
        };
        threads.For((body.Rows + LayerNormRowsPerPiece - 1) / LayerNormRowsPerPiece, ref body);
    }

    /// <inheritdoc/>
    public void LayerNormInputGradient(
        TensorView dy, TensorView x, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx, bool accumulate) =>
        ResidualLayerNormInputGradient(dy, accumulate ? dx : default, x, gamma, mean, reciprocalDeviation, dx);

    /// <inheritdoc/>
    public void ResidualLayerNormInputGradient(
        TensorView dy, TensorView dsum, TensorView sum, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx)
    {
        int columns = sum.Shape.Columns;
        ReserveWorkerScratch(columns);
        var body = new LayerNormInputGradientBody
        {
            Dy = dy.Floats, Added = dsum.IsAbsent ? null : dsum.Floats, X = sum.Floats, Gamma = gamma.Floats, Mean = mean.Floats,
            ReciprocalDeviation = reciprocalDeviation.Floats, Dx = dx.Floats, Rows = sum.Shape.Rows, Columns = columns, Scratch = workerPointers,
        };
        threads.For((body.Rows + LayerNormRowsPerPiece - 1) / LayerNormRowsPerPiece, ref body);
    }

    /// <inheritdoc/>
    public void LayerNormParameterGradient(
        TensorView dy, TensorView x, TensorView mean, TensorView reciprocalDeviation, TensorView dgamma, TensorView dbeta, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns, chunks = RowChunks.Count(rows);
        float* partialGamma = SharedScratch(2L * chunks * columns), partialBeta = partialGamma + (long)chunks * columns;
        var body = new LayerNormParameterGradientBody
        {
            Dy = dy.Floats, X = x.Floats, Mean = mean.Floats, ReciprocalDeviation = reciprocalDeviation.Floats, PartialGamma = partialGamma,
            PartialBeta = partialBeta, Rows = rows, Columns = columns,
        };
        threads.For(chunks, ref body);
        RowChunks.Combine(partialGamma, chunks, columns, dgamma.Floats, accumulate);
        RowChunks.Combine(partialBeta, chunks, columns, dbeta.Floats, accumulate);
    }

    private struct LayerNormBody : IParallelBody
    {
        public float* X, Branch, Sum, Gamma, Beta, Y, Mean, ReciprocalDeviation;
        public int Rows, Columns;
        public float Epsilon;

        public readonly void Invoke(int index, int worker)
        {
            int end = Math.Min(Rows, (index + 1) * LayerNormRowsPerPiece);
            for (int row = index * LayerNormRowsPerPiece; row < end; row++)
            {
                long offset = (long)row * Columns;
                var x = new Span<float>(Sum + offset, Columns);
                var y = new Span<float>(Y + offset, Columns);
                if (Branch is not null)
                    TensorPrimitives.Add(new ReadOnlySpan<float>(X + offset, Columns), new ReadOnlySpan<float>(Branch + offset, Columns), x);
                float mean = TensorPrimitives.Sum<float>(x) / Columns;
                TensorPrimitives.Subtract(x, mean, y);
                float variance = TensorPrimitives.SumOfSquares<float>(y) / Columns;
                float reciprocal = 1 / MathF.Sqrt(variance + Epsilon);
                Mean[row] = mean;
                ReciprocalDeviation[row] = reciprocal;
                var normalize = new Normalize { X = Sum + offset, Gamma = Gamma, Beta = Beta, Y = Y + offset, Mean = mean, Reciprocal = reciprocal };
                Elementwise.Range(ref normalize, 0, Columns);
            }
        }
    }

    private struct Normalize : IElementwise
    {
        public float* X, Gamma, Beta, Y;
        public float Mean, Reciprocal;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var normalized = TLanes.Multiply(TLanes.Subtract(TLanes.Load(X + i), TLanes.Broadcast(Mean)), TLanes.Broadcast(Reciprocal));
            TLanes.Store(TLanes.MultiplyAdd(normalized, TLanes.Load(Gamma + i), TLanes.Load(Beta + i)), Y + i);
        }
    }

    private struct LayerNormInputGradientBody : IParallelBody
    {
        public float* Dy, Added, X, Gamma, Mean, ReciprocalDeviation, Dx;
        public int Rows, Columns;
        public float*[] Scratch;

        // With g = dy gamma and n = (x - mean) rstd: dx = rstd (g - mean(g) - n mean(g n)).
        public readonly void Invoke(int index, int worker)
        {
            var g = new Span<float>(Scratch[worker], Columns);
            int end = Math.Min(Rows, (index + 1) * LayerNormRowsPerPiece);
            for (int row = index * LayerNormRowsPerPiece; row < end; row++)
            {
                long offset = (long)row * Columns;
                TensorPrimitives.Multiply(new ReadOnlySpan<float>(Dy + offset, Columns), new ReadOnlySpan<float>(Gamma, Columns), g);
                float sum = TensorPrimitives.Sum<float>(g);
                float reciprocal = ReciprocalDeviation[row], mean = Mean[row];
                float dot = (TensorPrimitives.Dot(g, new ReadOnlySpan<float>(X + offset, Columns)) - mean * sum) * reciprocal;
                var gradient = new RowGradient
                {
                    G = Scratch[worker], Added = Added is null ? null : Added + offset, X = X + offset, Dx = Dx + offset, Mean = mean,
                    Reciprocal = reciprocal, MeanG = sum / Columns, MeanGn = dot / Columns,
                };
                Elementwise.Range(ref gradient, 0, Columns);
            }
        }
    }

    private struct RowGradient : IElementwise
    {
        public float* G, Added, X, Dx;
        public float Mean, Reciprocal, MeanG, MeanGn;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var normalized = TLanes.Multiply(TLanes.Subtract(TLanes.Load(X + i), TLanes.Broadcast(Mean)), TLanes.Broadcast(Reciprocal));
            var centred = TLanes.Subtract(TLanes.Load(G + i), TLanes.Broadcast(MeanG));
            centred = TLanes.MultiplyAdd(normalized, TLanes.Broadcast(-MeanGn), centred);
            var dx = TLanes.Multiply(centred, TLanes.Broadcast(Reciprocal));
            TLanes.Store(Added is null ? dx : TLanes.Add(TLanes.Load(Added + i), dx), Dx + i);
        }
    }

    private struct LayerNormParameterGradientBody : IParallelBody
    {
        public float* Dy, X, Mean, ReciprocalDeviation, PartialGamma, PartialBeta;
        public int Rows, Columns;

        public readonly void Invoke(int index, int worker)
        {
            var (first, end) = RowChunks.Range(index, Rows);
            var sums = new ParameterSums { Gamma = PartialGamma + (long)index * Columns, Beta = PartialBeta + (long)index * Columns };
            new Span<float>(sums.Gamma, Columns).Clear();
            new Span<float>(sums.Beta, Columns).Clear();
            for (int row = first; row < end; row++)
            {
                sums.Dy = Dy + (long)row * Columns;
                sums.X = X + (long)row * Columns;
                sums.Mean = Mean[row];
                sums.Reciprocal = ReciprocalDeviation[row];
                Elementwise.Range(ref sums, 0, Columns);
            }
        }
    }

    private struct ParameterSums : IElementwise
    {
        public float* Dy, X, Gamma, Beta;
        public float Mean, Reciprocal;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var dy = TLanes.Load(Dy + i);
            var normalized = TLanes.Multiply(TLanes.Subtract(TLanes.Load(X + i), TLanes.Broadcast(Mean)), TLanes.Broadcast(Reciprocal));
            TLanes.Store(TLanes.MultiplyAdd(dy, normalized, TLanes.Load(Gamma + i)), Gamma + i);
            TLanes.Store(TLanes.Add(TLanes.Load(Beta + i), dy), Beta + i);
        }
    }
}
