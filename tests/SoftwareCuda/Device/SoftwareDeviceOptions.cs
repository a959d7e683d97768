namespace Robustify.SoftwareCuda.Tests.Device;

/// <summary>How a software device behaves. What is left out stays at its default.</summary>
public sealed record SoftwareDeviceOptions
{
    /// <summary>False: no device is found (cuInit gives 100).</summary>
    public bool Present { get; init; } = true;

    /// <summary>True: every access of a kernel is checked (bounds, never written, races, alignment); ten times as slow.</summary>
    public bool Check { get; init; }

    /// <summary>True: streams run only when something waits for them. Shows a missing event, or a host that reads too early.</summary>
    public bool LazyStreams { get; init; }

    /// <summary>In which order threads, warps and blocks take turns.</summary>
    public ThreadOrder Order { get; init; }

    /// <summary>For <see cref="ThreadOrder.Random"/>.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Compute capability as 10 major + minor.</summary>
    public int Capability { get; init; } = 90;

    /// <summary>Device memory in bytes; an allocation beyond it gives 2 (out of memory).</summary>
    public long MemoryBytes { get; init; } = 8L << 30;

    /// <summary>Stream operations after which the device is lost: it answers nothing but error 999 from then on; 0 for never.</summary>
    public long LostAfter { get; init; }

    /// <summary>Operating system threads that run blocks; 0 is one a core. The check build uses one.</summary>
    public int Workers { get; init; }

    /// <summary>As the library reads them: variables of the environment without their prefix <c>SWCUDA_</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["ABSENT"] = Present ? "0" : "1",
        ["BUILD"] = Check ? "check" : "fast",
        ["STREAMS"] = LazyStreams ? "lazy" : "eager",
        ["ORDER"] = Order.ToString().ToLowerInvariant(),
        ["SEED"] = $"{Seed}",
        ["CAPABILITY"] = $"{Capability}",
        ["MEMORY"] = $"{MemoryBytes}",
        ["LOST_AFTER"] = $"{LostAfter}",
        ["WORKERS"] = $"{Workers}",
    };
}

/// <summary>Order in which a block's threads and a grid's blocks take turns.</summary>
public enum ThreadOrder
{
    /// <summary>By their index.</summary>
    Forward,

    /// <summary>The last first.</summary>
    Reverse,

    /// <summary>By a seeded draw.</summary>
    Random,
}
