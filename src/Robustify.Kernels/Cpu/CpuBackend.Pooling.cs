using System.Numerics;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void MaxPool(TensorView x, TensorView y, TensorView argmax, ConvolutionGeometry geometry)
    {
        var body = new MaxPoolBody
        {
            X = x.Floats, Y = y.Floats, Argmax = argmax.Integers, Height = x.Shape[1], Width = x.Shape[2], Channels = x.Shape[3],
            Rows = y.Shape[1], Columns = y.Shape[2], Geometry = geometry,
        };
        threads.For(checked(y.Shape[0] * y.Shape[1]), ref body);
    }

    /// <inheritdoc/>
    public void MaxPoolGradient(TensorView dy, TensorView argmax, TensorView dx, ConvolutionGeometry geometry, bool accumulate)
    {
        var body = new MaxPoolGradientBody
        {
            Dy = dy.Floats, Argmax = argmax.Integers, Dx = dx.Floats, Channels = dy.Shape[3], Positions = dy.Shape[1] * dy.Shape[2],
            InputFloats = dx.Shape.Count / dx.Shape[0], Accumulate = accumulate,
        };
        threads.For(dy.Shape[0], ref body);
    }

    /// <inheritdoc/>
    public void MeanPool(TensorView x, TensorView y, int skip)
    {
        var body = new MeanPoolBody { X = x.Floats, Y = y.Floats, Positions = x.Shape[1], Channels = x.Shape[2], Skip = skip };
        threads.For(x.Shape[0], ref body);
    }

    /// <inheritdoc/>
    public void MeanPoolGradient(TensorView dy, TensorView dx, int skip, bool accumulate)
    {
        var body = new MeanPoolGradientBody
        {
            Dy = dy.Floats, Dx = dx.Floats, Positions = dx.Shape[1], Channels = dx.Shape[2], Skip = skip, Accumulate = accumulate,
        };
        threads.For(dx.Shape[0], ref body);
    }

    private struct MaxPoolBody : IParallelBody
    {
        public float* X, Y;
        public int* Argmax;
        public int Height, Width, Channels, Rows, Columns;
        public ConvolutionGeometry Geometry;

        // One row of one image's output.
        public readonly void Invoke(int index, int worker)
        {
            float* image = X + (long)(index / Rows) * Height * Width * Channels;
            int top = index % Rows * Geometry.Stride - Geometry.Padding;
            int firstRow = Math.Max(0, top), endRow = Math.Min(Height, top + Geometry.Kernel);
            for (int column = 0; column < Columns; column++)
            {
                int left = column * Geometry.Stride - Geometry.Padding;
                int firstColumn = Math.Max(0, left), endColumn = Math.Min(Width, left + Geometry.Kernel);
                long output = ((long)index * Columns + column) * Channels;
                int channel = 0;
                for (; channel <= Channels - Vector<float>.Count; channel += Vector<float>.Count)
                    Window(image + channel, firstRow, endRow, firstColumn, endColumn, output + channel);
                for (; channel < Channels; channel++)
                    WindowOfOne(image + channel, firstRow, endRow, firstColumn, endColumn, output + channel);
            }
        }

        // A value wins that is greater, or NaN: what went wrong upstream must show, as in PyTorch.
        private readonly void Window(float* image, int firstRow, int endRow, int firstColumn, int endColumn, long output)
        {
            var best = new Vector<float>(float.NegativeInfinity);
            var at = new Vector<int>(firstRow * Width + firstColumn);
            for (int row = firstRow; row < endRow; row++)
            {
                for (int column = firstColumn; column < endColumn; column++)
                {
                    int position = row * Width + column;
                    var value = Vector.Load(image + (long)position * Channels);
                    var wins = Vector.GreaterThan(value, best) | ~Vector.Equals(value, value);
                    best = Vector.ConditionalSelect(wins, value, best);
                    at = Vector.ConditionalSelect(wins, new Vector<int>(position), at);
                }
            }

            Vector.Store(best, Y + output);
            Vector.Store(at, Argmax + output);
        }

        private readonly void WindowOfOne(float* image, int firstRow, int endRow, int firstColumn, int endColumn, long output)
        {
            float best = float.NegativeInfinity;
            int at = firstRow * Width + firstColumn;
            for (int row = firstRow; row < endRow; row++)
            {
                for (int column = firstColumn; column < endColumn; column++)
                {
                    int position = row * Width + column;
                    float value = image[(long)position * Channels];
                    if (value > best || float.IsNaN(value))
                        (best, at) = (value, position);
                }
            }

            Y[output] = best;
            Argmax[output] = at;
        }
    }

    private struct MaxPoolGradientBody : IParallelBody
    {
        public float* Dy, Dx;
        public int* Argmax;
        public int Channels, Positions;
        public long InputFloats;
        public bool Accumulate;

        // One image: windows overlap, so its gradients are scattered by one worker, in order.
        public readonly void Invoke(int index, int worker)
        {
            float* dx = Dx + index * InputFloats;
            if (!Accumulate)
                new Span<float>(dx, checked((int)InputFloats)).Clear();
            float* dy = Dy + (long)index * Positions * Channels;
            int* argmax = Argmax + (long)index * Positions * Channels;
            for (int position = 0; position < Positions; position++, dy += Channels, argmax += Channels)
            {
                for (int channel = 0; channel < Channels; channel++)
                    dx[(long)argmax[channel] * Channels + channel] += dy[channel];
            }
        }
    }

    private struct MeanPoolBody : IParallelBody, IElementwise
    {
        public float* X, Y;
        public int Positions, Channels, Skip;

        // One image: every vector of channels is summed down the positions.
        public readonly void Invoke(int index, int worker)
        {
            var image = this;
            image.X += ((long)index * Positions + Skip) * Channels;
            image.Y += (long)index * Channels;
            Elementwise.Range(ref image, 0, Channels);
        }

        public readonly void Invoke<TLanes, TVector>(int channel)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var sum = TLanes.Zero;
            float* x = X + channel;
            for (int position = Skip; position < Positions; position++, x += Channels)
                sum = TLanes.Add(sum, TLanes.Load(x));
            TLanes.Store(TLanes.Multiply(sum, TLanes.Broadcast(1f / (Positions - Skip))), Y + channel);
        }
    }

    private struct MeanPoolGradientBody : IParallelBody, IElementwise
    {
        public float* Dy, Dx;
        public int Positions, Channels, Skip;
        public bool Accumulate;

        public readonly void Invoke(int index, int worker)
        {
            var image = this;
            image.Dy += (long)index * Channels;
            image.Dx += (long)index * Positions * Channels;
            Elementwise.Range(ref image, 0, Channels);
        }

        public readonly void Invoke<TLanes, TVector>(int channel)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var share = TLanes.Multiply(TLanes.Load(Dy + channel), TLanes.Broadcast(1f / (Positions - Skip)));
            float* dx = Dx + channel;
            for (int position = 0; position < Positions; position++, dx += Channels)
            {
                var value = position < Skip ? TLanes.Zero : share;
                TLanes.Store(Accumulate ? TLanes.Add(TLanes.Load(dx), value) : value, dx);
            }
        }
    }
}
