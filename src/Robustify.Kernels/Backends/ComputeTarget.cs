using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>Where tensors live and in what precision plans compute.</summary>
/// <param name="Backend">The device; null for the process's own memory, which the CPU device computes in.</param>
/// <param name="Precision">What plans compute in.</param>
public sealed record ComputeTarget(IBackend? Backend, Precision Precision = Precision.Fp32)
{
    /// <summary>The process's own memory in Float32.</summary>
    public static ComputeTarget Host { get; } = new((IBackend?)null);

    /// <summary>
    /// Where a run is laid out and no memory is taken: to say how much it would be. What lies there has addresses that nobody may touch.
    /// </summary>
    /// <param name="precision">What plans would compute in.</param>
    public static ComputeTarget ForPlanning(Precision precision = Precision.Fp32) => new(null, precision) { TakesNoMemory = true };

    private bool TakesNoMemory { get; init; }

    /// <summary>Whether tensors lie in the process's own memory.</summary>
    internal bool IsHost => Backend is null || Backend.IsHostMemory;

    /// <summary>Zeroed memory there.</summary>
    /// <exception cref="RobustifyException">There is not that much.</exception>
    public DeviceBuffer Allocate(long bytes, string purpose) => TakesNoMemory ? new PlannedBuffer(bytes) : Backend?.Allocate(bytes, purpose) ?? new NativeBuffer(bytes, purpose);

    /// <summary>Bytes that can still be taken.</summary>
    public long AvailableBytes => TakesNoMemory ? long.MaxValue : Backend?.AvailableBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Lets <paramref name="fill"/> write a Float32 tensor's elements: in place where the host may, else by way of host memory.</summary>
    /// <param name="view">The tensor.</param>
    /// <param name="fill">Called once, with as many elements as the tensor has.</param>
    public void Write(TensorView view, FloatWriter fill)
    {
        if (IsHost)
        {
            fill(view.Span);
            return;
        }

        using var staging = new NativeBuffer(view.Shape.Count * sizeof(float), "transfer to the device");
        var floats = staging.View(0, view.Shape).Span;
        fill(floats);
        Backend!.Upload<float>(floats, view);
    }

    /// <summary>Host memory with a Float32 tensor's elements: its own where the host may read it, else a copy.</summary>
    /// <param name="view">The tensor.</param>
    /// <param name="copies">Owns the copies; dispose them after use.</param>
    public TensorView OnHost(TensorView view, ICollection<IDisposable> copies)
    {
        if (IsHost)
            return view;
        var copy = new NativeBuffer(view.Shape.Count * sizeof(float), "transfer from the device");
        copies.Add(copy);
        var onHost = copy.View(0, view.Shape);
        Backend!.Download(view, onHost.Span);
        return onHost;
    }
}

/// <summary>Fills a tensor's elements.</summary>
public delegate void FloatWriter(Span<float> elements);
