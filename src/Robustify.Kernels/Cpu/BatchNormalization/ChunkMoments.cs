using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.BatchNormalization;

/// <summary>
/// Mean and sum of centred squares of each channel over each chunk of rows. The chunk is read twice, the second time from the cache: the
/// first pass gives a pivot, the second the sums of x - pivot and of its square, which are exact about the true mean once corrected
/// (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983, equations 1.7 and 2.1).
/// </summary>
internal unsafe struct ChunkMoments : IParallelBody, IElementwise
{
    public required float* X;
    public required int Channels;
    public required ChannelChunks Chunks;

    /// <summary>[chunks, channels] each.</summary>
    public required float* Means, CentredSquares;

    private float* firstRow;
    private int rows;
    private int chunk;

    public readonly void Invoke(int index, int worker)
    {
        var one = this;
        one.chunk = index;
        one.rows = Chunks.Length(index);
        one.firstRow = X + (long)Chunks.First(index) * Channels;
        Elementwise.Range(ref one, 0, Channels);
    }

    public readonly void Invoke<TLanes, TVector>(int channel)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        float* x = firstRow + channel;
        nint stride = Channels;
        TVector s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        int row = 0;
        for (; row <= rows - 4; row += 4, x += 4 * stride)
        {
            s0 = TLanes.Add(s0, TLanes.Load(x));
            s1 = TLanes.Add(s1, TLanes.Load(x + stride));
            s2 = TLanes.Add(s2, TLanes.Load(x + 2 * stride));
            s3 = TLanes.Add(s3, TLanes.Load(x + 3 * stride));
        }

        for (; row < rows; row++, x += stride)
            s0 = TLanes.Add(s0, TLanes.Load(x));
        var reciprocal = TLanes.Broadcast(1f / rows);
        var pivot = TLanes.Multiply(TLanes.Add(TLanes.Add(s0, s1), TLanes.Add(s2, s3)), reciprocal);

        x = firstRow + channel;
        TVector d0 = TLanes.Zero, d1 = TLanes.Zero, q0 = TLanes.Zero, q1 = TLanes.Zero;
        for (row = 0; row <= rows - 2; row += 2, x += 2 * stride)
        {
            TVector a = TLanes.Subtract(TLanes.Load(x), pivot), b = TLanes.Subtract(TLanes.Load(x + stride), pivot);
            d0 = TLanes.Add(d0, a);
            d1 = TLanes.Add(d1, b);
            q0 = TLanes.MultiplyAdd(a, a, q0);
            q1 = TLanes.MultiplyAdd(b, b, q1);
        }

        if (row < rows)
        {
            var a = TLanes.Subtract(TLanes.Load(x), pivot);
            d0 = TLanes.Add(d0, a);
            q0 = TLanes.MultiplyAdd(a, a, q0);
        }

        var difference = TLanes.Add(d0, d1);
        var correction = TLanes.Multiply(difference, reciprocal);
        long at = (long)chunk * Channels + channel;
        TLanes.Store(TLanes.Add(pivot, correction), Means + at);
        TLanes.Store(TLanes.Subtract(TLanes.Add(q0, q1), TLanes.Multiply(difference, correction)), CentredSquares + at);
    }

    /// <summary>
    /// The moments of all rows, in double: mean[channels] and the biased variance[channels] from the chunks' in order.
    /// </summary>
    public readonly void Combine(double* mean, double* variance)
    {
        int chunks = Chunks.Count;
        long total = Chunks.First(chunks - 1) + Chunks.Length(chunks - 1);
        new Span<double>(mean, Channels).Clear();
        new Span<double>(variance, Channels).Clear();
        for (int index = 0; index < chunks; index++)
        {
            double weight = (double)Chunks.Length(index) / total;
            float* means = Means + (long)index * Channels;
            for (int channel = 0; channel < Channels; channel++)
                mean[channel] += weight * means[channel];
        }

        for (int index = 0; index < chunks; index++)
        {
            int length = Chunks.Length(index);
            float* means = Means + (long)index * Channels;
            float* squares = CentredSquares + (long)index * Channels;
            for (int channel = 0; channel < Channels; channel++)
            {
                double offset = means[channel] - mean[channel];
                variance[channel] += (squares[channel] + length * offset * offset) / total;
            }
        }
    }
}
