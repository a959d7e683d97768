using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Parity.Cases;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Parity;

public sealed class CpuParityTests
{
    public static TheoryData<string> Operations() => new(ParityCases.All().Select(entry => entry.Operation).Distinct());

    [Theory]
    [MemberData(nameof(Operations))]
    public void The_cpu_computes_what_plain_loops_in_double_do(string operation)
    {
        using var backend = new CpuBackend(2);
        foreach (var entry in ParityCases.All().Where(entry => entry.Operation == operation))
        {
            var outcome = CaseRunner.Run(entry, backend, DType.Float32);
            Assert.True(outcome.Passed, $"{entry.Name}: {outcome.Worst}");
        }
    }

    [Fact]
    public void The_cpu_computes_the_slopes_of_its_forward_operations()
    {
        using var backend = new CpuBackend(2);
        foreach (var entry in GradientCaseList.All())
        {
            var outcome = CaseRunner.Run(entry, backend, DType.Float32);
            Assert.True(outcome.Passed, $"{entry.Name}: {outcome.Worst}");
        }
    }

    [Fact]
    public void Every_backward_operation_is_held_against_differences()
    {
        var backward = ParityCases.All().Select(entry => entry.Operation).Distinct().Where(name => name.Contains("Gradient", StringComparison.Ordinal));
        string[] expected = [.. backward, "CrossEntropy", "Distillation", "JensenShannon", "Dropout", "StochasticDepth"];
        Assert.Equal(expected.Order(), GradientCaseList.All().Select(entry => entry.Operation).Distinct().Order());
    }

    [Fact]
    public void A_wrong_slope_fails_its_case()
    {
        using var backend = new CpuBackend(1);
        var forward = new LayerNormCase(3, 8);
        Assert.False(CaseRunner.Run(new GradientCase(forward, new ForgetsTheMean()), backend, DType.Float32).Passed);
    }

    [Fact]
    public void Every_case_has_a_name_of_its_own()
    {
        var names = ParityCases.All().Concat(GradientCaseList.All()).Select(entry => entry.Name).ToList();
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void A_wrong_element_fails_its_case()
    {
        using var backend = new CpuBackend(1);
        Assert.False(CaseRunner.Run(new OffByOneCase(), backend, DType.Float32).Passed);
        Assert.False(CaseRunner.Run(new UnwrittenCase(), backend, DType.Float32).Passed);
    }

    private sealed class OffByOneCase : OperationCase
    {
        private readonly Operand x, y;

        public OffByOneCase()
            : base("Copy", "off in the last element")
        {
            x = Activations("x", new Shape(50));
            y = Activations("y", new Shape(50), OperandRole.Output);
        }

        public override double Tolerance => Pointwise;

        public override void Run(IBackend backend) => backend.Copy(x, y, false);

        protected override void Reference()
        {
            x.Values.CopyTo(y.Expected, 0);
            y.Expected[^1] += 1e-3;
        }
    }

    /// <summary>A backward pass of layer normalisation that takes the statistics for constants: dx = dy gamma rstd.</summary>
    private sealed class ForgetsTheMean : OperationCase
    {
        private readonly Operand dy, reciprocalDeviation, gamma, dx;

        public ForgetsTheMean()
            : base("LayerNormInputGradient", "that forgets the mean")
        {
            dy = Activations("dy", new Shape(3, 8));
            reciprocalDeviation = Floats("reciprocalDeviation", new Shape(3));
            gamma = Floats("gamma", new Shape(8));
            dx = Activations("dx", new Shape(3, 8), OperandRole.Output);
        }

        public override double Tolerance => Accumulated;

        public override void Run(IBackend backend)
        {
            for (int i = 0; i < 24; i++)
                dx.View.Span[i] = dy.View.Span[i] * gamma.View.Span[i % 8] * reciprocalDeviation.View.Span[i / 8];
        }

        protected override void Reference() => throw new NotSupportedException("it is held against differences");
    }

    private sealed class UnwrittenCase : OperationCase
    {
        private readonly Operand x, y;

        public UnwrittenCase()
            : base("Copy", "leaves the last element out")
        {
            x = Activations("x", new Shape(50));
            y = Activations("y", new Shape(51), OperandRole.Output);
        }

        public override double Tolerance => Pointwise;

        public override void Run(IBackend backend) => backend.Copy(x, new TensorView(y.View.Pointer, y.Type, x.Shape), false);

        protected override void Reference()
        {
            x.Values.CopyTo(y.Expected, 0);
            y.Expected[^1] = 0;
        }
    }
}
