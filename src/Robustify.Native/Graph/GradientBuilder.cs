using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph;

/// <summary>
/// Emits backward nodes in reverse order of time. The first contribution to a gradient writes it, later ones add to it. Where a gradient
/// passes through unchanged (a residual sum) it is shared, and copied only if somebody would add to it while another still reads it.
/// </summary>
public sealed class GradientBuilder
{
    private readonly GraphBuilder graph;
    private readonly Dictionary<Value, Value> gradients = [];
    private readonly Dictionary<Value, int> owners = [];

    internal GradientBuilder(GraphBuilder graph) => this.graph = graph;

    internal void Run()
    {
        foreach (var loss in graph.Losses)
        {
            if (loss.Logits.RequiresGradient)
                Share(loss.Logits, loss.Gradient);
        }

        var forward = graph.Nodes.ToArray();
        for (int i = forward.Length - 1; i >= 0; i--)
        {
            var node = forward[i];
            var known = node.Outputs.Where(gradients.ContainsKey).ToArray();
            if (known.Length == 0)
                continue;
            graph.Phase = node.Phase;
            node.Differentiate(this);
            foreach (var output in known)
                owners[gradients[output]]--;
        }
    }

    /// <summary>The gradient of an output, complete by the time its producer is differentiated.</summary>
    public Value Of(Value value) => gradients[value];

    /// <summary>The gradient of one of several outputs; null where nothing that is trained lies behind it.</summary>
    public Value? Find(Value value) => gradients.GetValueOrDefault(value);

    /// <summary>Whether a gradient belongs to one value, which may then be turned into another's in place.</summary>
    public bool IsSoleOwner(Value gradient) => owners[gradient] == 1;

    /// <summary>Where a contribution to the gradient of <paramref name="value"/> goes and whether it adds; null where none is wanted.</summary>
    public Value? Target(Value value, out bool accumulate)
    {
        accumulate = false;
        if (!value.RequiresGradient)
            return null;
        if (!gradients.TryGetValue(value, out var gradient))
        {
            gradient = graph.Activation(value.Name + ".gradient", value.Shape, false, value.Type);
            Own(value, gradient);
            return gradient;
        }

        accumulate = true;
        if (owners[gradient] > 1)
        {
            // Variables of their own: the call outlives this method, in which "gradient" becomes the copy.
            Value shared = gradient, copy = graph.Activation(value.Name + ".gradient", value.Shape, false, value.Type);
            Emit([shared], [copy], backend => backend.Copy(shared.View, copy.View, accumulate: false));
            owners[shared]--;
            Own(value, copy);
            gradient = copy;
        }

        return gradient;
    }

    /// <summary>
    /// Where the gradient of a parameter goes; null where it is frozen. A parameter used in several places adds up, which its first use
    /// in backward order begins.
    /// </summary>
    public Value? Target(Parameter? parameter, out bool accumulate)
    {
        accumulate = false;
        if (parameter?.Gradient is not { } gradient)
            return null;
        accumulate = !gradients.TryAdd(parameter.Value, gradient);
        owners.TryAdd(gradient, 1);
        return gradient;
    }

    /// <summary>Contributes <paramref name="gradient"/> itself to the gradient of <paramref name="value"/>.</summary>
    public void Share(Value value, Value gradient)
    {
        if (!value.RequiresGradient)
            return;
        if (!gradients.ContainsKey(value) && value.Shape == gradient.Shape && value.Type == gradient.Type)
        {
            Own(value, gradient);
            return;
        }

        var target = Target(value, out bool accumulate)!;
        if (target.Type == gradient.Type)
            Emit([gradient], [target], backend => backend.Copy(gradient.View, target.View.As(gradient.Shape), accumulate));
        else
            Emit([gradient], [target], backend => backend.Cast(gradient.View, target.View.As(gradient.Shape), accumulate));
    }

    /// <summary>A value that lives only between two backward nodes.</summary>
    public Value Temporary(string name, Shape shape, DType type = DType.Float32) => graph.Activation(name, shape, false, type);

    /// <summary>Appends a backward node.</summary>
    public void Emit(Value?[] inputs, Value?[] outputs, Action<Kernels.Backends.IBackend> execute, MultiplyAdds multiplyAdds = default) =>
        graph.Add(new BackwardNode(inputs, outputs, execute, multiplyAdds));

    private void Own(Value value, Value gradient)
    {
        gradients[value] = gradient;
        owners[gradient] = owners.GetValueOrDefault(gradient) + 1;
    }
}
