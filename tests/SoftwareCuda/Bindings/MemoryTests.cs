using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class MemoryTests
{
    [SoftwareCudaFact]
    public void Fresh_memory_is_zero_and_given_back()
    {
        using var device = new SoftwareDevice(new() { LazyStreams = true });
        using var opened = new OpenedBackend();
        int before = device.LiveAllocations;
        var buffer = opened.Backend.Allocate(4000, "test");
        Assert.Equal(new float[1000], opened.Read(buffer.View(0, new Shape(1000))));
        buffer.Dispose();
        Assert.Equal(before, device.LiveAllocations);
    }

    [SoftwareCudaFact]
    public void An_uploads_source_may_be_reused_at_once_even_where_nothing_has_run_yet()
    {
        using var device = new SoftwareDevice(new() { LazyStreams = true });
        using var opened = new OpenedBackend();
        var view = opened.New(0, 0);
        byte[] source = [0, 0, 128, 63, 0, 0, 0, 64];
        opened.Backend.Upload(source, view);
        Array.Clear(source);
        Assert.Equal([1f, 2f], opened.Read(view));
    }

    [SoftwareCudaFact]
    public void What_does_not_fit_is_told_with_purpose_bytes_wanted_and_bytes_free()
    {
        using var device = new SoftwareDevice(new() { MemoryBytes = 100L << 20 });
        using var opened = new OpenedBackend();
        var thrown = Assert.Throws<DeviceMemoryException>(() => opened.Backend.Allocate(200L << 20, "step memory"));
        Assert.StartsWith("step memory: 200.0 MiB of device memory wanted, ", thrown.Message);
        Assert.Contains("of 100.0 MiB free; use a smaller --batch or model", thrown.Message);
        Assert.Equal((200L << 20, 100L << 20), (thrown.WantedBytes, thrown.TotalBytes));
        Assert.Equal(opened.Backend.AvailableBytes, thrown.FreeBytes);
        // It goes on with less.
        opened.Backend.Allocate(1 << 20, "step memory").Dispose();
    }

    [SoftwareCudaFact]
    public void Scratch_grows_and_then_stays_where_it_is()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        nint large = opened.Backend.Scratch(5 << 20);
        Assert.Equal(large, opened.Backend.Scratch(100));
        Assert.Equal(large, opened.Backend.Scratch(5 << 20));
        Assert.Equal(0, large % 256);
    }

    [SoftwareCudaFact]
    public void Closing_the_backend_leaves_no_device_memory_taken()
    {
        using var device = new SoftwareDevice();
        using (var opened = new OpenedBackend())
        {
            opened.Backend.Scratch(1000);
            var a = opened.New(1, 2, 3, 4);
            var square = new MatrixOperand(a.Pointer, DType.Float32, 2, 2, 2);
            opened.Backend.Multiply(square, square, square with { Pointer = opened.New(0, 0, 0, 0).Pointer }, accumulate: false);
        }

        Assert.Equal(0, device.LiveAllocations);
    }

    [SoftwareCudaFact]
    public void A_machine_without_a_device_is_told_so()
    {
        using var device = new SoftwareDevice(new() { Present = false });
        var thrown = Assert.Throws<CudaException>(() => new OpenedBackend());
        Assert.Contains("cuInit: error 100 CUDA_ERROR_NO_DEVICE", thrown.Message);
        Assert.Contains("--device cpu", thrown.Message);
        Assert.False(CudaDevices.IsUsable(0, out string reason));
        Assert.Equal(thrown.Message, reason);
    }

    [SoftwareCudaTheory]
    [InlineData(75, "has compute capability 7.5, 8.0 or newer expected")]
    [InlineData(61, "has compute capability 6.1, 8.0 or newer expected")]
    public void An_architecture_before_Ampere_is_refused(int capability, string told)
    {
        using var device = new SoftwareDevice(new() { Capability = capability });
        Assert.Contains(told, Assert.Throws<RobustifyException>(() => new OpenedBackend()).Message);
        Assert.False(CudaDevices.IsUsable(0, out string reason));
        Assert.Contains(told, reason);
    }

    [SoftwareCudaFact]
    public void A_device_number_too_high_is_refused()
    {
        using var device = new SoftwareDevice();
        Assert.False(CudaDevices.IsUsable(3, out string reason));
        Assert.Contains("cuda device 3: 1 device found", reason);
        Assert.True(CudaDevices.IsUsable(0, out reason), reason);
    }
}
