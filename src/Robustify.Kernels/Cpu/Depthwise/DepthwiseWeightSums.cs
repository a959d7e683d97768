using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Depthwise;

/// <summary>
/// Partial sums of the weight gradient, each over its share of the bands: partial[part][tap][padded channels]. The shares follow from the
/// shapes alone, so the bits are the same for any number of workers.
/// </summary>
internal unsafe struct DepthwiseWeightSums<TLanes, TVector> : IParallelBody
    where TLanes : ILanes<TVector>
    where TVector : struct
{
    private const int MostParts = 32;

    private readonly DepthwiseTiling tiling;
    private readonly float* dy, x;
    private readonly float*[] scratch;
    private float* partial;

    public DepthwiseWeightSums(in DepthwiseTiling tiling, float* dy, float* x, float*[] scratch)
    {
        this.tiling = tiling;
        this.dy = dy;
        this.x = x;
        this.scratch = scratch;
        Parts = Math.Min(tiling.Units, MostParts);
    }

    /// <summary>Number of partial sums.</summary>
    public int Parts { get; }

    /// <summary>Floats of all partial sums.</summary>
    public readonly long PartialFloats => (long)Parts * tiling.Kernel * tiling.Kernel * tiling.PaddedChannels;

    /// <summary>Floats of scratch each worker needs: x with its border, dy, and the sums of a block.</summary>
    public readonly long WorkerFloats => tiling.CopyFloats + GradientFloats + (long)tiling.Kernel * TapColumns * DepthwiseTiling.Block;

    private readonly int GradientFloats => tiling.BandRows * tiling.Width * DepthwiseTiling.Block;

    private readonly int TapColumns => DepthwiseTiling.WholeRuns(tiling.Kernel);

    public readonly void Run(CpuThreads threads, float* destination)
    {
        var body = this;
        body.partial = destination;
        threads.For(checked(Parts * tiling.Blocks), ref body);
    }

    public readonly void Invoke(int index, int worker)
    {
        int part = index / tiling.Blocks, block = index % tiling.Blocks, border = tiling.Kernel / 2;
        float* band = scratch[worker], gradient = band + tiling.CopyFloats, sums = gradient + GradientFloats;
        new Span<float>(sums, tiling.Kernel * TapColumns * DepthwiseTiling.Block).Clear();
        int end = (int)((long)tiling.Units * (part + 1) / Parts);
        for (int unit = (int)((long)tiling.Units * part / Parts); unit < end; unit++)
        {
            var piece = tiling.Piece(unit, block);
            tiling.Copy(x, piece, piece.FirstRow - border, piece.Rows + tiling.Kernel - 1, -border, tiling.BandColumns, band);
            tiling.Copy(dy, piece, piece.FirstRow, piece.Rows, 0, tiling.Width, gradient);
            for (int tapRow = 0; tapRow < tiling.Kernel; tapRow++)
            {
                for (int tap = 0; tap < TapColumns; tap += DepthwiseTiling.Run)
                {
                    float* window = band + ((long)tapRow * tiling.BandColumns + tap) * DepthwiseTiling.Block;
                    float* total = sums + (tapRow * TapColumns + tap) * DepthwiseTiling.Block;
                    for (int channel = 0; channel < DepthwiseTiling.Block; channel += TLanes.Width)
                        AddRun(window + channel, gradient + channel, piece.Rows, total + channel);
                }
            }
        }

        float* destination = partial + (long)part * tiling.Kernel * tiling.Kernel * tiling.PaddedChannels + block * DepthwiseTiling.Block;
        for (int tap = 0; tap < tiling.Kernel * tiling.Kernel; tap++, destination += tiling.PaddedChannels)
        {
            float* from = sums + (tap / tiling.Kernel * TapColumns + tap % tiling.Kernel) * DepthwiseTiling.Block;
            new ReadOnlySpan<float>(from, DepthwiseTiling.Block).CopyTo(new Span<float>(destination, DepthwiseTiling.Block));
        }
    }

    /// <summary>One vector of channels at the taps of a run, all positions of the band.</summary>
    private readonly void AddRun(float* window, float* gradient, int rows, float* sums)
    {
        const int step = DepthwiseTiling.Block;
        TVector s0 = TLanes.Load(sums), s1 = TLanes.Load(sums + step), s2 = TLanes.Load(sums + 2 * step), s3 = TLanes.Load(sums + 3 * step);
        TVector s4 = TLanes.Load(sums + 4 * step), s5 = TLanes.Load(sums + 5 * step), s6 = TLanes.Load(sums + 6 * step);
        for (int row = 0; row < rows; row++, window += (long)tiling.BandColumns * step)
        {
            float* at = window;
            for (int column = 0; column < tiling.Width; column++, at += step, gradient += step)
            {
                var dy = TLanes.Load(gradient);
                s0 = TLanes.MultiplyAdd(TLanes.Load(at), dy, s0);
                s1 = TLanes.MultiplyAdd(TLanes.Load(at + step), dy, s1);
                s2 = TLanes.MultiplyAdd(TLanes.Load(at + 2 * step), dy, s2);
                s3 = TLanes.MultiplyAdd(TLanes.Load(at + 3 * step), dy, s3);
                s4 = TLanes.MultiplyAdd(TLanes.Load(at + 4 * step), dy, s4);
                s5 = TLanes.MultiplyAdd(TLanes.Load(at + 5 * step), dy, s5);
                s6 = TLanes.MultiplyAdd(TLanes.Load(at + 6 * step), dy, s6);
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
}
