using System.Runtime.ExceptionServices;

namespace Robustify.Kernels.Cpu;

/// <summary>Work that splits into numbered, independent pieces. Implement it as a struct that carries the operands.</summary>
public interface IParallelBody
{
    /// <summary>Does piece <paramref name="index"/>; <paramref name="worker"/> (0..Count-1) names the scratch memory to use.</summary>
    void Invoke(int index, int worker);
}

/// <summary>
/// A fixed crew of worker threads. A piece is computed wholly by one worker and the pieces do not depend on how many there are, so results
/// never depend on the worker count. Running a body allocates nothing.
/// </summary>
public sealed unsafe class CpuThreads : IDisposable
{
    // Long enough to bridge the gap between two kernels of one step, short enough not to steal a shared core.
    private const int SpinsBeforeSleep = 2000;

    private readonly Thread[] threads;
    private readonly SemaphoreSlim[] wake;
    private readonly Lock gate = new();
    private volatile bool stopping;

    // The number of the loop in the high half, pieces nobody has taken yet in the low one: a worker that wakes late, after the loop it was
    // called for has ended, cannot take a piece of another by mistake, and nobody waits for it.
    private long state;
    private int completed;
    private int count;
    private void* body;
    private delegate* managed<void*, int, int, void> invoke;
    private Exception? failure;

    /// <param name="workers">Threads that compute, the calling one included; at least 1.</param>
    public CpuThreads(int workers)
    {
        if (workers is < 1 or > 1024)
            throw new RobustifyException($"workers: {workers} found, 1..1024 expected");
        Count = workers;
        threads = new Thread[workers - 1];
        wake = new SemaphoreSlim[workers - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int worker = i + 1;
            wake[i] = new SemaphoreSlim(0);
            threads[i] = new Thread(() => Loop(worker)) { IsBackground = true, Name = $"robustify-cpu-{worker}" };
            threads[i].Start();
        }
    }

    /// <summary>Threads that compute, the calling one included.</summary>
    public int Count { get; }

    /// <summary>Runs pieces 0..<paramref name="pieces"/>-1 of <paramref name="work"/> and returns when all are done.</summary>
    public void For<TBody>(int pieces, ref TBody work)
        where TBody : struct, IParallelBody
    {
        if (threads.Length == 0 || pieces <= 1)
        {
            for (int i = 0; i < pieces; i++)
                work.Invoke(i, 0);
            return;
        }

#pragma warning disable CS8500 // the body may hold references: it is pinned here and outlives every use, as this method waits for all pieces
        fixed (TBody* pinned = &work)
#pragma warning restore CS8500
        {
            lock (gate)
            {
                body = pinned;
                invoke = &Call<TBody>;
                count = pieces;
                completed = 0;
                failure = null;
                long loop = (state >> 32) + 1;
                Volatile.Write(ref state, (loop << 32) | (uint)pieces);
                foreach (var signal in wake)
                {
                    if (signal.CurrentCount == 0)
                        signal.Release();
                }

                Drain(0);
                var spinner = new SpinWait();
                while (Volatile.Read(ref completed) != pieces)
                    spinner.SpinOnce(sleep1Threshold: -1);
                // As it is, so that a caller sees the same error for any number of workers.
                if (failure is not null)
                    ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopping = true;
        foreach (var signal in wake)
            signal.Release();
        foreach (var thread in threads)
            thread.Join();
        foreach (var signal in wake)
            signal.Dispose();
    }

    private static void Call<TBody>(void* work, int index, int worker)
        where TBody : struct, IParallelBody => System.Runtime.CompilerServices.Unsafe.AsRef<TBody>(work).Invoke(index, worker);

    /// <summary>Takes pieces until none is left. A piece that was taken keeps its loop, and so the body, alive until it is counted.</summary>
    private void Drain(int worker)
    {
        while (true)
        {
            long seen = Volatile.Read(ref state);
            int left = (int)seen;
            if (left == 0)
                return;
            if (Interlocked.CompareExchange(ref state, seen - 1, seen) != seen)
                continue;
            try
            {
                invoke(body, count - left, worker);
            }
            catch (Exception error)
            {
                failure = error;
            }

            Interlocked.Increment(ref completed);
        }
    }

    private void Loop(int worker)
    {
        while (!stopping)
        {
            Drain(worker);
            for (int spin = 0; (int)Volatile.Read(ref state) == 0 && !stopping && spin < SpinsBeforeSleep; spin++)
                Thread.SpinWait(4);
            if ((int)Volatile.Read(ref state) == 0)
                wake[worker - 1].Wait();
        }
    }
}
