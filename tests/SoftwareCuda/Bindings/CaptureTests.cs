using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class CaptureTests
{
    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_captured_step_does_nothing_yet_and_its_replay_reads_what_memory_holds_then(bool lazy)
    {
        using var device = new SoftwareDevice(new() { LazyStreams = lazy });
        using var opened = new OpenedBackend();
        var x = opened.New(1, 0, 0, 1);
        var y = opened.New(0, 0, 0, 0);
        void Step()
        {
            opened.Increment(x);
            var square = new MatrixOperand(x.Pointer, DType.Float32, 2, 2, 2);
            opened.Backend.Multiply(square, square, square with { Pointer = y.Pointer }, accumulate: true);
        }

        Step();
        float[] once = opened.Read(y);
        using var captured = opened.Backend.Capture(Step);
        Assert.Equal(once, opened.Read(y));
        Assert.Equal(2, ((CudaGraph)captured).NodeCount);
        opened.Backend.Upload(new byte[16], y);
        captured.Replay();
        // x is [[2, 1], [1, 2]] after the first step, [[3, 2], [2, 3]] in this one.
        Assert.Equal([13f, 12f, 12f, 13f], opened.Read(y));
        captured.Replay();
        Assert.Equal([13f + 25, 12f + 24, 12f + 24, 13f + 25], opened.Read(y));
        device.ExpectClean();
    }

    [SoftwareCudaFact]
    public void A_shape_met_first_inside_a_captured_step_is_computed_without_timing()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var x = opened.New(1, 2, 3, 4);
        var y = opened.New(0, 0, 0, 0);
        var square = new MatrixOperand(x.Pointer, DType.Float32, 2, 2, 2);
        // The library is loaded and the workspace taken by the step that runs before.
        opened.Backend.Multiply(square with { Rows = 1 }, square, new MatrixOperand(y.Pointer, DType.Float32, 1, 2, 2), accumulate: false);
        using var captured = opened.Backend.Capture(() => opened.Backend.Multiply(square, square, square with { Pointer = y.Pointer }, accumulate: false));
        captured.Replay();
        Assert.Equal([7f, 10f, 15f, 22f], opened.Read(y));
    }

    [SoftwareCudaFact]
    public void Scratch_cannot_grow_inside_a_captured_step_and_the_stream_computes_on()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(1);
        Assert.Contains("run the step once before capturing it", Assert.Throws<InvalidOperationException>(
            () => opened.Backend.Capture(() =>
            {
                opened.Increment(y);
                opened.Backend.Scratch(1 << 20);
            })).Message);
        opened.Increment(y);
        Assert.Equal([2f], opened.Read(y));
    }

    [SoftwareCudaFact]
    public void Scratch_that_a_captured_step_uses_outlives_its_growth()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        nint small = opened.Backend.Scratch(4096);
        var inside = new TensorView(small, DType.Float32, new Shape(1));
        opened.Backend.Upload(new byte[4], inside);
        using var captured = opened.Backend.Capture(() => opened.Increment(new TensorView(opened.Backend.Scratch(4096), DType.Float32, new Shape(1))));
        Assert.NotEqual(small, opened.Backend.Scratch(64 << 20));
        captured.Replay();
        Assert.Equal([1f], opened.Read(inside));
        device.ExpectClean();
    }

    [SoftwareCudaFact]
    public void A_replay_allocates_no_managed_memory()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(0);
        using var captured = opened.Backend.Capture(() => opened.Increment(y));
        captured.Replay();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            captured.Replay();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal([11f], opened.Read(y));
    }
}
