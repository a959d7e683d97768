using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// A backward operation held against differences of the forward one: every element of a gradient must be the slope of
/// sum over outputs of (upstream gradient x output), computed in double by the forward case's reference. No formula of a derivative is
/// involved, so a mistake made in the kernel and in its analytic reference alike shows here.
/// </summary>
/// <remarks>
/// Operands meet by name: what the backward operation reads under the name of a forward operand or output is that; <c>d</c> and the name of
/// an output is drawn, its upstream gradient; <c>d</c> and the name of a forward operand is what is checked. A loss has the upstream gradient 1.
/// </remarks>
/// <param name="forward">Gives the function; never run on the device.</param>
/// <param name="backward">Is run on the device; its own reference is not used.</param>
internal sealed class GradientCase(OperationCase forward, OperationCase backward)
    : OperationCase(backward.Operation, $"of {forward.Name} by differences")
{
    // Central differences in double: truncation is a third derivative times 1e-11, rounding 1e-16 / 1e-5, both far below float32.
    private const double Step = 1e-5;

    // Distinct values, each of them exact in bfloat16: multiples of 1/64 up to 2.
    private const double Grid = 1.0 / 64;
    private const int MostDistinct = 256;

    private readonly List<(Operand Gradient, double[] Upstream, Operand Output)> weighed = [];

    /// <summary>Names of the backward operation's operands where they are not as the remarks have it.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>A forward operand whose values must differ from one another, because the function has a kink where two are equal.</summary>
    public string? Distinct { get; init; }

    /// <summary>Forward operands made multiples of 1/64, so that what is computed of them and read backward is exact in bfloat16 too.</summary>
    public IReadOnlyList<string> Coarse { get; init; } = [];

    /// <inheritdoc/>
    public override double Tolerance => backward.Tolerance;

    /// <inheritdoc/>
    public override bool HasStorage => backward.HasStorage;

    /// <inheritdoc/>
    public override IReadOnlyList<Operand> Operands => backward.Operands;

    /// <inheritdoc/>
    public override void Run(IBackend backend) => backward.Run(backend);

    /// <inheritdoc/>
    public override void Prepare(DType storage)
    {
        // The function is that of exact arithmetic, at the point that the device's storage can hold. The upstream gradient must be no multiple
        // of an operand: along x itself the slope of a norm, for one, is nothing but rounding.
        forward.Draw(DType.Float64);
        backward.Draw(storage, stream: 1);
        if (Distinct is not null)
            Spread(Forward(Distinct)!);
        foreach (string name in Coarse)
            Coarsen(Forward(name)!);
        foreach (var operand in backward.Operands)
        {
            if (Forward(NameOf(operand)) is { Role: not OperandRole.Output } same)
                Join(operand, same);
        }

        forward.Evaluate();
        foreach (var operand in backward.Operands)
        {
            if (Forward(NameOf(operand)) is { Role: OperandRole.Output } output && operand.Role == OperandRole.Input)
                Fill(operand, output.Expected);
        }

        foreach (var operand in backward.Operands)
            operand.Expect();
        Reference();
    }

    /// <inheritdoc/>
    protected override void Reference()
    {
        FindUpstream();
        foreach (var operand in backward.Operands.Where(operand => operand.Role != OperandRole.Input))
        {
            string name = NameOf(operand);
            if (name[0] == 'd' && Forward(name[1..]) is { } of)
                Differentiate(of, operand);
            else if (Forward(name) is { } output)
                output.Expected.CopyTo(operand.Expected, 0);
            else
                throw new InvalidOperationException($"{Name}: nothing in {forward.Operation} is called {name}");
        }
    }

    private void Differentiate(Operand of, Operand gradient)
    {
        for (int i = 0; i < of.Values.Length; i++)
        {
            double value = of.Values[i];
            of.Values[i] = value + Step;
            double above = WeighedSum();
            of.Values[i] = value - Step;
            gradient.Expected[i] = (above - WeighedSum()) / (2 * Step) + (gradient.Role == OperandRole.Updated ? gradient.Values[i] : 0);
            of.Values[i] = value;
        }

        forward.Evaluate();
    }

    private double WeighedSum()
    {
        forward.Evaluate();
        double sum = 0;
        foreach (var (_, upstream, output) in weighed)
        {
            for (int i = 0; i < upstream.Length; i++)
                sum += upstream[i] * output.Expected[i];
        }

        return sum;
    }

    private void FindUpstream()
    {
        weighed.Clear();
        foreach (var output in forward.Operands.Where(operand => operand.Role != OperandRole.Input))
        {
            if (output.Name == "loss")
                weighed.Add((output, [1], output));
            else if (backward.Operands.FirstOrDefault(operand => NameOf(operand) == "d" + output.Name) is { } upstream)
                weighed.Add((upstream, upstream.Values, output));
        }

        if (weighed.Count == 0)
            throw new InvalidOperationException($"{Name}: no upstream gradient of {forward.Operation} among the operands");
    }

    private string NameOf(Operand operand) => Names.GetValueOrDefault(operand.Name, operand.Name);

    private Operand? Forward(string name) => forward.Operands.FirstOrDefault(operand => operand.Name == name);

    /// <summary>Both sides get the value that the device's storage holds.</summary>
    private static void Join(Operand operand, Operand same)
    {
        Fill(operand, same.Values);
        operand.Values.CopyTo(same.Values, 0);
    }

    private static void Fill(Operand operand, double[] values)
    {
        for (int i = 0; i < values.Length; i++)
            operand.Set(i, values[i]);
    }

    private static void Spread(Operand operand)
    {
        int count = operand.Values.Length;
        if (count > MostDistinct)
            throw new InvalidOperationException($"{operand.Name}: {count} elements found, at most {MostDistinct} expected of a case whose values differ");
        int[] order = [.. Enumerable.Range(0, count).OrderBy(i => operand.Values[i]).ThenBy(i => i * 2654435761L % 1009)];
        for (int i = 0; i < count; i++)
            operand.Set(order[i], (i - count / 2) * Grid);
    }

    private static void Coarsen(Operand operand)
    {
        for (int i = 0; i < operand.Values.Length; i++)
            operand.Set(i, Math.Round(operand.Values[i] / Grid) * Grid);
    }
}
