using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph;

/// <summary>Where a value's memory comes from.</summary>
public enum ValueKind
{
    /// <summary>Filled from outside before a step; has memory of its own.</summary>
    Input,

    /// <summary>A parameter, its gradient or a running statistic: memory that outlives the graph.</summary>
    Persistent,

    /// <summary>Computed once, before the first step, and read by every step; shares memory with nothing.</summary>
    Constant,

    /// <summary>Computed in a step; shares the arena with values that do not live at the same time.</summary>
    Activation,

    /// <summary>Computed in a step and read after it: shares memory with nothing.</summary>
    Result,
}

/// <summary>A tensor of the graph: what is known of it before anything is computed, and after planning, where it lies.</summary>
public sealed class Value
{
    internal Value(string name, Shape shape, DType type, ValueKind kind, bool requiresGradient)
    {
        Name = name;
        Shape = shape;
        Type = type;
        Kind = kind;
        RequiresGradient = requiresGradient;
    }

    /// <summary>The layer's path, such as <c>blocks.3.attn.qkv</c>; named in errors and by the NaN search.</summary>
    public string Name { get; }

    /// <summary>Extents.</summary>
    public Shape Shape { get; }

    /// <summary>Element type.</summary>
    public DType Type { get; }

    /// <summary>Where its memory comes from.</summary>
    public ValueKind Kind { get; internal set; }

    /// <summary>Whether something trainable lies before it, so that its gradient is wanted.</summary>
    public bool RequiresGradient { get; }

    /// <summary>Where it lies; set by the plan, or from the start for persistent values.</summary>
    public TensorView View { get; internal set; }

    /// <summary>Bytes it takes, rounded up to whole cache lines.</summary>
    public long AlignedBytes => (Shape.Count * Type.Size() + 63) / 64 * 64;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Shape}";
}
