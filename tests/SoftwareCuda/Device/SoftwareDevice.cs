using System.Runtime.InteropServices;
using System.Text;

namespace Robustify.SoftwareCuda.Tests.Device;

/// <summary>
/// A software CUDA device for the unchanged product. While one is open, <c>ROBUSTIFY_CUDA_PATH</c> leads to the libraries that stand in for
/// NVIDIA's, so whatever the product loads afterwards runs on the CPU. One device a process at a time; open it before the backend, close it
/// after.
/// </summary>
/// <example><code>
/// using var device = new SoftwareDevice(new() { Check = true });
/// // ... make a CudaBackend, run it, dispose it ...
/// device.ExpectClean();
/// </code></example>
public sealed unsafe partial class SoftwareDevice : IDisposable
{
    /// <summary>The variable that the product reads first when it looks for CUDA libraries.</summary>
    public const string PathVariable = "ROBUSTIFY_CUDA_PATH";

    /// <summary>The variable that names the product's cache of compiled kernels.</summary>
    public const string CacheVariable = "ROBUSTIFY_CACHE";

    private static int open;
    private readonly (string Name, string? Value)[] previous;
    private readonly delegate* unmanaged<byte*, byte*, void> configure;
    private readonly delegate* unmanaged<nuint> reset;
    private readonly delegate* unmanaged<byte*, nuint, nuint> report;
    private readonly delegate* unmanaged<void> clearReport;
    private readonly delegate* unmanaged<nuint> liveAllocations;
    private readonly delegate* unmanaged<ulong> operations;

    /// <summary>For xunit's class fixtures: a device with default options.</summary>
    public SoftwareDevice()
        : this(new SoftwareDeviceOptions())
    {
    }

    /// <summary>Opens a device: as after a fresh start of the process, with these options.</summary>
    /// <exception cref="InvalidOperationException">There can be none here, or another is open.</exception>
    public SoftwareDevice(SoftwareDeviceOptions options)
    {
        if (SoftwareLibrary.Missing is { } reason)
            throw new InvalidOperationException(reason);
        if (Interlocked.Exchange(ref open, 1) != 0)
            throw new InvalidOperationException("another software device is open: there is one a process, dispose that one first");
        Options = options;
        Library = NativeLibrary.Load(Path.Combine(SoftwareLibrary.Folder, "libcuda.so.1"));
        configure = (delegate* unmanaged<byte*, byte*, void>)NativeLibrary.GetExport(Library, "swcuda_configure");
        reset = (delegate* unmanaged<nuint>)NativeLibrary.GetExport(Library, "swcuda_reset");
        report = (delegate* unmanaged<byte*, nuint, nuint>)NativeLibrary.GetExport(Library, "swcuda_report");
        clearReport = (delegate* unmanaged<void>)NativeLibrary.GetExport(Library, "swcuda_clear_report");
        liveAllocations = (delegate* unmanaged<nuint>)NativeLibrary.GetExport(Library, "swcuda_live_allocations");
        operations = (delegate* unmanaged<ulong>)NativeLibrary.GetExport(Library, "swcuda_operations");
        foreach ((string name, string value) in options.Settings)
            Configure(name, value);
        reset();
        clearReport();
        previous = [.. ProductVariables.Select(variable => (variable.Key, Environment.GetEnvironmentVariable(variable.Key)))];
        foreach ((string name, string value) in ProductVariables)
            Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>What the device was opened with.</summary>
    public SoftwareDeviceOptions Options { get; }

    /// <summary>Handle of the loaded library, for tests that call it themselves.</summary>
    public nint Library { get; }

    /// <summary>Faults and refusals since the device was opened, a line each; empty when there were none.</summary>
    public string Report
    {
        get
        {
            var text = new byte[(int)report(null, 0) + 1];
            fixed (byte* into = text)
                report(into, (nuint)text.Length);
            return Encoding.UTF8.GetString(text.AsSpan(0, text.Length - 1)).TrimEnd('\n');
        }
    }

    /// <summary>Device allocations that have not been freed.</summary>
    public int LiveAllocations => (int)liveAllocations();

    /// <summary>Stream operations that ran, counted where <see cref="SoftwareDeviceOptions.LostAfter"/> is set.</summary>
    public long Operations => (long)operations();

    /// <summary>Variables with which another process (the command line) gets the same device.</summary>
    public IReadOnlyDictionary<string, string> Variables => Options.Settings.ToDictionary(entry => "SWCUDA_" + entry.Key, entry => entry.Value)
        .Concat(ProductVariables).ToDictionary();

    /// <summary>Where the product finds the libraries, and a cache of its own, which outlives the tests as long as the device's sources do.</summary>
    private static Dictionary<string, string> ProductVariables => new()
    {
        [PathVariable] = SoftwareLibrary.Folder,
        [CacheVariable] = Path.Combine(SoftwareLibrary.Folder, "product-cache"),
    };

    /// <summary>Address of one of the library's entry points.</summary>
    public nint Entry(string name) => NativeLibrary.GetExport(Library, name);

    /// <summary>Forgets the report.</summary>
    public void ClearReport() => clearReport();

    /// <summary>Forgets contexts, allocations, streams and a fault that has poisoned the context. Returns how many allocations there were.</summary>
    public int Reset() => (int)reset();

    /// <summary>Fails with the report's text unless it is empty.</summary>
    public void ExpectClean() => Assert.True(Report.Length == 0, Report);

    /// <inheritdoc/>
    public void Dispose()
    {
        reset();
        foreach ((string name, string? value) in previous)
            Environment.SetEnvironmentVariable(name, value);
        Interlocked.Exchange(ref open, 0);
    }

    private void Configure(string name, string value)
    {
        // Environment.SetEnvironmentVariable does not reach native code.
        fixed (byte* nameText = Encoding.UTF8.GetBytes(name + '\0'), valueText = Encoding.UTF8.GetBytes(value + '\0'))
            configure(nameText, valueText);
    }
}
