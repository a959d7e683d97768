namespace Robustify.Kernels.Tensors;

/// <summary>A dense row-major tensor somewhere in a device's memory: an address and what lies there. It owns nothing.</summary>
public readonly unsafe struct TensorView
{
    /// <param name="pointer">Device address of the first element.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Extents.</param>
    public TensorView(nint pointer, DType type, Shape shape)
    {
        Pointer = pointer;
        Type = type;
        Shape = shape;
    }

    /// <summary>Device address of the first element; 0 where an optional operand is absent.</summary>
    public nint Pointer { get; }

    /// <summary>Element type.</summary>
    public DType Type { get; }

    /// <summary>Extents.</summary>
    public Shape Shape { get; }

    /// <summary>Whether this stands for an operand that was left out.</summary>
    public bool IsAbsent => Pointer == 0;

    /// <summary>The elements as floats; host memory only.</summary>
    public float* Floats => (float*)Pointer;

    /// <summary>The elements as 32-bit integers; host memory only.</summary>
    public int* Integers => (int*)Pointer;

    /// <summary>The elements as doubles; host memory only.</summary>
    public double* Doubles => (double*)Pointer;

    /// <summary>The elements as a span of floats; host memory only.</summary>
    public Span<float> Span => new((float*)Pointer, checked((int)Shape.Count));

    /// <summary>The elements as a span of the 16-bit words that BFloat16 consists of; host memory only.</summary>
    public Span<ushort> Halves => new((ushort*)Pointer, checked((int)Shape.Count));

    /// <summary>The same elements under another shape of the same count.</summary>
    public TensorView As(Shape shape) => shape.Count == Shape.Count
        ? new(Pointer, Type, shape)
        : throw new ArgumentException($"view of {Shape} as {shape}: the counts differ");
}
