using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests;

/// <summary>
/// The operands of one test, in native memory and freed with it. Random values follow from the seed; destinations hold NaN until they are
/// written, so a kernel that reads or skips one shows; each tensor lies between two guards, and <see cref="Dispose"/> fails the test where
/// a kernel wrote over one.
/// </summary>
internal sealed unsafe class TestTensors(ulong seed) : IDisposable
{
    private const int GuardFloats = 64;
    private const float Guard = -7.25e20f;

    private readonly List<(NativeBuffer Buffer, int Count)> buffers = [];
    private readonly PhiloxStream stream = new(seed, RandomPurpose.Initialization, 0, 0);

    /// <summary>An operand that is left out.</summary>
    public static TensorView Absent => default;

    /// <summary>Standard normal values.</summary>
    public TensorView Normal(params ReadOnlySpan<int> extents) => Fill(extents, static (stream, _) => (float)stream.NextNormal());

    /// <summary>Values in [low, high).</summary>
    public TensorView Uniform(float low, float high, params ReadOnlySpan<int> extents) =>
        Fill(extents, (stream, _) => (float)(low + (high - low) * stream.NextUniform()));

    /// <summary>The same value everywhere.</summary>
    public TensorView Constant(float value, params ReadOnlySpan<int> extents) => Fill(extents, (_, _) => value);

    /// <summary>The given values.</summary>
    public TensorView From(ReadOnlySpan<float> values, params ReadOnlySpan<int> extents)
    {
        var view = New(extents, DType.Float32);
        values.CopyTo(view.Span);
        return view;
    }

    /// <summary>Integers in low .. high - 1.</summary>
    public TensorView Integers(int low, int high, params ReadOnlySpan<int> extents)
    {
        var view = New(extents, DType.Int32);
        for (int i = 0; i < view.Shape.Count; i++)
            view.Integers[i] = stream.NextInteger(low, high);
        return view;
    }

    /// <summary>A float destination that nothing was written to yet: NaN everywhere.</summary>
    public TensorView Unwritten(params ReadOnlySpan<int> extents) => Constant(float.NaN, extents);

    /// <summary>An integer destination that nothing was written to yet: the smallest integer everywhere.</summary>
    public TensorView UnwrittenIntegers(params ReadOnlySpan<int> extents)
    {
        var view = New(extents, DType.Int32);
        new Span<int>(view.Integers, (int)view.Shape.Count).Fill(int.MinValue);
        return view;
    }

    /// <summary>A destination to accumulate into: a copy of <paramref name="source"/>.</summary>
    public TensorView Copy(TensorView source) => From(source.Span, source.Shape.ToArray());

    /// <summary>An integer in low .. high - 1, for shapes.</summary>
    public int Draw(int low, int high) => stream.NextInteger(low, high);

    /// <summary>One of the given values.</summary>
    public int Pick(params ReadOnlySpan<int> values) => values[stream.NextInteger(0, values.Length)];

    /// <inheritdoc/>
    public void Dispose()
    {
        bool intact = true;
        foreach (var (buffer, count) in buffers)
        {
            var all = new ReadOnlySpan<float>((float*)buffer.Pointer, count + 2 * GuardFloats);
            intact &= all[..GuardFloats].IndexOfAnyExcept(Guard) < 0 && all[(GuardFloats + count)..].IndexOfAnyExcept(Guard) < 0;
            buffer.Dispose();
        }

        Assert.True(intact, "a kernel wrote outside its tensors");
    }

    private TensorView Fill(ReadOnlySpan<int> extents, Func<PhiloxStream, int, float> value)
    {
        var view = New(extents, DType.Float32);
        for (int i = 0; i < view.Shape.Count; i++)
            view.Floats[i] = value(stream, i);
        return view;
    }

    private TensorView New(ReadOnlySpan<int> extents, DType type)
    {
        var shape = new Shape(extents);
        int count = (int)shape.Count;
        var buffer = new NativeBuffer((count + 2L * GuardFloats) * sizeof(float), "test tensor");
        new Span<float>((float*)buffer.Pointer, count + 2 * GuardFloats).Fill(Guard);
        buffers.Add((buffer, count));
        return buffer.View(GuardFloats * sizeof(float), shape, type);
    }
}
