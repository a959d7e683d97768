using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

/// <summary>Memory of the CPU device is the process's own, and calls take effect at once: nothing to wait for.</summary>
public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc cref="IBackend.IsHostMemory"/>
    public bool IsHostMemory => true;

    /// <inheritdoc cref="IBackend.AvailableBytes"/>
    public long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <inheritdoc cref="IBackend.Allocate"/>
    public DeviceBuffer Allocate(long bytes, string purpose) => new NativeBuffer(bytes, purpose);

    /// <inheritdoc cref="IBackend.Upload"/>
    public void Upload(ReadOnlySpan<byte> source, TensorView destination) =>
        source.CopyTo(new Span<byte>((void*)destination.Pointer, source.Length));

    /// <inheritdoc cref="IBackend.Download"/>
    public void Download(TensorView source, Span<byte> destination) =>
        new ReadOnlySpan<byte>((void*)source.Pointer, destination.Length).CopyTo(destination);

    /// <inheritdoc cref="IBackend.Synchronize"/>
    public void Synchronize()
    {
    }

    /// <inheritdoc cref="IBackend.Capture"/>
    public CapturedWork Capture(Action work) => new RepeatedWork(work);

    /// <inheritdoc cref="IBackend.Cast"/>
    public void Cast(TensorView x, TensorView y, bool accumulate)
    {
        if (x.Type == DType.Float32 && y.Type == DType.Float32)
        {
            Copy(x, y, accumulate);
            return;
        }

        var body = new CastPieces { X = x, Y = y, Accumulate = accumulate };
        threads.For(FlatPieces(y.Shape.Count), ref body);
    }

    private sealed class RepeatedWork(Action work) : CapturedWork
    {
        public override void Replay() => work();

        public override void Dispose()
        {
        }
    }

    private struct CastPieces : IParallelBody
    {
        public TensorView X;
        public TensorView Y;
        public bool Accumulate;

        public readonly void Invoke(int index, int worker)
        {
            long first = (long)index * FlatPieceLength, end = Math.Min(Y.Shape.Count, first + FlatPieceLength);
            for (long i = first; i < end; i++)
            {
                float value = Load(X, i);
                Store(Accumulate ? Load(Y, i) + value : value, Y, i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float Load(TensorView view, long i) =>
            view.Type == DType.Float32 ? view.Floats[i] : (float)((BFloat16*)view.Pointer)[i];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(float value, TensorView view, long i)
        {
            if (view.Type == DType.Float32)
                view.Floats[i] = value;
            else
                ((BFloat16*)view.Pointer)[i] = (BFloat16)value;
        }
    }
}
