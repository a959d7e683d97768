using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Tensors;
using Robustify.Native.Workflows.SelfTests;

namespace Robustify.Native.Tests.Workflows;

public sealed class ImageCaseTests
{
    [Fact]
    public void ImagesThatDifferOrDoNotRepeatOrAreNoNumbersFail()
    {
        Assert.True(Run(0, [1, 2], [1, 2]).Passed);
        var differing = Run(0, [1, 3], [1, 3]);
        Assert.False(differing.Passed);
        Assert.Equal("1 of 2 values differ by up to 1, 0 allowed", differing.Failure);
        Assert.False(Run(0.5, [1, 3], [1, 3]).Passed);
        Assert.True(Run(1, [1, 3], [1, 3]).Passed);
        Assert.False(Run(1, [float.NaN, 9], [float.NaN, 9]).Passed);
        Assert.False(Run(1, [1.5f, float.NaN], [1.5f, float.NaN]).Passed);
        var changing = Run(1, [1, 2], [1, 2.5f]);
        Assert.Equal((false, "two runs differ"), (changing.Passed, changing.Failure));
    }

    private static SelfTestResult Run(double tolerance, float[] first, float[] second)
    {
        using var backend = new CpuBackend(1);
        return new Told(tolerance, first, second).Run(backend);
    }

    /// <summary>A device that makes what it is told, where 1, 2 is right.</summary>
    private sealed class Told(double tolerance, float[] first, float[] second) : ImageCase("told", "values")
    {
        private readonly Queue<float[]> answers = new([first, second]);

        public override DType Type => DType.Float32;

        public override double Tolerance => tolerance;

        protected override float[] Expected() => [1, 2];

        protected override float[] Made(IBackend backend) => answers.Dequeue();
    }
}
