using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Driver;

namespace Robustify.SoftwareCuda.Tests.Faults;

/// <summary>Each fault that a kernel can hold is found, by the check build always, by the fast build mostly.</summary>
public sealed class KernelFaultTests
{
    private static readonly string Source = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Faults", "faults.cu"));

    [SoftwareCudaFact]
    public void The_check_build_finds_every_planted_fault_and_says_what_it_is()
    {
        using var device = new SoftwareDevice(new() { Check = true });
        var missed = new List<string>();
        foreach (var fault in PlantedFault.All)
        {
            device.Reset();
            device.ClearReport();
            var driver = new TestDriver(device);
            int code = fault.Run(driver, driver.Compile(Source, "faults.cu"), out _);
            if (code != fault.Code || !device.Report.Contains(fault.Says, StringComparison.Ordinal))
                missed.Add($"{fault.Kernel}: {code} {device.Report}; expected {fault.Code} and '{fault.Says}'");
        }

        Assert.True(missed.Count == 0, string.Join('\n', missed));
    }

    [SoftwareCudaFact]
    public void The_check_build_names_the_source_line_of_an_access()
    {
        if (!SoftwareLibrary.OnPath("addr2line"))
            return;
        using var device = new SoftwareDevice(new() { Check = true });
        var driver = new TestDriver(device);
        PlantedFault.All.Single(fault => fault.Kernel == "read_unwritten").Run(driver, driver.Compile(Source, "faults.cu"), out _);
        int line = 1 + Array.FindIndex(Source.Split('\n'), text => text.Contains("void read_unwritten(", StringComparison.Ordinal));
        Assert.Contains($"faults.cu:{line}", device.Report, StringComparison.Ordinal);
    }

    [SoftwareCudaFact]
    public void The_fast_build_turns_most_faults_into_errors()
    {
        using var device = new SoftwareDevice();
        var missed = new List<string>();
        foreach (var fault in PlantedFault.All.Where(fault => fault.InFastBuild == Seen.AsError))
        {
            device.Reset();
            device.ClearReport();
            var driver = new TestDriver(device);
            int code = fault.Run(driver, driver.Compile(Source, "faults.cu"), out _);
            if (code == 0 || device.Report.Length == 0)
                missed.Add($"{fault.Kernel}: {code} '{device.Report}'");
        }

        Assert.True(missed.Count == 0, string.Join('\n', missed));
    }

    [SoftwareCudaFact]
    public void The_fast_build_shows_races_and_unwritten_memory_in_the_result()
    {
        foreach (var fault in PlantedFault.All.Where(fault => fault.InFastBuild == Seen.InResult))
        {
            var results = new HashSet<string>();
            bool isNumber = true;
            foreach (var order in Enum.GetValues<ThreadOrder>())
            {
                using var device = new SoftwareDevice(new() { Order = order, Workers = 1 });
                var driver = new TestDriver(device);
                fault.Run(driver, driver.Compile(Source, "faults.cu"), out long[] arguments);
                int result = fault.Kernel == "read_unwritten" ? 1 : 0;
                float[] values = driver.Download<float>((nint)arguments[result], fault.Threads);
                isNumber &= !values.Any(float.IsNaN);
                results.Add(string.Join(',', values));
            }

            Assert.True(!isNumber || results.Count > 1, $"{fault.Kernel}: the same numbers in every order");
        }
    }

    [SoftwareCudaTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_right_kernel_gives_the_same_bits_in_every_order_and_no_alarm(bool check)
    {
        foreach (var order in Enum.GetValues<ThreadOrder>())
        {
            using var device = new SoftwareDevice(new() { Check = check, Order = order, Seed = 7 });
            var driver = new TestDriver(device);
            nint sum = driver.New(4 * 8), x = driver.Upload<float>(PlantedFault.Ramp());
            driver.Ok(driver.Launch(driver.Function(driver.Compile(Source, "faults.cu"), "sum_right"), (8, 1, 1), (256, 1, 1), 0, [sum, x]));
            Assert.All(driver.Download<float>(sum, 8), value => Assert.Equal(256 * 257 / 2, value));
            device.ExpectClean();
        }
    }

    [SoftwareCudaFact]
    public void A_fault_poisons_the_context_until_it_is_reset()
    {
        using var device = new SoftwareDevice();
        var driver = new TestDriver(device);
        nint module = driver.Compile(Source, "faults.cu"), place = driver.New(256);
        Assert.Equal(700, driver.Launch(driver.Function(module, "write_far"), (1, 1, 1), (32, 1, 1), 0, [place]));
        Assert.Equal(700, driver.Synchronize());
        unsafe
        {
            float value;
            Assert.Equal(700, driver.CopyToHost(&value, place, 4));
        }

        device.Reset();
        driver = new TestDriver(device);
        place = driver.New(256);
        driver.Ok(driver.Launch(driver.Function(driver.Compile(Source, "faults.cu"), "write_first"), (1, 1, 1), (32, 1, 1), 0, [place]));
        Assert.Equal(1f, driver.Download<float>(place, 1)[0]);
    }

    [SoftwareCudaFact]
    public void The_runtime_still_catches_its_own_faults_afterwards()
    {
        using var device = new SoftwareDevice();
        var driver = new TestDriver(device);
        driver.Launch(driver.Function(driver.Compile(Source, "faults.cu"), "write_far"), (1, 1, 1), (32, 1, 1), 0, [driver.New(64)]);
        string? nothing = Environment.GetEnvironmentVariable("a variable that is not there");
        int zero = nothing?.Length ?? 0;
        Assert.Throws<NullReferenceException>(() => nothing!.Length);
        Assert.Throws<DivideByZeroException>(() => 1 / zero);
    }
}
