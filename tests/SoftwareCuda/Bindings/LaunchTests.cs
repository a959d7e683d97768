using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class LaunchTests
{
    [SoftwareCudaFact]
    public void Arguments_of_every_kind_arrive()
    {
        using var device = new SoftwareDevice(new() { Check = true });
        using var opened = new OpenedBackend();
        var x = opened.New([.. Enumerable.Range(0, 300).Select(i => i * 0.25f)]);
        var y = opened.New(new float[300]);
        opened.Backend.Launch("scale_f32", new LaunchGeometry(2, 1, 1, 256), default, x, y, -2.5f, 300L);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => i * 0.25f * -2.5f), opened.Read(y));
        device.ExpectClean();
    }

    [SoftwareCudaFact]
    public void A_launch_that_differs_from_the_table_is_refused_before_it_reaches_the_device()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(1, 2);
        var geometry = new LaunchGeometry(1, 1, 1, 32);
        Assert.Contains("1 arguments given, 2 expected", Assert.Throws<ArgumentException>(() => opened.Backend.Launch("increment_f32", geometry, default, y)).Message);
        Assert.Contains("argument 1 is of kind l, i expected", Assert.Throws<ArgumentException>(() => opened.Backend.Launch("increment_f32", geometry, default, y, 2L)).Message);
        Assert.Contains("not in the launch table", Assert.Throws<ArgumentException>(() => opened.Backend.Launch("absent_f32", geometry, default, y)).Message);
        Assert.Equal([1f, 2f], opened.Read(y));
    }

    [SoftwareCudaFact]
    public void An_empty_grid_launches_nothing()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(5);
        opened.Backend.Launch("increment_f32", new LaunchGeometry(0, 1, 1, 32), default, y, 1);
        Assert.Equal([5f], opened.Read(y));
    }

    [SoftwareCudaFact]
    public void More_than_48_KiB_of_shared_memory_is_asked_for_and_given()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        float[] values = [.. Enumerable.Range(0, 20_000).Select(i => (float)i)];
        var y = opened.New(values);
        opened.Backend.Launch("reverse_f32", new LaunchGeometry(1, 1, 1, 128, SharedBytes: 80_000), default, y, 20_000);
        Assert.Equal(values.Reverse(), opened.Read(y));
    }

    [SoftwareCudaFact]
    public void More_shared_memory_than_the_device_has_is_an_error_that_names_kernel_and_bytes()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(1);
        var thrown = Assert.Throws<CudaException>(
            () => opened.Backend.Launch("reverse_f32", new LaunchGeometry(1, 1, 1, 32, SharedBytes: 1 << 20), default, y, 1));
        Assert.Equal(("cuFuncSetAttribute", 1), (thrown.Call, thrown.Code));
        Assert.Contains("1048576 bytes of shared memory for reverse_f32", thrown.Message);
    }

    [SoftwareCudaFact]
    public void A_block_too_large_is_an_error_that_names_kernel_and_geometry()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(1);
        var thrown = Assert.Throws<CudaException>(() => opened.Backend.Launch("increment_f32", new LaunchGeometry(1, 1, 1, 2048), default, y, 1));
        Assert.Equal("cuLaunchKernel", thrown.Call);
        Assert.Contains("increment_f32, grid 1 x 1 x 1, block 2048 x 1 x 1", thrown.Message);
        Assert.Contains("CUDA_ERROR_INVALID_VALUE", thrown.Message);
    }

    [SoftwareCudaFact]
    public void A_launch_allocates_no_managed_memory()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(0);
        opened.Increment(y);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            opened.Increment(y);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal([101f], opened.Read(y));
    }

    [SoftwareCudaFact]
    public void Another_thread_may_use_the_backend_because_every_entry_binds_the_context()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        float[] seen = [];
        var thread = new Thread(() =>
        {
            var y = opened.New(1, 2, 3);
            opened.Increment(y);
            seen = opened.Read(y);
        });
        thread.Start();
        thread.Join();
        Assert.Equal([2f, 3f, 4f], seen);
    }

    [SoftwareCudaFact]
    public void A_kernel_that_faults_is_told_at_the_next_wait_with_what_to_do()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var y = opened.New(1);
        opened.Backend.Launch("increment_f32", new LaunchGeometry(64, 1, 1, 1024), default, y, 1 << 16);
        var thrown = Assert.Throws<CudaException>(opened.Backend.Synchronize);
        Assert.Equal(700, thrown.Code);
        Assert.Contains("CUDA_ERROR_ILLEGAL_ADDRESS", thrown.Message);
        Assert.Contains("a kernel failed, which is a bug of this program", thrown.Message);
        Assert.DoesNotContain('\n', thrown.Message);
    }

    [SoftwareCudaFact]
    public void Giving_everything_back_after_a_fault_does_not_hide_it()
    {
        using var device = new SoftwareDevice();
        var thrown = Assert.Throws<CudaException>(() =>
        {
            using var opened = new OpenedBackend();
            var y = opened.New(1);
            using var captured = opened.Backend.Capture(() => opened.Increment(y));
            opened.Backend.Launch("increment_f32", new LaunchGeometry(64, 1, 1, 1024), default, y, 1 << 16);
            opened.Backend.Synchronize();
        });
        Assert.Equal(700, thrown.Code);
    }
}
