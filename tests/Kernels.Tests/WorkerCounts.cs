using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests;

/// <summary>The promise that every operation makes: the same bits for any number of workers.</summary>
internal static class WorkerCounts
{
    /// <summary>Runs the operation with 1, 2 and 3 workers on equal operands; <paramref name="run"/> returns what it wrote.</summary>
    public static void GiveTheSameBits(ulong seed, Func<CpuBackend, TestTensors, TensorView[]> run)
    {
        float[][] one = Results(1);
        for (int workers = 2; workers <= 3; workers++)
        {
            float[][] more = Results(workers);
            Assert.Equal(one.Length, more.Length);
            for (int i = 0; i < one.Length; i++)
                Expect.SameBits(one[i], more[i]);
        }

        float[][] Results(int workers)
        {
            using var backend = new CpuBackend(workers);
            using var tensors = new TestTensors(seed);
            return [.. run(backend, tensors).Select(view => view.Span.ToArray())];
        }
    }
}
