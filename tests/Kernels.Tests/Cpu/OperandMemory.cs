using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>Operands of one test, freed together.</summary>
internal sealed unsafe class OperandMemory : IDisposable
{
    private readonly List<NativeBuffer> buffers = [];

    public TensorView Floats(ReadOnlySpan<float> values, params ReadOnlySpan<int> shape)
    {
        var view = Take(DType.Float32, new Shape(shape));
        values.CopyTo(view.Span);
        return view;
    }

    public TensorView Filled(float value, params ReadOnlySpan<int> shape)
    {
        var view = Take(DType.Float32, new Shape(shape));
        view.Span.Fill(value);
        return view;
    }

    /// <summary>Standard normals times <paramref name="scale"/>, the same for the same seed.</summary>
    public TensorView Normal(uint seed, double scale, params ReadOnlySpan<int> shape)
    {
        var view = Take(DType.Float32, new Shape(shape));
        var stream = new PhiloxStream(2024, RandomPurpose.Initialization, 0, seed);
        foreach (ref float value in view.Span)
            value = (float)(scale * stream.NextNormal());
        return view;
    }

    public TensorView Integers(params ReadOnlySpan<int> values)
    {
        var view = Take(DType.Int32, new Shape(values.Length));
        values.CopyTo(new Span<int>(view.Integers, values.Length));
        return view;
    }

    public void Dispose()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
    }

    private TensorView Take(DType type, Shape shape)
    {
        buffers.Add(new NativeBuffer(shape.Count * type.Size(), "test operand"));
        return buffers[^1].View(0, shape, type);
    }
}
