using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu.Gemm;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Linear(TensorView x, TensorView weight, TensorView bias, TensorView y, Activation activation, TensorView preActivation)
    {
        int rows = x.Shape.Rows, depth = x.Shape.Columns, columns = y.Shape.Columns;
        // The product lands where the pre-activation is kept, if it is kept; the epilogue then writes y beside it.
        float* c = preActivation.IsAbsent ? y.Floats : preActivation.Floats;
        var epilogue = new LinearEpilogue { C = c, Bias = bias.Floats, Y = y.Floats, Columns = columns, Activation = activation };
        Multiply(rows, columns, depth, new DepthContiguous(x.Floats, depth), new DepthContiguous(weight.Floats, depth), c, false, epilogue);
    }

    /// <inheritdoc/>
    public void LinearInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate)
    {
        int rows = dy.Shape.Rows, depth = dy.Shape.Columns, columns = weight.Shape.Columns;
        Multiply(
            rows, columns, depth, new DepthContiguous(dy.Floats, depth), new DepthStrided(weight.Floats, columns), dx.Floats, accumulate,
            default(NoEpilogue));
    }

    /// <inheritdoc/>
    public void LinearWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate)
    {
        int outputs = dy.Shape.Columns, inputs = x.Shape.Columns, depth = dy.Shape.Rows;
        Multiply(
            outputs, inputs, depth, new DepthStrided(dy.Floats, outputs), new DepthStrided(x.Floats, inputs), dweight.Floats, accumulate,
            default(NoEpilogue));
    }

    /// <inheritdoc/>
    public void BiasGradient(TensorView dy, TensorView dbias, bool accumulate)
    {
        int rows = dy.Shape.Rows, columns = dy.Shape.Columns;
        int chunks = RowChunks.Count(rows);
        float* partial = SharedScratch((long)chunks * columns);
        var body = new ColumnSums { Source = dy.Floats, Partial = partial, Rows = rows, Columns = columns };
        threads.For(chunks, ref body);
        RowChunks.Combine(partial, chunks, columns, dbias.Floats, accumulate);
    }

    /// <inheritdoc/>
    public void ActivationGradient(TensorView dy, TensorView preActivation, TensorView dx, Activation activation)
    {
        long count = dy.Shape.Count;
        if (activation == Activation.Gelu)
            Elementwise.Run(threads, count, new GeluGradient { Dy = dy.Floats, X = preActivation.Floats, Dx = dx.Floats });
        else if (activation == Activation.QuickGelu)
            Elementwise.Run(threads, count, new QuickGeluGradient { Dy = dy.Floats, X = preActivation.Floats, Dx = dx.Floats });
        else if (dy.Pointer != dx.Pointer)
            dy.Span.CopyTo(dx.Span);
    }

    private struct LinearEpilogue : IEpilogue
    {
        public float* C, Bias, Y;
        public int Columns;
        public Activation Activation;

        public readonly void Finish(int firstRow, int rows, int firstColumn, int columns)
        {
            for (int row = firstRow; row < firstRow + rows; row++)
            {
                long offset = (long)row * Columns + firstColumn;
                if (Bias != null)
                {
                    var add = new AddInPlace { Y = C + offset, X = Bias + firstColumn };
                    Elementwise.Range(ref add, 0, columns);
                }

                if (Activation == Activation.Gelu)
                {
                    var gelu = new GeluForward { X = C + offset, Y = Y + offset };
                    Elementwise.Range(ref gelu, 0, columns);
                }
                else if (Activation == Activation.QuickGelu)
                {
                    var gelu = new QuickGeluForward { X = C + offset, Y = Y + offset };
                    Elementwise.Range(ref gelu, 0, columns);
                }
                else if (Y != C)
                {
                    new Span<float>(C + offset, columns).CopyTo(new Span<float>(Y + offset, columns));
                }
            }
        }
    }

    private struct ColumnSums : IParallelBody
    {
        public float* Source, Partial;
        public int Rows, Columns;

        public readonly void Invoke(int index, int worker)
        {
            var (first, end) = RowChunks.Range(index, Rows);
            var sum = new AddInPlace { Y = Partial + (long)index * Columns };
            new Span<float>(sum.Y, Columns).Clear();
            for (int row = first; row < end; row++)
            {
                sum.X = Source + (long)row * Columns;
                Elementwise.Range(ref sum, 0, Columns);
            }
        }
    }

    private struct AddInPlace : IElementwise
    {
        public float* Y, X;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct => TLanes.Store(TLanes.Add(TLanes.Load(Y + i), TLanes.Load(X + i)), Y + i);
    }

    private struct GeluForward : IElementwise
    {
        public float* X, Y;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct => TLanes.Store(Activations.Gelu<TLanes, TVector>(TLanes.Load(X + i)), Y + i);
    }

    private struct QuickGeluForward : IElementwise
    {
        public float* X, Y;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct => TLanes.Store(Activations.QuickGelu<TLanes, TVector>(TLanes.Load(X + i)), Y + i);
    }

    private struct GeluGradient : IElementwise
    {
        public float* Dy, X, Dx;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct =>
            TLanes.Store(TLanes.Multiply(TLanes.Load(Dy + i), Activations.GeluDerivative<TLanes, TVector>(TLanes.Load(X + i))), Dx + i);
    }

    private struct QuickGeluGradient : IElementwise
    {
        public float* Dy, X, Dx;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct =>
            TLanes.Store(TLanes.Multiply(TLanes.Load(Dy + i), Activations.QuickGeluDerivative<TLanes, TVector>(TLanes.Load(X + i))), Dx + i);
    }
}
