using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void AveragePool(TensorView x, TensorView y, int window)
    {
        var body = new AveragePoolBody
        {
            X = x.Floats, Y = y.Floats, Height = x.Shape[1], Width = x.Shape[2], Channels = x.Shape[3], Rows = y.Shape[1], Columns = y.Shape[2],
            Window = window,
        };
        threads.For(checked(y.Shape[0] * y.Shape[1]), ref body);
    }

    /// <inheritdoc/>
    public void AveragePoolGradient(TensorView dy, TensorView dx, int window, bool accumulate)
    {
        var body = new AveragePoolGradientBody
        {
            Dy = dy.Floats, Dx = dx.Floats, Height = dx.Shape[1], Width = dx.Shape[2], Channels = dx.Shape[3], Rows = dy.Shape[1],
            Columns = dy.Shape[2], Window = window, Accumulate = accumulate,
        };
        threads.For(checked(dx.Shape[0] * dx.Shape[1]), ref body);
    }

    /// <inheritdoc/>
    public void PrependMean(TensorView x, TensorView y)
    {
        var body = new PrependMeanBody { X = x.Floats, Y = y.Floats, Positions = x.Shape[1], Channels = x.Shape[2] };
        threads.For(x.Shape[0], ref body);
    }

    /// <inheritdoc/>
    public void PrependMeanGradient(TensorView dy, TensorView dx, bool accumulate)
    {
        var body = new PrependMeanGradientBody
        {
            Dy = dy.Floats, Dx = dx.Floats, Positions = dx.Shape[1], Channels = dx.Shape[2], Accumulate = accumulate,
        };
        threads.For(dx.Shape[0], ref body);
    }

    private struct AveragePoolBody : IParallelBody, IElementwise
    {
        public float* X, Y;
        public int Height, Width, Channels, Rows, Columns, Window;

        // One row of one image's output; a vector of channels is summed over its window.
        public readonly void Invoke(int index, int worker)
        {
            var place = this;
            float* band = X + ((long)(index / Rows) * Height + index % Rows * Window) * Width * Channels;
            for (int column = 0; column < Columns; column++)
            {
                place.X = band + (long)column * Window * Channels;
                place.Y = Y + ((long)index * Columns + column) * Channels;
                Elementwise.Range(ref place, 0, Channels);
            }
        }

        public readonly void Invoke<TLanes, TVector>(int channel)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var sum = TLanes.Zero;
            for (int row = 0; row < Window; row++)
            {
                for (int column = 0; column < Window; column++)
                    sum = TLanes.Add(sum, TLanes.Load(X + ((long)row * Width + column) * Channels + channel));
            }

            TLanes.Store(TLanes.Multiply(sum, TLanes.Broadcast(1f / (Window * Window))), Y + channel);
        }
    }

    private struct AveragePoolGradientBody : IParallelBody, IElementwise
    {
        public float* Dy, Dx;
        public int Height, Width, Channels, Rows, Columns, Window;
        public bool Accumulate;
        private bool inWindow;

        // One row of one image's gradient: every position lies in one window or in none.
        public readonly void Invoke(int index, int worker)
        {
            var place = this;
            int sample = index / Height, row = index % Height / Window;
            for (int column = 0; column < Width; column++)
            {
                place.inWindow = row < Rows && column / Window < Columns;
                place.Dy = Dy + (((long)sample * Rows + row) * Columns + column / Window) * Channels;
                place.Dx = Dx + ((long)index * Width + column) * Channels;
                Elementwise.Range(ref place, 0, Channels);
            }
        }

        public readonly void Invoke<TLanes, TVector>(int channel)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var value = inWindow ? TLanes.Multiply(TLanes.Load(Dy + channel), TLanes.Broadcast(1f / (Window * Window))) : TLanes.Zero;
            TLanes.Store(Accumulate ? TLanes.Add(TLanes.Load(Dx + channel), value) : value, Dx + channel);
        }
    }

    private struct PrependMeanBody : IParallelBody, IElementwise
    {
        public float* X, Y;
        public int Positions, Channels;

        public readonly void Invoke(int sample, int worker)
        {
            var sequence = this;
            sequence.X += (long)sample * Positions * Channels;
            sequence.Y += (long)sample * (Positions + 1) * Channels;
            Elementwise.Range(ref sequence, 0, Channels);
            long floats = (long)Positions * Channels * sizeof(float);
            Buffer.MemoryCopy(sequence.X, sequence.Y + Channels, floats, floats);
        }

        public readonly void Invoke<TLanes, TVector>(int channel)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var sum = TLanes.Zero;
            for (int position = 0; position < Positions; position++)
                sum = TLanes.Add(sum, TLanes.Load(X + (long)position * Channels + channel));
            TLanes.Store(TLanes.Multiply(sum, TLanes.Broadcast(1f / Positions)), Y + channel);
        }
    }

    private struct PrependMeanGradientBody : IParallelBody, IElementwise
    {
        public float* Dy, Dx;
        public int Positions, Channels;
        public bool Accumulate;

        public readonly void Invoke(int sample, int worker)
        {
            var sequence = this;
            sequence.Dy += (long)sample * (Positions + 1) * Channels;
            sequence.Dx += (long)sample * Positions * Channels;
            Elementwise.Range(ref sequence, 0, Channels);
        }

        public readonly void Invoke<TLanes, TVector>(int channel)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var share = TLanes.Multiply(TLanes.Load(Dy + channel), TLanes.Broadcast(1f / Positions));
            for (int position = 0; position < Positions; position++)
            {
                float* destination = Dx + (long)position * Channels + channel;
                var value = TLanes.Add(TLanes.Load(Dy + (long)(position + 1) * Channels + channel), share);
                TLanes.Store(Accumulate ? TLanes.Add(TLanes.Load(destination), value) : value, destination);
            }
        }
    }
}
