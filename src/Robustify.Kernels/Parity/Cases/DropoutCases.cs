using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Inverted dropout: the mask must be the CPU's to the bit, or an element would be off by its whole size.</summary>
internal sealed class DropoutCase : OperationCase
{
    private const ulong Seed = 0x0123456789ABCDEF;
    private const uint Purpose = 7 | 3 << 16;

    private readonly Operand x, sampleIds, epoch, y;
    private readonly float probability;
    private readonly bool accumulate;

    public DropoutCase(int samples, int length, float probability, bool accumulate)
        : base("Dropout", $"[{samples}, {length}] p {probability}{(accumulate ? " accumulate" : "")}")
    {
        (this.probability, this.accumulate) = (probability, accumulate);
        x = Activations("x", new Shape(samples, length));
        sampleIds = Integers("sampleIds", new Shape(samples), 1_000_000);
        epoch = Integers("epoch", new Shape(1), 90);
        y = Activations("y", new Shape(samples, length), Written(accumulate));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) =>
        backend.Dropout(x, sampleIds, y, new DropoutDraw(Seed, Purpose, epoch, probability), accumulate);

    protected override void Reference()
    {
        int length = x.Shape.Columns;
        for (int i = 0; i < x.Values.Length; i++)
        {
            var (sample, element) = Math.DivRem(i, length);
            var words = Philox.Block(Seed, Purpose, (uint)epoch.Values[0], (uint)sampleIds.Values[sample], (uint)element / 4);
            uint word = (element % 4) switch { 0 => words.X, 1 => words.Y, 2 => words.Z, _ => words.W };
            bool keep = Philox.ToUnitFloat(word) >= probability;
            Store(y, i, keep ? x.Values[i] / (1 - (double)probability) : 0, accumulate);
        }
    }
}

/// <summary>Stochastic depth, forward (with x) and backward (without).</summary>
internal sealed class StochasticDepthCase : OperationCase
{
    private const ulong Seed = 0xFEDCBA9876543210;
    private const uint Purpose = 8 | 5 << 16;

    private readonly Operand branch, sampleIds, epoch, y;
    private readonly Operand? x;
    private readonly float probability;

    public StochasticDepthCase(int samples, int length, float probability, bool forward)
        : base("StochasticDepth", $"[{samples}, {length}] p {probability}{(forward ? " forward" : " backward")}")
    {
        this.probability = probability;
        x = forward ? Activations("x", new Shape(samples, length)) : null;
        branch = Activations("branch", new Shape(samples, length));
        sampleIds = Integers("sampleIds", new Shape(samples), 1_000_000);
        epoch = Integers("epoch", new Shape(1), 90);
        y = Activations("y", new Shape(samples, length), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) =>
        backend.StochasticDepth(x, branch, sampleIds, y, new DropoutDraw(Seed, Purpose, epoch, probability));

    protected override void Reference()
    {
        int length = y.Shape.Columns;
        for (int i = 0; i < y.Expected.Length; i++)
        {
            var words = Philox.Block(Seed, Purpose, (uint)epoch.Values[0], (uint)sampleIds.Values[i / length], 0);
            double kept = Philox.ToUnitFloat(words.X) >= probability ? branch.Values[i] / (1 - (double)probability) : 0;
            y.Expected[i] = kept + (x?.Values[i] ?? 0);
        }
    }
}
