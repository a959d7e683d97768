using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Native.Graph;

namespace Robustify.Native.Planning;

/// <summary>A Float32 input that the host fills: in place on the CPU, else in host memory that is uploaded before each step.</summary>
internal sealed class StagedInput : IDisposable
{
    private readonly Value value;
    private readonly NativeBuffer? staging;

    /// <param name="value">An input of an allocated plan.</param>
    /// <param name="target">Where the plan was allocated.</param>
    public StagedInput(Value value, ComputeTarget target)
    {
        this.value = value;
        if (target.Backend is { IsHostMemory: false })
            staging = new NativeBuffer(value.Shape.Count * sizeof(float), "staging of images");
    }

    /// <summary>The elements, for the host to write.</summary>
    public Span<float> Elements => staging is null ? value.View.Span : staging.View(0, value.Shape).Span;

    /// <summary>Brings what was written to the device.</summary>
    public void Upload(IBackend backend)
    {
        if (staging is not null)
            backend.Upload<float>(Elements, value.View);
    }

    /// <inheritdoc/>
    public void Dispose() => staging?.Dispose();
}
