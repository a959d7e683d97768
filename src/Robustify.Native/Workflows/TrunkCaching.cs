using System.Diagnostics;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Sources;
using Robustify.Native.Runs;
using Robustify.Native.Training;
using Robustify.Native.Training.Cache;

namespace Robustify.Native.Workflows;

/// <summary>Opens the cache of a run's frozen outputs and fills it where it is not there yet.</summary>
internal static class TrunkCaching
{
    /// <summary>The step over the cache.</summary>
    /// <param name="step">The whole step, cut.</param>
    /// <param name="bank">Versions and where they are stored.</param>
    /// <param name="data">The training images.</param>
    /// <param name="loading">How the run loads them.</param>
    /// <param name="description">What the outputs depend on beside tensors, data, layout and seed.</param>
    /// <param name="context">Device, progress, cancellation.</param>
    /// <param name="cost">What filling took.</param>
    public static CachedStep Open(
        ICuttableStep step, BankOptions bank, LabeledData data, BatchLoaderOptions loading, string description, RunContext context, out CacheCost cost)
    {
        var layout = new CacheLayout(step.Plan.Cut!.Outputs, loading.BatchSize);
        long entries = (long)bank.Versions * data.Train.Length;
        TrunkCache cache = bank.Cache == BankOptions.InMemory
            ? InMemory(layout.EntryBytes, entries, context)
            : FileCache.Open(bank.Cache, Key(step, layout, bank, data, loading, description, context), layout.EntryBytes, entries, context.Message);
        var cached = new CachedStep(step, layout, cache, data.Train, bank.Versions, context.Backend.IsHostMemory);
        cost = default;
        if (cache.IsComplete)
            return cached;
        try
        {
            cost = Fill(cached, step, data, loading, context);
            return cached;
        }
        catch
        {
            cached.Dispose();
            throw;
        }
    }

    private static CacheCost Fill(CachedStep cached, ICuttableStep step, LabeledData data, BatchLoaderOptions loading, RunContext context)
    {
        // Whole batches alone are of the shape that training computes: the last is filled up with images from the beginning.
        int[] images = [.. data.Train];
        int missing = (loading.BatchSize - images.Length % loading.BatchSize) % loading.BatchSize;
        using var loader = new BatchLoader(data.TrainSource, [.. images, .. images.Take(missing)], loading);
        using var timer = context.Backend.CreateTimer();
        long start = Stopwatch.GetTimestamp();
        timer.Start();
        long batches = cached.Fill(context.Backend, loader, context);
        timer.Stop();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        context.Message(string.Create(CultureInfo.InvariantCulture, $"trunk cache: {batches} batches computed in {seconds:F1} s"));
        return new CacheCost(seconds, timer.Seconds(), batches * step.Plan.FrozenMultiplyAdds.ForwardFlops)
        {
            DecodeSeconds = loader.DecodeSeconds, AugmentSeconds = loader.AugmentSeconds,
        };
    }

    private static MemoryCache InMemory(long entryBytes, long entries, RunContext context)
    {
        double bytes = (double)entryBytes * entries;
        long available = ComputeTarget.Host.AvailableBytes;
        context.Message(string.Create(CultureInfo.InvariantCulture, $"trunk cache: takes {bytes / 1048576.0:F1} MiB of memory"));
        return bytes <= available
            ? new MemoryCache(entryBytes, entries)
            : throw new RobustifyException(string.Create(
                CultureInfo.InvariantCulture,
                $"--trunk-cache memory: {bytes / 1048576.0:F1} MiB needed, {available / 1048576.0:F1} MiB available; name a directory, or choose a smaller --augment-bank or --trunk-type bf16"));
    }

    private static string Key(
        ICuttableStep step, CacheLayout layout, BankOptions bank, LabeledData data, BatchLoaderOptions loading, string description, RunContext context) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{description}; {layout.Description}; tensors {TensorDigest.Of(step.Parameters, p => p.Gradient is null)}; data {SourceDigest.Of(data.TrainSource, data.Train)}; "
            + $"seed {loading.Seed}; bank {bank.Versions}; batch {loading.BatchSize}; {context.Precision}; {context.Backend.Description}");
}

/// <summary>What filling a cache took.</summary>
/// <param name="Seconds">Wall time.</param>
/// <param name="DeviceSeconds">Time of it that the device computed in; on the CPU all of it.</param>
/// <param name="ForwardFlops">Operations of the frozen parts.</param>
internal readonly record struct CacheCost(double Seconds, double DeviceSeconds, long ForwardFlops)
{
    /// <summary>Loader threads' time to read.</summary>
    public double DecodeSeconds { get; init; }

    /// <summary>Loader threads' time for all after that.</summary>
    public double AugmentSeconds { get; init; }
}
