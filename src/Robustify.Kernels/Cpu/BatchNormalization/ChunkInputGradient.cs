using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.BatchNormalization;

/// <summary>
/// dresidual (+)= g and dx (+)= scale g + slope (x - mean) + shift per channel, with g = dy masked by the sign of y under ReLU. With batch
/// statistics over n rows (Ioffe and Szegedy, section 3): scale = gamma rstd, slope = -scale rstd² sum(g (x - mean)) / n,
/// shift = -scale sum(g) / n; with running statistics slope and shift are 0.
/// </summary>
internal unsafe struct ChunkInputGradient : IParallelBody, IElementwise
{
    public required float* Dy, X, Mean, Scale;

    /// <summary>The output, whose sign masks dy; null where there is no ReLU.</summary>
    public required float* Y;

    /// <summary>Per channel; both null with running statistics.</summary>
    public required float* Slope, Shift;

    /// <summary>Destinations; each may be null.</summary>
    public required float* Dx, Dresidual;
    public required int Channels;
    public required ChannelChunks Chunks;
    public required bool AccumulateInput, AccumulateResidual;

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
        TVector mean = TLanes.Zero, scale = TLanes.Zero, slope = TLanes.Zero, shift = TLanes.Zero;
        bool batch = Slope != null, accumulateInput = AccumulateInput, accumulateResidual = AccumulateResidual;
        if (Dx != null)
            scale = TLanes.Load(Scale + channel);
        if (batch)
        {
            mean = TLanes.Load(Mean + channel);
            slope = TLanes.Load(Slope + channel);
            shift = TLanes.Load(Shift + channel);
        }

        float* dy = Dy, x = X, y = Y, dx = Dx, dresidual = Dresidual;
        nint offset = (nint)first + channel;
        for (int row = 0; row < rows; row++, offset += Channels)
        {
            var g = TLanes.Load(dy + offset);
            if (y != null)
                g = TLanes.WherePositive(TLanes.Load(y + offset), g);
            if (dx != null)
            {
                var value = batch ? TLanes.MultiplyAdd(TLanes.Subtract(TLanes.Load(x + offset), mean), slope, shift) : TLanes.Zero;
                value = TLanes.MultiplyAdd(g, scale, value);
                TLanes.Store(accumulateInput ? TLanes.Add(TLanes.Load(dx + offset), value) : value, dx + offset);
            }

            if (dresidual != null)
                TLanes.Store(accumulateResidual ? TLanes.Add(TLanes.Load(dresidual + offset), g) : g, dresidual + offset);
        }
    }
}
