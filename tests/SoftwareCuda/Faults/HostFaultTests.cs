using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests.Faults;

/// <summary>Faults of the program that drives the device.</summary>
public sealed unsafe class HostFaultTests : IDisposable
{
    private readonly SoftwareDevice? device = SoftwareLibrary.Missing is null ? new SoftwareDevice(new() { MemoryBytes = 1 << 20, Capability = 80 }) : null;
    private TestDriver? opened;

    private TestDriver Driver => opened ??= new TestDriver(device!);

    private nint Kernel => Driver.Function(Driver.Compile(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Faults", "faults.cu")), "faults.cu"), "bounded");

    public void Dispose() => device?.Dispose();

    [SoftwareCudaTheory]
    [InlineData(1, 1, 1025, 0, "more than 1024")]
    [InlineData(1, 1, 129, 0, "__launch_bounds__ says 128")]
    [InlineData(1, 1, 32, 48 * 1024 + 1, "too much shared memory")]
    [InlineData(1, 70000, 32, 0, "not valid")]
    [InlineData(0, 1, 32, 0, "not valid")]
    public void A_launch_beyond_the_limits_is_refused(int gridX, int gridZ, int threads, int sharedBytes, string says)
    {
        Assert.Equal(1, Driver.Launch(Kernel, (gridX, 1, gridZ), (threads, 1, 1), sharedBytes, [Driver.New(4096)]));
        Assert.Contains(says, device!.Report, StringComparison.Ordinal);
    }

    [SoftwareCudaFact]
    public void A_launch_with_too_few_arguments_is_refused()
    {
        Assert.Equal(1, Driver.Launch(Kernel, (1, 1, 1), (32, 1, 1), 0, []));
        Assert.Contains("argument 0 of 1 is missing", device!.Report, StringComparison.Ordinal);
    }

    [SoftwareCudaFact]
    public void More_dynamic_shared_memory_than_the_capability_has_is_refused()
    {
        var set = (delegate* unmanaged<nint, int, int, int>)Driver.Entry("cuFuncSetAttribute");
        Assert.Equal(0, set(Kernel, 8, 163 * 1024));
        Assert.Equal(1, set(Kernel, 8, 163 * 1024 + 1));
    }

    [SoftwareCudaFact]
    public void A_second_free_is_refused()
    {
        nint address = Driver.New(64);
        Assert.Equal(0, Driver.Free(address));
        Assert.Equal(1, Driver.Free(address));
        Assert.Contains("freed twice", device!.Report, StringComparison.Ordinal);
    }

    [SoftwareCudaFact]
    public void A_copy_past_the_end_is_refused()
    {
        byte* host = stackalloc byte[65];
        Assert.Equal(1, Driver.CopyToHost(host, Driver.New(64), 65));
        Assert.Contains("not inside one allocation", device!.Report, StringComparison.Ordinal);
    }

    [SoftwareCudaFact]
    public void More_memory_than_there_is_gives_out_of_memory_and_the_context_lives()
    {
        nint address;
        var allocate = (delegate* unmanaged<nint*, nuint, int>)Driver.Entry("cuMemAlloc_v2");
        Assert.Equal(2, allocate(&address, (1 << 20) + 1));
        Assert.Equal(0, allocate(&address, 1 << 20));
        Assert.Equal(2, allocate(&address, 1));
        Assert.Equal(0, Driver.Synchronize());
    }

    [SoftwareCudaFact]
    public void What_is_never_freed_is_reported_when_the_context_goes()
    {
        Driver.New(1000);
        Driver.New(24);
        Assert.Equal(2, device!.LiveAllocations);
        var release = (delegate* unmanaged<int, int>)Driver.Entry("cuDevicePrimaryCtxRelease_v2");
        Driver.Ok(release(0));
        Assert.Contains("leak: 2 allocations of 1024 bytes", device.Report, StringComparison.Ordinal);
    }

    [SoftwareCudaFact]
    public void A_thread_without_a_context_is_refused()
    {
        var allocate = (delegate* unmanaged<nint*, nuint, int>)Driver.Entry("cuMemAlloc_v2");
        int code = 0;
        var thread = new Thread(() =>
        {
            nint address;
            code = allocate(&address, 64);
        });
        thread.Start();
        thread.Join();
        Assert.Equal(201, code);
    }

    [SoftwareCudaFact]
    public void A_module_for_another_architecture_is_refused()
    {
        var driver = Driver;
        var failure = Record.Exception(() => driver.Compile("extern \"C\" __global__ void k(int* p) { *p = __CUDA_ARCH__; }", "arch.cu", capability: 90));
        Assert.Contains("error 209", failure?.Message, StringComparison.Ordinal);
    }
}
