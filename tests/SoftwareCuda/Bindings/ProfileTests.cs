using System.Text.Json;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Profiling;
using Robustify.Kernels.Tensors;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Bindings;

public sealed class ProfileTests
{
    [SoftwareCudaFact]
    public void Everything_that_passes_the_gate_is_in_the_profile_with_its_cost()
    {
        using var device = new SoftwareDevice();
        using var opened = new OpenedBackend();
        var x = opened.New(1, 2, 3, 4);
        var y = opened.New(0, 0, 0, 0);
        var square = new MatrixOperand(x.Pointer, DType.Float32, 2, 2, 2);
        opened.Backend.BeginProfile();
        opened.Increment(x);
        opened.Backend.Multiply(square, square, square with { Pointer = y.Pointer }, accumulate: false);
        opened.Increment(y);
        var samples = opened.Backend.EndProfile();
        opened.Increment(y);
        Assert.Equal(["increment_f32", "matmul_f32 2x2x2", "increment_f32"], samples.Select(sample => sample.Name));
        Assert.Equal(new LaunchCost(3 * 4 * 4, 16), samples[1].Cost);
        Assert.All(samples, sample => Assert.True(sample.Milliseconds >= 0));
        Assert.True(samples[0].StartMilliseconds <= samples[2].StartMilliseconds);
        Assert.Empty(opened.Backend.EndProfile());
    }

    [Fact]
    public void A_summary_adds_up_calls_and_rates()
    {
        var summary = KernelSummary.Of(
        [
            new LaunchSample("slow", 0, 3, new LaunchCost(6_000_000, 3_000_000_000)), new LaunchSample("quick", 3, 1, default),
            new LaunchSample("slow", 4, 1, new LaunchCost(2_000_000, 1_000_000_000)),
        ]);
        Assert.Equal(["slow", "quick"], summary.Select(line => line.Name));
        Assert.Equal((2, 4.0, 0.8), (summary[0].Calls, summary[0].Milliseconds, summary[0].Share));
        Assert.Equal((2.0, 1.0), (summary[0].GigabytesPerSecond, summary[0].TeraflopsPerSecond));
    }

    [Fact]
    public void A_trace_is_JSON_with_one_complete_event_a_launch_in_microseconds()
    {
        using var stream = new MemoryStream();
        ChromeTrace.Write(stream, "a device", [new LaunchSample("kernel \"x\"", 1.5, 0.25, new LaunchCost(8, 2))]);
        using var trace = JsonDocument.Parse(stream.ToArray());
        var events = trace.RootElement.GetProperty("traceEvents");
        Assert.Equal(2, events.GetArrayLength());
        Assert.Equal(("kernel \"x\"", "X", 1500.0, 250.0), (events[1].GetProperty("name").GetString(), events[1].GetProperty("ph").GetString(), events[1].GetProperty("ts").GetDouble(), events[1].GetProperty("dur").GetDouble()));
    }
}
