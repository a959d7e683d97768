using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Robustify.Kernels.Cpu.Simd;

/// <summary>An elementwise kernel: the body for one vector at an offset. The loop, the width and the tail are <see cref="Elementwise"/>'s.</summary>
internal interface IElementwise
{
    /// <summary>Computes lanes <paramref name="offset"/> .. offset + Width - 1.</summary>
    void Invoke<TLanes, TVector>(int offset)
        where TLanes : ILanes<TVector>
        where TVector : struct;
}

/// <summary>Runs elementwise kernels over a range, at the widest vectors the processor has, across the workers.</summary>
internal static class Elementwise
{
    // A piece is large enough to hide the hand-over and small enough that its operands stay in the second-level cache.
    private const int PieceLength = 16384;

    /// <summary>Runs <paramref name="operation"/> over elements 0..count-1 on all workers.</summary>
    public static void Run<TOperation>(CpuThreads threads, long count, TOperation operation)
        where TOperation : struct, IElementwise
    {
        var body = new Pieces<TOperation> { Operation = operation, Count = checked((int)count) };
        threads.For((int)((count + PieceLength - 1) / PieceLength), ref body);
    }

    /// <summary>Runs <paramref name="operation"/> over elements first..end-1 on this thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Range<TOperation>(ref TOperation operation, int first, int end)
        where TOperation : struct, IElementwise
    {
        if (Vector512.IsHardwareAccelerated)
            Loop<TOperation, Lanes512, Vector512<float>>(ref operation, first, end);
        else if (Vector256.IsHardwareAccelerated)
            Loop<TOperation, Lanes256, Vector256<float>>(ref operation, first, end);
        else
            Loop<TOperation, Lanes128, Vector128<float>>(ref operation, first, end);
    }

    private static void Loop<TOperation, TLanes, TVector>(ref TOperation operation, int first, int end)
        where TOperation : struct, IElementwise
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        int i = first;
        for (; i <= end - TLanes.Width; i += TLanes.Width)
            operation.Invoke<TLanes, TVector>(i);
        for (; i < end; i++)
            operation.Invoke<Lanes1, float>(i);
    }

    private struct Pieces<TOperation> : IParallelBody
        where TOperation : struct, IElementwise
    {
        public TOperation Operation;
        public int Count;

        public readonly void Invoke(int index, int worker)
        {
            var operation = Operation;
            Range(ref operation, index * PieceLength, Math.Min(Count, (index + 1) * PieceLength));
        }
    }
}
