using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;

namespace Robustify.Native.Planning;

/// <summary>A Float32 input that the host fills: in place on the CPU, else in host memory that is uploaded before each step.</summary>
internal sealed class StagedInput : IModelInput, IDisposable
{
    private readonly Value value;
    private readonly NativeBuffer? staging;
    private bool isWritten;

    /// <param name="value">An input of an allocated plan.</param>
    /// <param name="target">Where the plan was allocated.</param>
    public StagedInput(Value value, ComputeTarget target)
    {
        this.value = value;
        if (target.Backend is { IsHostMemory: false })
            staging = new NativeBuffer(value.Shape.Count * sizeof(float), "staging of images");
    }

    /// <inheritdoc/>
    public Span<float> Images
    {
        get
        {
            isWritten = true;
            return staging is null ? value.View.Span : staging.View(0, value.Shape).Span;
        }
    }

    /// <inheritdoc/>
    public TensorView DeviceImages => value.View;

    /// <summary>Brings what the host has written since the last time to the device; nothing where it was written there.</summary>
    public void Upload(IBackend backend)
    {
        if (staging is not null && isWritten)
            backend.Upload<float>(Images, value.View);
        isWritten = false;
    }

    /// <inheritdoc/>
    public void Dispose() => staging?.Dispose();
}
