using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>One factor for each column.</summary>
public sealed unsafe partial class CpuBackend
{
    private const int LayerScaleRowsPerPiece = 32;

    /// <inheritdoc/>
    public void LayerScale(TensorView x, TensorView scale, TensorView residual, TensorView y)
    {
        var body = new LayerScaleBody
        {
            X = x.Floats, Scale = scale.Floats, Residual = residual.Floats, Y = y.Floats, Rows = x.Shape.Rows, Columns = x.Shape.Columns,
        };
        threads.For((body.Rows + LayerScaleRowsPerPiece - 1) / LayerScaleRowsPerPiece, ref body);
    }

    /// <inheritdoc/>
    public void LayerScaleParameterGradient(TensorView dy, TensorView x, TensorView dscale, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns, chunks = RowChunks.Count(rows);
        float* partial = SharedScratch((long)chunks * columns);
        var body = new LayerScaleGradientBody { Dy = dy.Floats, X = x.Floats, Partial = partial, Rows = rows, Columns = columns };
        threads.For(chunks, ref body);
        RowChunks.Combine(partial, chunks, columns, dscale.Floats, accumulate);
    }

    private struct LayerScaleBody : IParallelBody
    {
        public float* X, Scale, Residual, Y;
        public int Rows, Columns;

        public readonly void Invoke(int index, int worker)
        {
            int end = Math.Min(Rows, (index + 1) * LayerScaleRowsPerPiece);
            for (int row = index * LayerScaleRowsPerPiece; row < end; row++)
            {
                long offset = (long)row * Columns;
                var scaled = new ScaledRow { X = X + offset, Scale = Scale, Residual = Residual == null ? null : Residual + offset, Y = Y + offset };
                Elementwise.Range(ref scaled, 0, Columns);
            }
        }
    }

    private struct ScaledRow : IElementwise
    {
        public float* X, Scale, Residual, Y;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            TVector x = TLanes.Load(X + i), scale = TLanes.Load(Scale + i);
            TLanes.Store(Residual == null ? TLanes.Multiply(x, scale) : TLanes.MultiplyAdd(x, scale, TLanes.Load(Residual + i)), Y + i);
        }
    }

    private struct LayerScaleGradientBody : IParallelBody
    {
        public float* Dy, X, Partial;
        public int Rows, Columns;

        public readonly void Invoke(int index, int worker)
        {
            var (first, end) = RowChunks.Range(index, Rows);
            var sums = new ProductSums { Sums = Partial + (long)index * Columns };
            new Span<float>(sums.Sums, Columns).Clear();
            for (int row = first; row < end; row++)
            {
                sums.Dy = Dy + (long)row * Columns;
                sums.X = X + (long)row * Columns;
                Elementwise.Range(ref sums, 0, Columns);
            }
        }
    }

    private struct ProductSums : IElementwise
    {
        public float* Dy, X, Sums;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct =>
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(Dy + i), TLanes.Load(X + i), TLanes.Load(Sums + i)), Sums + i);
    }
}
