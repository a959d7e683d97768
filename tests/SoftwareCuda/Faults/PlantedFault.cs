using System.Runtime.InteropServices;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests.Faults;

/// <summary>How the fast build shows a fault.</summary>
internal enum Seen
{
    /// <summary>As an error of the driver, with a report.</summary>
    AsError,

    /// <summary>As a result that is not a number, or that depends on the order of threads.</summary>
    InResult,

    /// <summary>Not, or by luck only: this is what the check build is for.</summary>
    Not,
}

/// <summary>A kernel of faults.cu, its launch, and what must be said of it.</summary>
/// <param name="Kernel">Name in faults.cu.</param>
/// <param name="Code">The driver's error in the check build.</param>
/// <param name="Says">Words of the report there.</param>
/// <param name="InFastBuild">How the fast build shows it.</param>
internal sealed record PlantedFault(string Kernel, int Code, string Says, Seen InFastBuild)
{
    private const int InvalidValue = 1, IllegalAddress = 700, Misaligned = 716, LaunchFailed = 719;

    public int Blocks { get; init; } = 1;

    public int Threads { get; init; } = 32;

    public int SharedBytes { get; init; }

    /// <summary>Arguments in cells of 8 bytes. The first is the result where the fault shows there.</summary>
    public Func<TestDriver, long[]> Arguments { get; init; } = driver => [driver.New(256 * 4), driver.Upload<float>(Ramp())];

    /// <summary>Every fault that a kernel can hold.</summary>
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        new("write_past_end", IllegalAddress, "0 bytes past the end", Seen.AsError) { Threads = 128, Arguments = driver => [driver.New(400), 100] },
        new("write_before_start", IllegalAddress, "4 bytes before allocation", Seen.AsError) { Arguments = driver => [driver.New(400)] },
        new("read_past_end", IllegalAddress, "past the end", Seen.AsError) { Arguments = driver => [driver.Upload<float>(Ramp().AsSpan(0, 64)), driver.New(128), 32] },
        new("write_far", IllegalAddress, "past the end", Seen.AsError) { Arguments = driver => [driver.New(256)] },
        new("write_first", IllegalAddress, "null pointer", Seen.AsError) { Arguments = _ => [0] },
        new("write_first", InvalidValue, "not a device address", Seen.AsError) { Arguments = _ => [HostMemory()] },
        new("write_through", IllegalAddress, "not device memory", Seen.Not) { Arguments = driver => [driver.Upload<long>([HostMemory()])] },
        new("write_first", InvalidValue, "which was freed", Seen.AsError) { Arguments = driver => [Freed(driver)] },
        new("write_through", IllegalAddress, "which was freed", Seen.AsError) { Arguments = driver => [driver.Upload<long>([Freed(driver)])] },
        new("write_past_end", InvalidValue, "argument 0 is a pointer", Seen.AsError) { Arguments = driver => [100, driver.New(400)] },
        new("misaligned_vector", Misaligned, "misaligned", Seen.Not),
        new("stack_overflow", IllegalAddress, "stack overflow", Seen.AsError) { Arguments = driver => [driver.Upload<float>(Ramp())] },
        new("divide_by_zero", LaunchFailed, "division by zero", Seen.AsError) { Arguments = driver => [driver.New(128), 0] },
        new("read_unwritten", LaunchFailed, "never written", Seen.InResult) { Arguments = driver => [driver.New(128), driver.New(128), 32] },
        new("read_unwritten_shared", LaunchFailed, "never written", Seen.InResult) { Threads = 64, Arguments = driver => [driver.New(256)] },
        new("shared_past_end", IllegalAddress, "outside", Seen.AsError) { Threads = 33, Arguments = driver => [driver.New(256)] },
        new("dynamic_past_end", IllegalAddress, "outside", Seen.AsError) { Threads = 64, SharedBytes = 256, Arguments = driver => [driver.New(256), 65] },
        new("dynamic_past_end", IllegalAddress, "gave 0 bytes", Seen.AsError) { Threads = 64, Arguments = driver => [driver.New(256), 64] },
        new("divergent_barrier", LaunchFailed, "divergent barrier", Seen.AsError) { Arguments = driver => [driver.New(128)] },
        new("barrier_in_branch", LaunchFailed, "divergent barrier", Seen.AsError) { Threads = 64, Arguments = driver => [driver.New(256)] },
        new("shuffle_in_branch", LaunchFailed, "warp collective", Seen.AsError) { Arguments = driver => [driver.New(128)] },
        new("shuffle_with_exited", LaunchFailed, "have exited", Seen.AsError) { Arguments = driver => [driver.New(128), 20] },
        new("missing_barrier", LaunchFailed, "race in shared memory", Seen.InResult) { Threads = 256 },
        new("missing_second_barrier", LaunchFailed, "race in shared memory", Seen.InResult) { Threads = 256 },
        new("missing_warp_barrier", LaunchFailed, "race in shared memory", Seen.InResult),
        new("race_between_blocks", LaunchFailed, "race between blocks", Seen.Not) { Blocks = 64, Arguments = driver => [driver.Upload<float>([0]), driver.Upload<float>(Ramp())] },
        new("copy_not_waited_for", LaunchFailed, "never written", Seen.InResult),
        new("copy_left_in_flight", LaunchFailed, "not waited for", Seen.AsError) { Arguments = driver => [driver.Upload<float>(Ramp())] },
        new("copy_misaligned", Misaligned, "misaligned", Seen.AsError) { Arguments = driver => [driver.Upload<float>(Ramp())] },
    ];

    /// <summary>Launches it and waits; the first error.</summary>
    public int Run(TestDriver driver, nint module, out long[] arguments)
    {
        arguments = Arguments(driver);
        int code = driver.Launch(driver.Function(module, Kernel), (Blocks, 1, 1), (Threads, 1, 1), SharedBytes, arguments);
        return code != 0 ? code : driver.Synchronize();
    }

    public static float[] Ramp() => [.. Enumerable.Range(0, 256).Select(i => i + 1f)];

    // Leaked on purpose: an address that stays a host address.
    private static unsafe long HostMemory() => (long)NativeMemory.AllocZeroed(4096);

    private static nint Freed(TestDriver driver)
    {
        nint address = driver.New(4096);
        driver.Ok(driver.Free(address));
        return address;
    }
}
