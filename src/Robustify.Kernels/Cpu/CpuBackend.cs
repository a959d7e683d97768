using System.Runtime.Intrinsics;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu.Gemm;
using Robustify.Kernels.Memory;

namespace Robustify.Kernels.Cpu;

/// <summary>
/// The CPU device: float32, System.Numerics.Tensors where it has the operation, own SIMD for matrix products, convolution, attention and
/// norms, on all workers. One file per group of operations.
/// </summary>
public sealed unsafe partial class CpuBackend : IBackend
{
    private readonly CpuThreads threads;
    private readonly NativeBuffer[] workerScratch;
    private readonly float*[] workerPointers;
    private NativeBuffer sharedScratch;

    /// <param name="workers">Threads to compute with; 0 means one per processor.</param>
    public CpuBackend(int workers = 0)
    {
        threads = new CpuThreads(workers == 0 ? Environment.ProcessorCount : workers);
        workerScratch = new NativeBuffer[threads.Count];
        workerPointers = new float*[threads.Count];
        for (int worker = 0; worker < workerScratch.Length; worker++)
            workerScratch[worker] = new NativeBuffer(0, "cpu worker scratch");
        sharedScratch = new NativeBuffer(0, "cpu scratch");
        ReserveWorkerScratch(BlockSizes.WorkerFloats);
    }

    /// <summary>The crew, for work beside the graph such as corrupting images.</summary>
    public CpuThreads Threads => threads;

    /// <inheritdoc cref="Backends.IBackend.Description"/>
    public string Description => $"cpu, {threads.Count} worker{(threads.Count == 1 ? "" : "s")}, {VectorWidth}-bit vectors";

    private static int VectorWidth => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <inheritdoc/>
    public void Dispose()
    {
        threads.Dispose();
        foreach (var scratch in workerScratch)
            scratch.Dispose();
        sharedScratch.Dispose();
    }

    /// <summary>
    /// Memory of at least <paramref name="floats"/> elements that one worker may use until it finishes its piece of work. Call it before
    /// the parallel part; it grows on first use and is then steady.
    /// </summary>
    private void ReserveWorkerScratch(long floats)
    {
        for (int worker = 0; worker < workerScratch.Length; worker++)
        {
            if (workerScratch[worker].Bytes >= floats * sizeof(float))
                continue;
            workerScratch[worker].Dispose();
            workerScratch[worker] = new NativeBuffer(floats * sizeof(float), "cpu worker scratch");
            workerPointers[worker] = (float*)workerScratch[worker].Pointer;
        }
    }

    /// <summary>Memory of at least <paramref name="floats"/> elements that one operation may use until it returns.</summary>
    private float* SharedScratch(long floats)
    {
        if (sharedScratch.Bytes < floats * sizeof(float))
        {
            sharedScratch.Dispose();
            sharedScratch = new NativeBuffer(floats * sizeof(float), "cpu scratch");
        }

        return (float*)sharedScratch.Pointer;
    }

    private float* WorkerScratch(int worker) => workerPointers[worker];

    /// <summary>C (+)= op(A) op(B), then the epilogue; row stride of C = n.</summary>
    private void Multiply<TA, TB, TEpilogue>(int m, int n, int k, TA a, TB b, float* c, bool accumulate, TEpilogue epilogue)
        where TA : struct, IPanelSource
        where TB : struct, IPanelSource
        where TEpilogue : struct, IEpilogue
    {
        var product = new Product<TA, TB, TEpilogue>
        {
            M = m, N = n, K = k, A = a, B = b, C = c, Stride = n, Accumulate = accumulate, Epilogue = epilogue,
        };
        product.Run(threads, SharedScratch(BlockSizes.SharedFloats), workerPointers);
    }
}
