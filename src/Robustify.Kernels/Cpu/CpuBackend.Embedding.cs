using System.Numerics.Tensors;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void SelectRows(TensorView table, TensorView rows, TensorView y)
    {
        int width = y.Shape.Columns;
        for (int i = 0; i < y.Shape.Rows; i++)
        {
            int row = rows.Integers[i];
            var destination = new Span<float>(y.Floats + (long)i * width, width);
            if ((uint)row < (uint)table.Shape.Rows)
                new ReadOnlySpan<float>(table.Floats + (long)row * width, width).CopyTo(destination);
            else
                destination.Fill(float.NaN);
        }
    }

    /// <inheritdoc/>
    public void SelectRowsGradient(TensorView dy, TensorView rows, TensorView dtable, bool accumulate)
    {
        int width = dy.Shape.Columns;
        if (!accumulate)
            dtable.Span.Clear();
        for (int i = 0; i < dy.Shape.Rows; i++)
        {
            int row = rows.Integers[i];
            if ((uint)row >= (uint)dtable.Shape.Rows)
                continue;
            var add = new AddInPlace { Y = dtable.Floats + (long)row * width, X = dy.Floats + (long)i * width };
            Elementwise.Range(ref add, 0, width);
        }
    }

    /// <inheritdoc/>
    public void NormalizeRows(TensorView x, TensorView y, TensorView reciprocalNorm)
    {
        var body = new NormalizeRowsBody { X = x.Floats, Y = y.Floats, Reciprocal = reciprocalNorm.Floats, Width = x.Shape.Columns };
        threads.For(x.Shape.Rows, ref body);
    }

    /// <inheritdoc/>
    public void NormalizeRowsGradient(TensorView dy, TensorView y, TensorView reciprocalNorm, TensorView dx, bool accumulate)
    {
        var body = new NormalizeRowsGradientBody
        {
            Dy = dy.Floats, Y = y.Floats, Reciprocal = reciprocalNorm.Floats, Dx = dx.Floats, Width = y.Shape.Columns, Accumulate = accumulate,
        };
        threads.For(y.Shape.Rows, ref body);
    }

    /// <inheritdoc/>
    public void ScaleByExponential(TensorView x, TensorView exponent, TensorView y) =>
        TensorPrimitives.Multiply(x.Span, MathF.Exp(exponent.Floats[0]), y.Span);

    /// <inheritdoc/>
    public void ScaleByExponentialGradient(
        TensorView dy, TensorView y, TensorView exponent, TensorView dx, TensorView dexponent, bool accumulateInput, bool accumulateExponent)
    {
        if (!dexponent.IsAbsent)
        {
            float sum = TensorPrimitives.Dot<float>(dy.Span, y.Span);
            dexponent.Floats[0] = accumulateExponent ? dexponent.Floats[0] + sum : sum;
        }

        if (dx.IsAbsent)
            return;
        float factor = MathF.Exp(exponent.Floats[0]);
        if (accumulateInput)
            TensorPrimitives.MultiplyAdd(dy.Span, factor, dx.Span, dx.Span);
        else
            TensorPrimitives.Multiply(dy.Span, factor, dx.Span);
    }

    private struct NormalizeRowsBody : IParallelBody
    {
        public float* X, Y, Reciprocal;
        public int Width;

        public readonly void Invoke(int row, int worker)
        {
            var x = new ReadOnlySpan<float>(X + (long)row * Width, Width);
            float reciprocal = 1 / TensorPrimitives.Norm(x);
            Reciprocal[row] = reciprocal;
            TensorPrimitives.Multiply(x, reciprocal, new Span<float>(Y + (long)row * Width, Width));
        }
    }

    private struct NormalizeRowsGradientBody : IParallelBody, IElementwise
    {
        public float* Dy, Y, Reciprocal, Dx;
        public int Width;
        public bool Accumulate;
        private float dot, factor;

        public readonly void Invoke(int index, int worker)
        {
            var row = this;
            long offset = (long)index * Width;
            row.Dy += offset;
            row.Y += offset;
            row.Dx += offset;
            row.factor = Reciprocal[index];
            row.dot = TensorPrimitives.Dot(new ReadOnlySpan<float>(row.Dy, Width), new ReadOnlySpan<float>(row.Y, Width));
            Elementwise.Range(ref row, 0, Width);
        }

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var across = TLanes.Subtract(TLanes.Load(Dy + i), TLanes.Multiply(TLanes.Load(Y + i), TLanes.Broadcast(dot)));
            var value = TLanes.Multiply(across, TLanes.Broadcast(factor));
            TLanes.Store(Accumulate ? TLanes.Add(TLanes.Load(Dx + i), value) : value, Dx + i);
        }
    }
}
