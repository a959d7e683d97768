using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// One operation at one shape: its operands, the call, and a reference in double by plain loops. The same cases run in the tests, on
/// every device, and in the published binary's <c>selftest</c>. A derived class declares operands in its constructor.
/// </summary>
internal abstract class OperationCase(string operation, string detail)
{
    /// <summary>float32 against double, one pass of arithmetic: some tens of roundings of 6e-8.</summary>
    protected const double Pointwise = 1e-5;

    /// <summary>float32 against double, sums of many terms: their order differs, and rounding grows with the root of their number.</summary>
    protected const double Accumulated = 1e-4;

    private readonly List<Operand> operands = [];
    private bool hasStorage;

    /// <summary>The backend's method.</summary>
    public string Operation => operation;

    /// <summary>Operation, shapes and options: unique in the list.</summary>
    public string Name => $"{operation} {detail}";

    /// <summary>Largest error of an output against the reference's largest magnitude, before storage rounds it.</summary>
    public abstract double Tolerance { get; }

    /// <summary>Whether there are operands that may be stored as bfloat16.</summary>
    public virtual bool HasStorage => hasStorage;

    /// <summary>In the order of declaration.</summary>
    public virtual IReadOnlyList<Operand> Operands => operands;

    /// <summary>Draws all operands and computes what is expected.</summary>
    public virtual void Prepare(DType storage)
    {
        Draw(storage);
        Evaluate();
    }

    /// <summary>Draws all operands; another <paramref name="stream"/> gives other draws.</summary>
    public void Draw(DType storage, uint stream = 0)
    {
        for (int i = 0; i < operands.Count; i++)
            operands[i].Prepare(storage, (stream << 16) + (uint)i);
        Adjust();
    }

    /// <summary>Computes what is expected of the values as they are now.</summary>
    public void Evaluate()
    {
        foreach (var operand in operands)
            operand.Expect();
        Reference();
    }

    /// <summary>The call; operands stand for their views.</summary>
    public abstract void Run(IBackend backend);

    /// <summary>Changes drawn values where the operation does not take any.</summary>
    protected virtual void Adjust()
    {
    }

    /// <summary>Fills <see cref="Operand.Expected"/> of what is written, from <see cref="Operand.Values"/>.</summary>
    protected abstract void Reference();

    /// <summary>Activations: float32 or bfloat16, uniform on [-1, 1) times <paramref name="scale"/> plus <paramref name="offset"/>.</summary>
    protected Operand Activations(
        string name, Shape shape, OperandRole role = OperandRole.Input, double scale = 1, double offset = 0, int shift = 0)
    {
        hasStorage = true;
        return Add(new Operand(name, role, shape, true, DType.Float32, word => Uniform(word, scale, offset), shift));
    }

    /// <summary>What is float32 whatever the storage is.</summary>
    protected Operand Floats(
        string name, Shape shape, OperandRole role = OperandRole.Input, double scale = 1, double offset = 0, int shift = 0) =>
        Add(new Operand(name, role, shape, false, DType.Float32, word => Uniform(word, scale, offset), shift));

    /// <summary>An operand of one type whatever the storage is.</summary>
    protected Operand Typed(
        string name, DType type, Shape shape, OperandRole role = OperandRole.Input, double scale = 1, double offset = 0) =>
        Add(new Operand(name, role, shape, false, type, word => Uniform(word, scale, offset), 0));

    /// <summary>Integers 0 .. <paramref name="end"/> - 1.</summary>
    protected Operand Integers(string name, Shape shape, int end, OperandRole role = OperandRole.Input) =>
        Add(new Operand(name, role, shape, false, DType.Int32, word => word % (uint)end, 0));

    /// <summary>Role of a gradient's destination.</summary>
    protected static OperandRole Written(bool accumulate) => accumulate ? OperandRole.Updated : OperandRole.Output;

    /// <summary>expected[i] = value, added to what was there if so.</summary>
    protected static void Store(Operand destination, long i, double value, bool accumulate) =>
        destination.Expected[i] = value + (accumulate ? destination.Values[i] : 0);

    private static double Uniform(uint word, double scale, double offset) => (2.0 * Philox.ToUnitFloat(word) - 1) * scale + offset;

    private Operand Add(Operand operand)
    {
        operands.Add(operand);
        return operand;
    }
}
