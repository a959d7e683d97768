using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Parity;
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
    public void Every_case_has_a_name_of_its_own()
    {
        var names = ParityCases.All().Select(entry => entry.Name).ToList();
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
