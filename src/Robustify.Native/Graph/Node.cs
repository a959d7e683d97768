using Robustify.Kernels.Backends;

namespace Robustify.Native.Graph;

/// <summary>
/// One operation in the graph. A forward node has three duties: its factory on <see cref="GraphBuilder"/> checks shapes and says what is
/// wrong with them, <see cref="Execute"/> makes the backend call, <see cref="Differentiate"/> emits the backward nodes.
/// </summary>
public abstract class Node
{
    /// <summary>Values it reads; the planner keeps them alive until it has run.</summary>
    public abstract IEnumerable<Value> Inputs { get; }

    /// <summary>Values it writes or adds to.</summary>
    public abstract IEnumerable<Value> Outputs { get; }

    /// <summary>What it multiplies and adds in one step.</summary>
    public virtual MultiplyAdds MultiplyAdds => default;

    /// <summary>An output that may take the place of an input of its size, which the planner lets it where nothing reads the input later.</summary>
    public virtual (Value Input, Value Output)? InPlace => null;

    /// <summary>What its time is counted as; given by the graph it is added to.</summary>
    public WorkPhase Phase { get; internal set; }

    /// <summary>Computes the outputs. Called once a step: it allocates nothing.</summary>
    public abstract void Execute(IBackend backend);

    /// <summary>Emits nodes for the gradients of those inputs that require one.</summary>
    public virtual void Differentiate(GradientBuilder gradients) =>
        throw new InvalidOperationException($"{GetType().Name} of {Outputs.First()} is a backward operation and has no gradient");
}

/// <summary>A backward operation: its call and what it reads and writes, in one place beside the forward operation it belongs to.</summary>
internal sealed class BackwardNode(Value?[] inputs, Value?[] outputs, Action<IBackend> execute, MultiplyAdds multiplyAdds) : Node
{
    public override IEnumerable<Value> Inputs { get; } = [.. inputs.OfType<Value>()];

    public override IEnumerable<Value> Outputs { get; } = [.. outputs.OfType<Value>()];

    public override MultiplyAdds MultiplyAdds => multiplyAdds;

    public override void Execute(IBackend backend) => execute(backend);
}
