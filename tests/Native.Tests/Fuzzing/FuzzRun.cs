using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Tests.Models.Checkpoints;
using Xunit.Abstractions;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>
/// Many mutated files of one format under a fixed seed: each must be read or refused in one line, within a second of processor time and
/// without memory beyond the file's size. ROBUSTIFY_FUZZ sets how many (10000 for a full run); ROBUSTIFY_FUZZ_REPORT names a file that gets
/// one line of a table for each format.
/// </summary>
internal sealed partial class FuzzRun(string format, ITestOutputHelper output)
{
    private const int ShortRun = 250;
    private const ulong Seed = 20260917;

    // What a refusal itself costs (the exception and its stack trace), or a model of a few kilobytes (the tables of three readers and the
    // layers), about 300 kB for an archive of PyTorch.
    private const long FixedBytes = 384 * 1024;
    private const int ProcessorTimeOfThread = 3; // CLOCK_THREAD_CPUTIME_ID

    private static readonly Lock Report = new();

    private int refused;
    private int read;
    private double worstSeconds;
    private long worstBeyond = long.MinValue;

    /// <summary>Files of each format.</summary>
    public static int Files { get; } = int.TryParse(Environment.GetEnvironmentVariable("ROBUSTIFY_FUZZ"), out int count) && count > 0 ? count : ShortRun;

    /// <summary>Mutates a file again and again.</summary>
    /// <param name="path">The file, sound when this begins.</param>
    /// <param name="kind">What is known of it.</param>
    /// <param name="bytes">Of all files that are read.</param>
    /// <param name="load">Reads them; the bytes it takes outside the managed heap.</param>
    /// <param name="check">Holds what was read against what the mutated file says; gets the file and its number.</param>
    /// <param name="expansion">What may be taken for a byte of the files: 2, or what packing makes of it.</param>
    public void Of(string path, FileKind kind, long bytes, Func<long> load, Action<byte[], int> check, int expansion = 2)
    {
        byte[] original = File.ReadAllBytes(path);
        load(); // Compiles what the timing below would otherwise count, and shows that the seed is sound.
        check(original, -1);
        for (int i = 0; i < Files; i++)
        {
            byte[] mutated = Mutation.Of(original, kind, new PhiloxStream(Seed, RandomPurpose.Initialization, 0, (uint)i));
            File.WriteAllBytes(path, mutated);
            bool isRead = Measure(i, Math.Max(bytes, bytes - original.Length + mutated.Length), expansion, load);
            if (isRead)
                check(mutated, i);
            read += isRead ? 1 : 0;
            refused += isRead ? 0 : 1;
        }

        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"| {format} | {Files} | {read} | {refused} | {worstSeconds * 1e3:F0} | {(worstBeyond + 1023) / 1024} |");
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("ROBUSTIFY_FUZZ_REPORT") is { Length: > 0 } report)
        {
            lock (Report)
                File.AppendAllText(report, line + "\n");
        }

        // Both must be frequent, else the mutations are too wild or too tame to say anything.
        Assert.True(refused > Files / 20 && read > Files / 1000, $"{format}: {refused} refused, {read} read");
    }

    private bool Measure(int number, long bytes, int expansion, Func<long> load)
    {
        long before = GC.GetAllocatedBytesForCurrentThread(), outside = 0;
        double start = ProcessorSeconds();
        bool isRead = false;
        using var watch = new Timer(_ => Environment.FailFast($"{format}, file {number}: hangs"), null, TimeSpan.FromMinutes(2), Timeout.InfiniteTimeSpan);
        try
        {
            outside = load();
            isRead = true;
        }
        catch (RobustifyException e)
        {
            RawSafetensors.OneLineOf(e);
        }
        catch (Exception e)
        {
            Assert.Fail($"{format}, file {number}: {e}");
        }

        double seconds = ProcessorSeconds() - start;
        long taken = GC.GetAllocatedBytesForCurrentThread() - before + outside;
        worstSeconds = Math.Max(worstSeconds, seconds);
        worstBeyond = Math.Max(worstBeyond, taken - expansion * bytes);
        Assert.True(seconds < 1, $"{format}, file {number}: {seconds} seconds of processor time");
        Assert.True(taken <= expansion * bytes + FixedBytes, $"{format}, file {number}: {taken} bytes taken for {bytes}");
        return isRead;
    }

    // Of this thread, as other tests run beside; where the system tells no such time, the clock's.
    private static double ProcessorSeconds()
    {
        if (!OperatingSystem.IsLinux() || ClockGetTime(ProcessorTimeOfThread, out var time) != 0)
            return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        return time.Seconds + time.Nanoseconds * 1e-9;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
