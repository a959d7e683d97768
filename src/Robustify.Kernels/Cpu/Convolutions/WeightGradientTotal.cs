using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// dweight[output][depth] (+)= the partial sums [part][depth][padded outputs], added in order and turned round, a block of depth at a time.
/// </summary>
internal unsafe struct WeightGradientTotal : IParallelBody
{
    // One cache line of dweight.
    private const int BlockDepth = 16;

    public required float* Partial, Destination;
    public required int Parts, Depth, PaddedOutputs, Outputs;
    public required bool Accumulate;

    public readonly void Run(CpuThreads threads)
    {
        var body = this;
        threads.For((Depth + BlockDepth - 1) / BlockDepth, ref body);
    }

    public readonly void Invoke(int index, int worker)
    {
        int first = index * BlockDepth, depth = Math.Min(BlockDepth, Depth - first);
        // The first part's block takes the total: nobody else reads it.
        float* total = Partial + (long)first * PaddedOutputs;
        var add = new AddParts { Total = total, Parts = Parts, PartStride = (long)Depth * PaddedOutputs };
        Elementwise.Range(ref add, 0, depth * PaddedOutputs);

        for (int output = 0; output < Outputs; output++)
        {
            float* destination = Destination + (long)output * Depth + first;
            for (int i = 0; i < depth; i++)
            {
                float value = total[i * PaddedOutputs + output];
                destination[i] = Accumulate ? destination[i] + value : value;
            }
        }
    }

    private struct AddParts : IElementwise
    {
        public float* Total;
        public int Parts;
        public long PartStride;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var sum = TLanes.Load(Total + i);
            for (int part = 1; part < Parts; part++)
                sum = TLanes.Add(sum, TLanes.Load(Total + part * PartStride + i));
            TLanes.Store(sum, Total + i);
        }
    }
}
