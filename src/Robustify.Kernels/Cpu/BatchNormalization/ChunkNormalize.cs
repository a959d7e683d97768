using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.BatchNormalization;

/// <summary>
/// y = (x - mean) rstd gamma + beta, then + residual and ReLU where asked, over each chunk of rows. The mean is subtracted first, not
/// folded into beta, so that a channel far from zero keeps its digits. ReLU lets NaN through: a diverged run must show.
/// </summary>
internal unsafe struct ChunkNormalize : IParallelBody, IElementwise
{
    public required float* X, Gamma, Beta, Residual, Y, Mean, ReciprocalDeviation;
    public required int Channels;
    public required ChannelChunks Chunks;
    public required bool Relu;

    private long first;
    private int rows;

    public readonly void Invoke(int index, int worker)
    {
        var one = this;
        one.rows = Chunks.Length(index);
        one.first = (long)Chunks.First(index) * Channels;
        Elementwise.Range(ref one, 0, Channels);
    }

    public readonly void Invoke<TLanes, TVector>(int channel)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector mean = TLanes.Load(Mean + channel), beta = TLanes.Load(Beta + channel);
        var scale = TLanes.Multiply(TLanes.Load(Gamma + channel), TLanes.Load(ReciprocalDeviation + channel));
        nint stride = Channels;
        float* x = X + first + channel, y = Y + first + channel;
        float* residual = Residual == null ? null : Residual + first + channel;
        bool relu = Relu;
        for (int row = 0; row < rows; row++, x += stride, y += stride)
        {
            var value = TLanes.MultiplyAdd(TLanes.Subtract(TLanes.Load(x), mean), scale, beta);
            if (residual != null)
            {
                value = TLanes.Add(value, TLanes.Load(residual));
                residual += stride;
            }

            if (relu)
                value = TLanes.Max(TLanes.Zero, value);
            TLanes.Store(value, y);
        }
    }
}
