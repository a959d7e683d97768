using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu;

/// <summary>
/// Reductions over rows: the rows are cut into chunks whose number depends on the shape alone, each chunk is summed by one worker, and
/// the partial sums are added in order. So the bits are the same for any number of workers.
/// </summary>
internal static unsafe class RowChunks
{
    private const int MostChunks = 64;
    private const int FewestRows = 32;

    /// <summary>Chunks for that many rows.</summary>
    public static int Count(int rows) => Math.Clamp((rows + FewestRows - 1) / FewestRows, 1, MostChunks);

    /// <summary>Rows of chunk <paramref name="index"/>.</summary>
    public static (int First, int End) Range(int index, int rows)
    {
        int chunks = Count(rows);
        return ((int)((long)rows * index / chunks), (int)((long)rows * (index + 1) / chunks));
    }

    /// <summary>destination[columns] (+)= the sum of <paramref name="chunks"/> partial rows, in order.</summary>
    public static void Combine(float* partial, int chunks, int columns, float* destination, bool accumulate)
    {
        var add = new AddRows { Partial = partial, Chunks = chunks, Columns = columns, Destination = destination, Accumulate = accumulate };
        Elementwise.Range(ref add, 0, columns);
    }

    private struct AddRows : IElementwise
    {
        public float* Partial, Destination;
        public int Chunks, Columns;
        public bool Accumulate;

        public readonly void Invoke<TLanes, TVector>(int i)
            where TLanes : ILanes<TVector>
            where TVector : struct
        {
            var sum = Accumulate ? TLanes.Load(Destination + i) : TLanes.Zero;
            for (int chunk = 0; chunk < Chunks; chunk++)
                sum = TLanes.Add(sum, TLanes.Load(Partial + (long)chunk * Columns + i));
            TLanes.Store(sum, Destination + i);
        }
    }
}
