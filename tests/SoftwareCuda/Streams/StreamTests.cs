using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests.Streams;

/// <summary>Lazy streams show what eager ones hide; graphs replay what was captured.</summary>
public sealed unsafe class StreamTests
{
    private const string Source = """
        extern "C" __global__ void set(float* y, float value) { y[threadIdx.x] = value; }
        extern "C" __global__ void add(float* y, const float* x) { y[threadIdx.x] += x[threadIdx.x]; }
        extern "C" __global__ void copy(float* y, const float* x) { y[threadIdx.x] = x[threadIdx.x]; }
        """;

    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_missing_event_between_two_streams_shows_when_streams_are_lazy(bool withEvent)
    {
        using var device = new SoftwareDevice(new() { LazyStreams = true });
        var driver = new TestDriver(device);
        nint module = driver.Compile(Source), first = Stream(driver), second = Stream(driver), x = driver.New(128), y = driver.New(128);
        driver.Ok(driver.Launch(driver.Function(module, "set"), (1, 1, 1), (32, 1, 1), 0, [x, TestDriver.Cell(5)], first));
        if (withEvent)
        {
            nint mark;
            driver.Ok(((delegate* unmanaged<nint*, uint, int>)driver.Entry("cuEventCreate"))(&mark, 0));
            driver.Ok(((delegate* unmanaged<nint, nint, int>)driver.Entry("cuEventRecord"))(mark, first));
            driver.Ok(((delegate* unmanaged<nint, nint, uint, int>)driver.Entry("cuStreamWaitEvent"))(second, mark, 0));
        }

        driver.Ok(driver.Launch(driver.Function(module, "copy"), (1, 1, 1), (32, 1, 1), 0, [y, x], second));
        Synchronize(driver, second);
        float value;
        driver.Ok(((delegate* unmanaged<void*, nint, nuint, nint, int>)driver.Entry("cuMemcpyDtoHAsync_v2"))(&value, y, 4, second));
        Synchronize(driver, second);
        Assert.Equal(withEvent ? 5f : float.NaN, value);
    }

    [SoftwareCudaFact]
    public void A_copy_to_the_host_has_not_happened_before_the_stream_is_waited_for()
    {
        using var device = new SoftwareDevice(new() { LazyStreams = true });
        var driver = new TestDriver(device);
        nint stream = Stream(driver), x = driver.Upload<float>([3]);
        float value = -1;
        driver.Ok(((delegate* unmanaged<void*, nint, nuint, nint, int>)driver.Entry("cuMemcpyDtoHAsync_v2"))(&value, x, 4, stream));
        Assert.Equal(-1, Volatile.Read(ref value));
        Synchronize(driver, stream);
        Assert.Equal(3, Volatile.Read(ref value));
    }

    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_captured_graph_does_nothing_until_it_is_launched_and_then_repeats(bool lazy)
    {
        using var device = new SoftwareDevice(new() { LazyStreams = lazy });
        var driver = new TestDriver(device);
        nint module = driver.Compile(Source), stream = Stream(driver), graph, executable;
        nint sum = driver.Upload<float>(new float[32]), one = driver.Upload<float>([.. Enumerable.Repeat(1f, 32)]);
        driver.Ok(BeginCapture(driver, stream));
        driver.Ok(driver.Launch(driver.Function(module, "add"), (1, 1, 1), (32, 1, 1), 0, [sum, one], stream));
        driver.Ok(driver.Launch(driver.Function(module, "add"), (1, 1, 1), (32, 1, 1), 0, [sum, one], stream));
        driver.Ok(((delegate* unmanaged<nint, nint*, int>)driver.Entry("cuStreamEndCapture"))(stream, &graph));
        driver.Ok(((delegate* unmanaged<nint*, nint, ulong, int>)driver.Entry("cuGraphInstantiateWithFlags"))(&executable, graph, 0));
        Assert.Equal(0f, driver.Download<float>(sum, 1)[0]);
        for (int i = 0; i < 3; i++)
            driver.Ok(((delegate* unmanaged<nint, nint, int>)driver.Entry("cuGraphLaunch"))(executable, stream));
        Synchronize(driver, stream);
        Assert.Equal(6f, driver.Download<float>(sum, 1)[0]);
        device.ExpectClean();
    }

    [SoftwareCudaFact]
    public void Waiting_while_a_stream_captures_is_refused_and_breaks_the_capture()
    {
        using var device = new SoftwareDevice();
        var driver = new TestDriver(device);
        nint stream = Stream(driver), graph;
        driver.Ok(BeginCapture(driver, stream));
        Assert.Equal(900, ((delegate* unmanaged<nint, int>)driver.Entry("cuStreamSynchronize"))(stream));
        Assert.Equal(901, ((delegate* unmanaged<nint, nint*, int>)driver.Entry("cuStreamEndCapture"))(stream, &graph));
        Assert.Equal(0, driver.Synchronize());
    }

    [SoftwareCudaFact]
    public void Allocating_while_a_stream_captures_is_refused()
    {
        using var device = new SoftwareDevice();
        var driver = new TestDriver(device);
        driver.Ok(BeginCapture(driver, Stream(driver)));
        nint address;
        Assert.Equal(900, ((delegate* unmanaged<nint*, nuint, int>)driver.Entry("cuMemAlloc_v2"))(&address, 64));
    }

    private static nint Stream(TestDriver driver)
    {
        nint stream;
        driver.Ok(((delegate* unmanaged<nint*, uint, int>)driver.Entry("cuStreamCreate"))(&stream, 1));
        return stream;
    }

    private static void Synchronize(TestDriver driver, nint stream) => driver.Ok(((delegate* unmanaged<nint, int>)driver.Entry("cuStreamSynchronize"))(stream));

    private static int BeginCapture(TestDriver driver, nint stream) => ((delegate* unmanaged<nint, int, int>)driver.Entry("cuStreamBeginCapture_v2"))(stream, 1);
}
