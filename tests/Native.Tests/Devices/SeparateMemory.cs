using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Tests.Devices;

/// <summary>
/// A device whose memory the host must not touch: its addresses are no addresses to the processor, so that whoever follows one is stopped
/// at once. It computes on the CPU, bf16 by way of float32, and a captured step is the list of the calls that were made, as a CUDA graph is,
/// with every number that was not in its memory baked in.
/// </summary>
internal sealed unsafe partial class SeparateMemory : IBackend
{
    // Not canonical in any user's address space: reading it faults, adding an offset to it does not.
    private static readonly nint Mark = unchecked((nint)(1L << 62));

    private readonly CpuBackend cpu = new(1);
    private readonly List<(TensorView Real, NativeBuffer Wide)> widened = [];
    private List<Action>? recording;

    public string Description => "a device apart, for tests";

    public bool IsHostMemory => false;

    /// <summary>What <see cref="AvailableBytes"/> says.</summary>
    public long Free { get; set; } = 1L << 30;

    public long AvailableBytes => Free;

    /// <summary>Blocks that have been taken and not given back.</summary>
    public int LiveBuffers { get; private set; }

    /// <summary>How often a captured step has been replayed.</summary>
    public int Replays { get; private set; }

    public DeviceBuffer Allocate(long bytes, string purpose)
    {
        LiveBuffers++;
        return new Block(this, new NativeBuffer(bytes, purpose));
    }

    public void Upload(ReadOnlySpan<byte> source, TensorView destination)
    {
        RequireNoCapture();
        source.CopyTo(new Span<byte>((void*)(destination.Pointer & ~Mark), source.Length));
    }

    public void Download(TensorView source, Span<byte> destination)
    {
        RequireNoCapture();
        new ReadOnlySpan<byte>((void*)(source.Pointer & ~Mark), destination.Length).CopyTo(destination);
    }

    public void Synchronize() => RequireNoCapture();

    public CapturedWork Capture(Action work)
    {
        RequireNoCapture();
        var calls = recording = [];
        work();
        recording = null;
        return new Recorded(this, calls);
    }

    public void Cast(TensorView x, TensorView y, bool accumulate) => Do(() => cpu.Cast(At(x), At(y), accumulate));

    public void Dispose() => cpu.Dispose();

    private void RequireNoCapture()
    {
        if (recording is not null)
            throw new InvalidOperationException("the host meddles with a step that is being captured");
    }

    private void Do(Action call)
    {
        if (recording is not null)
            recording.Add(() => Finish(call));
        else
            Finish(call);
    }

    private void Finish(Action call)
    {
        call();
        foreach (var (real, wide) in widened)
        {
            cpu.Cast(wide.View(0, real.Shape), real, accumulate: false);
            wide.Dispose();
        }

        widened.Clear();
    }

    /// <summary>Where the CPU finds an operand, which it takes in float32.</summary>
    private TensorView At(TensorView view)
    {
        if (view.IsAbsent)
            return view;
        if ((view.Pointer & Mark) == 0)
            throw new InvalidOperationException($"an operand {view.Shape} lies in the host's memory");
        var real = new TensorView(view.Pointer & ~Mark, view.Type, view.Shape);
        if (view.Type != DType.BFloat16)
            return real;
        foreach (var known in widened)
        {
            if (known.Real.Pointer == real.Pointer)
                return known.Wide.View(0, real.Shape);
        }

        var wide = new NativeBuffer(real.Shape.Count * sizeof(float), "test operand");
        cpu.Cast(real, wide.View(0, real.Shape), accumulate: false);
        widened.Add((real, wide));
        return wide.View(0, real.Shape);
    }

    private sealed class Block(SeparateMemory device, NativeBuffer memory) : DeviceBuffer(memory.Pointer | Mark, memory.Bytes)
    {
        private protected override void Free(nint pointer)
        {
            memory.Dispose();
            device.LiveBuffers--;
        }
    }

    private sealed class Recorded(SeparateMemory device, List<Action> calls) : CapturedWork
    {
        public override void Replay()
        {
            device.Replays++;
            calls.ForEach(call => call());
        }

        public override void Dispose() => calls.Clear();
    }
}
