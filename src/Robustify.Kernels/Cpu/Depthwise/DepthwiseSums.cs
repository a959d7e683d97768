using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Depthwise;

/// <summary>destination (+)= source convolved with packed filters. A piece of work is a band of one image and a block of channels.</summary>
internal unsafe struct DepthwiseSums<TLanes, TVector> : IParallelBody
    where TLanes : ILanes<TVector>
    where TVector : struct
{
    public required DepthwiseTiling Tiling;
    public required float* Source, Filters, Destination;
    public required bool Accumulate;
    public required float*[] Scratch;

    public readonly void Run(CpuThreads threads)
    {
        var body = this;
        threads.For(checked(Tiling.Units * Tiling.Blocks), ref body);
    }

    public readonly void Invoke(int index, int worker)
    {
        var piece = Tiling.Piece(index / Tiling.Blocks, index % Tiling.Blocks);
        int border = Tiling.Kernel / 2;
        float* filters = Filters + (long)(index % Tiling.Blocks) * DepthwiseFilters.BlockFloats(Tiling.Kernel);
        float* band = Scratch[worker], sums = stackalloc float[DepthwiseTiling.Run * DepthwiseTiling.Block];
        Tiling.Copy(Source, piece, piece.FirstRow - border, piece.Rows + Tiling.Kernel - 1, -border, Tiling.BandColumns, band);
        for (int row = 0; row < piece.Rows; row++)
        {
            long line = ((long)piece.Image * Tiling.Height + piece.FirstRow + row) * Tiling.Width;
            for (int column = 0; column < Tiling.Width; column += DepthwiseTiling.Run)
            {
                float* window = band + ((long)row * Tiling.BandColumns + column) * DepthwiseTiling.Block;
                for (int channel = 0; channel < DepthwiseTiling.Block; channel += TLanes.Width)
                    SumRun(window + channel, filters + channel, sums + channel);
                float* destination = Destination + (line + column) * Tiling.Channels + piece.FirstChannel;
                int positions = Math.Min(DepthwiseTiling.Run, Tiling.Width - column);
                for (int i = 0; i < positions; i++, destination += Tiling.Channels)
                    Put(sums + i * DepthwiseTiling.Block, destination, piece.Channels);
            }
        }
    }

    /// <summary>One vector of channels at the positions of a run, all taps.</summary>
    private readonly void SumRun(float* window, float* filter, float* sums)
    {
        const int step = DepthwiseTiling.Block;
        int kernel = Tiling.Kernel;
        var bias = TLanes.Load(filter + kernel * kernel * step);
        TVector s0 = bias, s1 = bias, s2 = bias, s3 = bias, s4 = bias, s5 = bias, s6 = bias;
        for (int tapRow = 0; tapRow < kernel; tapRow++, window += (long)Tiling.BandColumns * step)
        {
            float* at = window;
            for (int tap = 0; tap < kernel; tap++, at += step, filter += step)
            {
                var weight = TLanes.Load(filter);
                s0 = TLanes.MultiplyAdd(TLanes.Load(at), weight, s0);
                s1 = TLanes.MultiplyAdd(TLanes.Load(at + step), weight, s1);
                s2 = TLanes.MultiplyAdd(TLanes.Load(at + 2 * step), weight, s2);
                s3 = TLanes.MultiplyAdd(TLanes.Load(at + 3 * step), weight, s3);
                s4 = TLanes.MultiplyAdd(TLanes.Load(at + 4 * step), weight, s4);
                s5 = TLanes.MultiplyAdd(TLanes.Load(at + 5 * step), weight, s5);
                s6 = TLanes.MultiplyAdd(TLanes.Load(at + 6 * step), weight, s6);
            }
        }

        TLanes.Store(s0, sums);
        TLanes.Store(s1, sums + step);
        TLanes.Store(s2, sums + 2 * step);
        TLanes.Store(s3, sums + 3 * step);
        TLanes.Store(s4, sums + 4 * step);
        TLanes.Store(s5, sums + 5 * step);
        TLanes.Store(s6, sums + 6 * step);
    }

    private readonly void Put(float* sums, float* destination, int channels)
    {
        int i = 0;
        for (; i <= channels - TLanes.Width; i += TLanes.Width)
        {
            var sum = TLanes.Load(sums + i);
            TLanes.Store(Accumulate ? TLanes.Add(TLanes.Load(destination + i), sum) : sum, destination + i);
        }

        for (; i < channels; i++)
            destination[i] = Accumulate ? destination[i] + sums[i] : sums[i];
    }
}
