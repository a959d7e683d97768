using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.SoftwareCuda.Tests.Device;
using Xunit.Abstractions;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>The whole training step, captured and replayed on CUDA, beside the CPU's.</summary>
public sealed class DistillationCurveTests(ITestOutputHelper output)
{
    private const int Steps = 50;

    // Relative to the CPU's loss, over all steps. fp32: sums in another order, some 1e-7 a step, which AdamW's normalised updates carry
    // through fifty steps (measured 1.5e-7). bf16: an activation is rounded to 1/256 of itself; the loss averages over a batch and classes, so
    // most of it cancels, and fp32 master weights keep the rest from growing (measured 1.8e-3).
    [SoftwareCudaTheory]
    [InlineData(Precision.Fp32, 1e-5)]
    [InlineData(Precision.Bf16, 1e-2)]
    public void The_loss_of_fifty_steps_follows_the_CPUs_and_repeats_to_the_bit(Precision precision, double bound)
    {
        using var cpu = new CpuBackend(2);
        var (expected, _) = TinyDistillation.Run(new ComputeTarget(cpu), Steps);
        Assert.True(expected[^8..].Average() < 0.9 * expected[..8].Average(), "the model learns nothing, so the curve shows nothing");

        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            var (losses, trained) = TinyDistillation.Run(new ComputeTarget(cuda, precision), Steps);
            double worst = 0;
            for (int i = 0; i < Steps; i++)
                worst = Math.Max(worst, Math.Abs(losses[i] - expected[i]) / expected[i]);
            output.WriteLine($"{precision}: first {losses[0]:G9} (CPU {expected[0]:G9}), last {losses[^1]:G9} (CPU {expected[^1]:G9}), worst {worst:G3}");
            var (again, trainedAgain) = TinyDistillation.Run(new ComputeTarget(cuda, precision), Steps, stepsBetweenReads: Steps);
            Assert.Equal(trained, trainedAgain);
            Assert.Equal(losses.Average(), again[^1], 1e-5 * losses.Average());
            Assert.True(worst < bound, $"worst relative difference {worst:G3}, at most {bound} expected");
        }

        device.ExpectClean();
    }
}
