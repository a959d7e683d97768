using System.Runtime.InteropServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>Every operation of losses, elementwise and optimisation, run once over shared operands.</summary>
public sealed class WorkerIndependenceTests
{
    [Fact]
    public void ResultsHaveTheSameBitsWithOneTwoAndThreeWorkers()
    {
        byte[] one = ResultsWith(1);
        Assert.Equal(one, ResultsWith(2));
        Assert.Equal(one, ResultsWith(3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void NothingIsAllocatedInSteadyState(int workers)
    {
        using var backend = new CpuBackend(workers);
        using var memory = new OperandMemory();
        var operands = new Operands(memory);
        for (int warm = 0; warm < 3; warm++)
            operands.RunAll(backend);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < 10; step++)
            operands.RunAll(backend);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] ResultsWith(int workers)
    {
        using var backend = new CpuBackend(workers);
        using var memory = new OperandMemory();
        var operands = new Operands(memory);
        double sum = operands.RunAll(backend);
        var bytes = BitConverter.GetBytes(sum).ToList();
        foreach (var view in operands.Results)
            bytes.AddRange(MemoryMarshal.AsBytes(view.Span).ToArray());
        return [.. bytes];
    }

    private sealed class Operands(OperandMemory memory)
    {
        private const int Rows = 96, Classes = 301, Flat = 3 * 16384 + 5;

        private readonly TensorView logits = memory.Normal(1, 2, Rows, Classes), targets = memory.Normal(2, 2, Rows, Classes);
        private readonly TensorView weights = memory.Filled(0.7f, Rows), labels = memory.Integers(Enumerable.Range(0, Rows).ToArray());
        private readonly TensorView losses = memory.Filled(0, 1), dlogits = memory.Filled(0, Rows, Classes);
        private readonly TensorView x = memory.Normal(3, 1, 3, Flat / 3), branch = memory.Normal(4, 1, 3, Flat / 3);
        private readonly TensorView y = memory.Filled(0, 3, Flat / 3);
        private readonly TensorView ids = memory.Integers(5, 1, 900), epoch = memory.Integers(2);
        private readonly TensorView parameters = memory.Normal(5, 1, Flat), gradient = memory.Normal(6, 1, Flat);
        private readonly TensorView constants = memory.Filled(0, OptimizerConstants.Floats), sum = Sum(memory);
        private readonly TensorView state0 = memory.Filled(0, Flat), state1 = memory.Filled(0, Flat);

        public TensorView[] Results => [losses, dlogits, y, parameters, state0, state1];

        public double RunAll(CpuBackend backend)
        {
            var draw = new DropoutDraw(1, (uint)RandomPurpose.Dropout, epoch, 0.3f);
            backend.CrossEntropy(logits, labels, losses, dlogits, 0, Rows, 0.1f, 1, accumulate: false);
            backend.Distillation(logits, targets, weights, losses, dlogits, 0, Rows, 2, 1, accumulate: true);
            backend.JensenShannon(logits, losses, dlogits, 12, accumulate: true);
            backend.Dropout(x, ids, y, draw, accumulate: false);
            backend.StochasticDepth(y, branch, ids, y, draw);
            backend.Add(x, y, y);
            backend.Copy(branch, y, accumulate: true);
            Upload(backend, OptimizerConstants.ForAdamW(0.01f, 0.9f, 0.99f, 1));
            backend.AdamWStep(parameters, gradient, state0, state1, constants, default, new AdamWStepOptions(0.9f, 0.99f, 1e-8f, 0.1f));
            Upload(backend, OptimizerConstants.ForSgd(0.01f, 2));
            backend.SgdStep(parameters, gradient, state0, constants, default, new SgdStepOptions(0.9f, 0, true, 0.1f));
            backend.SumOfSquares(gradient, sum, accumulate: false);
            backend.ClipToNorm(gradient, sum, 1);
            return backend.DownloadScalar<double>(sum);
        }

        private static TensorView Sum(OperandMemory memory) => new(memory.Filled(0, 2).Pointer, DType.Float64, new Shape(1));

        private void Upload(CpuBackend backend, OptimizerConstants numbers) =>
            backend.Upload<float>([numbers.Rate, numbers.AdamStepSize, numbers.AdamRootScale, numbers.FirstStep], constants);
    }
}
