using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.BatchNormalization;

/// <summary>
/// Per channel and chunk of rows: the sums of g and of g (x - mean), where g = dy masked by the sign of y under ReLU.
/// </summary>
internal unsafe struct ChunkGradientSums : IParallelBody, IElementwise
{
    public required float* Dy, X, Mean;

    /// <summary>The output, whose sign masks dy; null where there is no ReLU.</summary>
    public required float* Y;
    public required int Channels;
    public required ChannelChunks Chunks;

    /// <summary>[chunks, channels] each.</summary>
    public required float* Sums, Products;

    private long first;
    private int rows;
    private int chunk;

    public readonly void Invoke(int index, int worker)
    {
        var one = this;
        one.chunk = index;
        one.rows = Chunks.Length(index);
        one.first = (long)Chunks.First(index) * Channels;
        Elementwise.Range(ref one, 0, Channels);
    }

    public readonly void Invoke<TLanes, TVector>(int channel)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var mean = TLanes.Load(Mean + channel);
        nint stride = Channels, offset = (nint)first + channel;
        float* x = X, y = Y, dy = Dy;
        TVector s0 = TLanes.Zero, s1 = TLanes.Zero, p0 = TLanes.Zero, p1 = TLanes.Zero;
        int row = 0;
        for (; row <= rows - 2; row += 2, offset += 2 * stride)
        {
            TVector a = TLanes.Load(dy + offset), b = TLanes.Load(dy + offset + stride);
            if (y != null)
            {
                a = TLanes.WherePositive(TLanes.Load(y + offset), a);
                b = TLanes.WherePositive(TLanes.Load(y + offset + stride), b);
            }

            s0 = TLanes.Add(s0, a);
            s1 = TLanes.Add(s1, b);
            p0 = TLanes.MultiplyAdd(a, TLanes.Subtract(TLanes.Load(x + offset), mean), p0);
            p1 = TLanes.MultiplyAdd(b, TLanes.Subtract(TLanes.Load(x + offset + stride), mean), p1);
        }

        if (row < rows)
        {
            var a = TLanes.Load(dy + offset);
            if (y != null)
                a = TLanes.WherePositive(TLanes.Load(y + offset), a);
            s0 = TLanes.Add(s0, a);
            p0 = TLanes.MultiplyAdd(a, TLanes.Subtract(TLanes.Load(x + offset), mean), p0);
        }

        long at = (long)chunk * Channels + channel;
        TLanes.Store(TLanes.Add(s0, s1), Sums + at);
        TLanes.Store(TLanes.Add(p0, p1), Products + at);
    }

    /// <summary>The sums over all chunks, in order and in double: [channels] each.</summary>
    public readonly void Combine(double* sums, double* products)
    {
        new Span<double>(sums, Channels).Clear();
        new Span<double>(products, Channels).Clear();
        for (int index = 0; index < Chunks.Count; index++)
        {
            long at = (long)index * Channels;
            for (int channel = 0; channel < Channels; channel++)
            {
                sums[channel] += Sums[at + channel];
                products[channel] += Products[at + channel];
            }
        }
    }
}
