using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Data.Images;

/// <summary>
/// What image kernels read beside pixels: constants, which stay on the device once they were used, and the values of one batch, whose memory
/// the next batch takes over. Both are queued in the order of the device's stream.
/// </summary>
internal sealed class DeviceTables(CudaBackend backend) : IDisposable
{
    // Pictures of unlike sizes would otherwise gather tables without bound.
    private const long MostKeptBytes = 256 << 20;

    private readonly Dictionary<(object Owner, string Part), (DeviceBuffer Buffer, TensorView View)> kept = [];
    private readonly List<DeviceBuffer> slots = [];
    private long keptBytes;
    private int usedSlots;

    /// <summary>Begins a batch: what was uploaded for the one before may be overwritten.</summary>
    public void BeginBatch()
    {
        usedSlots = 0;
        if (keptBytes > MostKeptBytes)
            Forget();
    }

    /// <summary>A constant table, uploaded when it is first asked for.</summary>
    /// <param name="owner">What it belongs to, compared by <see cref="object.Equals(object?)"/>.</param>
    /// <param name="part">Which of the owner's tables.</param>
    /// <param name="make">Computes it.</param>
    public TensorView Keep<T>(object owner, string part, Func<T[]> make)
        where T : unmanaged
    {
        if (kept.TryGetValue((owner, part), out var known))
            return known.View;
        T[] values = make();
        var buffer = backend.Allocate(MemoryMarshal.AsBytes<T>(values).Length, "tables of image kernels");
        var view = buffer.View(0, new Shape(values.Length), TypeOf<T>());
        backend.Upload(MemoryMarshal.AsBytes<T>(values), view);
        kept.Add((owner, part), (buffer, view));
        keptBytes += buffer.Bytes;
        return view;
    }

    /// <summary>Values of this batch.</summary>
    public TensorView Upload<T>(ReadOnlySpan<T> values, Shape shape)
        where T : unmanaged
    {
        var view = Reserve<T>(shape);
        backend.Upload(MemoryMarshal.AsBytes(values), view);
        return view;
    }

    /// <summary>Memory for values of this batch.</summary>
    public TensorView Reserve<T>(Shape shape)
        where T : unmanaged
    {
        long bytes = shape.Count * TypeOf<T>().Size();
        if (usedSlots == slots.Count)
            slots.Add(backend.Allocate(bytes, "values of image kernels"));
        else if (slots[usedSlots].Bytes < bytes)
        {
            slots[usedSlots].Dispose();
            slots[usedSlots] = backend.Allocate(bytes, "values of image kernels");
        }

        return slots[usedSlots++].View(0, shape, TypeOf<T>());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Forget();
        slots.ForEach(slot => slot.Dispose());
        slots.Clear();
    }

    private void Forget()
    {
        foreach (var (buffer, _) in kept.Values)
            buffer.Dispose();
        kept.Clear();
        keptBytes = 0;
    }

    private static DType TypeOf<T>() =>
        typeof(T) == typeof(double) ? DType.Float64 : typeof(T) == typeof(float) ? DType.Float32 : typeof(T) == typeof(int) ? DType.Int32 : DType.UInt8;
}
