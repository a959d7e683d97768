using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>
/// Corrupts one picture or a folder of pictures. Sample index = rank of the relative path in ordinal order (0 for a single file), so the
/// bytes written depend on the seed and the set of names, never on the number of workers.
/// </summary>
public sealed class CorruptionJob
{
    private const int MaxWorkers = 1024;

    private readonly CorruptionJobOptions options;
    private readonly Corruption corruption;
    private readonly List<(string Input, string Output, ImageEncoding Encoding)> files;
    private readonly object gate = new();
    private int next;
    private int done;
    private int failedIndex = int.MaxValue;
    private Exception? failure;

    private CorruptionJob(CorruptionJobOptions options)
    {
        this.options = options;
        corruption = CorruptionCatalog.Find(options.Corruption);
        corruption.CheckSeverity(options.Severity);
        if (options.Workers is < 1 or > MaxWorkers)
            throw new RobustifyException($"corrupt: {options.Workers} workers found, 1..{MaxWorkers} expected");
        if (options.Quality is < 1 or > 100)
            throw new RobustifyException($"corrupt: JPEG quality {options.Quality} found, 1..100 expected");
        if (options.Channels is not (ImageFile.ChannelsAsStored or 1 or 3))
            throw new RobustifyException($"corrupt: {options.Channels} channels found, 1 (grey) or 3 (RGB) expected");
        files = CorruptionFiles.Resolve(options);
    }

    /// <summary>Runs a job to its end.</summary>
    /// <param name="options">What to do; checked as a whole before anything is written.</param>
    /// <param name="progress">Called after each picture with (done, total), from any worker but one at a time.</param>
    /// <param name="cancellation">Ends the job after the pictures in hand.</param>
    /// <returns>The number of pictures written.</returns>
    /// <exception cref="RobustifyException">
    /// A bad option, or a picture that cannot be read or written: the first in order of those met. Pictures already written remain; none is
    /// half written.
    /// </exception>
    /// <exception cref="OperationCanceledException">The job was cancelled.</exception>
    public static int Run(CorruptionJobOptions options, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var job = new CorruptionJob(options);
        var threads = new Thread[Math.Min(options.Workers, job.files.Count) - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() => job.Work(progress, cancellation)) { Name = $"corrupt {i + 1}", IsBackground = true };
            threads[i].Start();
        }

        job.Work(progress, cancellation);
        foreach (var thread in threads)
            thread.Join();
        if (job.failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(job.failure);
        cancellation.ThrowIfCancellationRequested();
        return job.done;
    }

    private void Work(Action<int, int>? progress, CancellationToken cancellation)
    {
        var scratch = new CorruptionScratch();
        var stream = new PhiloxStream(options.Seed, RandomPurpose.Corruption, 0, 0);
        Image8 source = new(1, 1, 1), destination = new(1, 1, 1);
        while (!cancellation.IsCancellationRequested && Volatile.Read(ref failure) is null)
        {
            int index = Interlocked.Increment(ref next) - 1;
            if (index >= files.Count)
                return;
            try
            {
                var (input, output, encoding) = files[index];
                ImageFile.Read(input, source, options.Channels);
                CorruptionSeed.Reset(stream, options.Seed, corruption, options.Severity, (uint)index);
                corruption.Apply(source, destination, options.Severity, stream, scratch);
                CreateFolder(Path.GetDirectoryName(Path.GetFullPath(output))!);
                ImageFile.Write(output, destination, encoding, options.Quality);
                lock (gate)
                {
                    done++;
                    progress?.Invoke(done, files.Count);
                }
            }
            catch (Exception error)
            {
                Fail(index, error is OutOfMemoryException
                    ? new RobustifyException(
                        $"{files[index].Input}: too large for the memory of this machine; use fewer workers or reduce the picture", error)
                    : error);
                return;
            }
        }
    }

    // Several workers may fail at once; which error is told must not depend on their timing more than it has to.
    private void Fail(int index, Exception error)
    {
        lock (gate)
        {
            if (index < failedIndex)
                (failedIndex, failure) = (index, error);
        }
    }

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RobustifyException(
                $"{folder}: cannot be created ({error.Message.ReplaceLineEndings(" ")}); check the path and its permissions", error);
        }
    }
}
