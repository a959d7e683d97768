using System.Diagnostics.CodeAnalysis;
using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>
/// Corrupts one picture, a folder of pictures, or a whole data set under many conditions. Sample index = rank of the relative path (0 for a
/// single file), so the bytes written depend on the seed and the set of names, never on the number of workers. A picture is decoded once
/// for all conditions. Files are written under temporary names and renamed, so an interrupted job goes on where it was.
/// </summary>
public sealed class CorruptionJob
{
    private const int MaxWorkers = 1024;

    // A corruption takes up to a hundred bytes a pixel: pictures above this many take turns, and leave nothing behind.
    private const int LargePixels = 1 << 22;

    private readonly CorruptionJobOptions options;
    private readonly CorruptionFiles files;
    private readonly Action<int, int>? progress;
    private readonly bool keeps;
    private readonly Lock gate = new();
    private readonly object large = new();
    private readonly SortedDictionary<int, string> unusable = [];
    private int next;
    private int written;
    private int kept;
    private int done;
    private int failedIndex = int.MaxValue;
    private Exception? failure;

    private CorruptionJob(CorruptionJobOptions options, Action<int, int>? progress)
    {
        (this.options, this.progress) = (options, progress);
        if (options.Corruptions.Count == 0 || options.Severities.Count == 0)
            throw new RobustifyException("corrupt: no corruption or no severity given, at least one of each expected");
        foreach (int severity in options.Severities)
            options.Corruptions[0].CheckSeverity(severity);
        if (options.Workers is < 1 or > MaxWorkers)
            throw new RobustifyException($"corrupt: {options.Workers} workers found, 1..{MaxWorkers} expected");
        if (options.Quality is < 1 or > 100)
            throw new RobustifyException($"corrupt: JPEG quality {options.Quality} found, 1..100 expected");
        if (options.Channels is not (ImageFile.ChannelsAsStored or 1 or 3))
            throw new RobustifyException($"corrupt: {options.Channels} channels found, 1 (grey) or 3 (RGB) expected");
        files = CorruptionFiles.Resolve(options);
        keeps = files.IsFolder && JobManifest.Continues(options, files);
    }

    private int Conditions => options.Corruptions.Count * options.Severities.Count;

    /// <summary>Runs a job to its end.</summary>
    /// <param name="options">What to do; checked as a whole before anything is written.</param>
    /// <param name="progress">Called after each file with (done, total), from any worker but one at a time.</param>
    /// <param name="cancellation">Ends the job after the pictures in hand.</param>
    /// <exception cref="RobustifyException">
    /// A bad option; a picture that cannot be used where there is only one or the job is strict (the first in order of those met); a file that
    /// cannot be written. Pictures already written remain; none is half written.
    /// </exception>
    /// <exception cref="OperationCanceledException">The job was cancelled.</exception>
    public static CorruptionReport Run(
        CorruptionJobOptions options, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var job = new CorruptionJob(options, progress);
        if (job.files.IsFolder)
        {
            CreateFolder(options.Output);
            JobManifest.Write(options, job.files, null);
        }

        var threads = new Thread[Math.Min(options.Workers, job.files.Pictures.Length) - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() => job.Work(cancellation)) { Name = $"corrupt {i + 1}", IsBackground = true };
            threads[i].Start();
        }

        job.Work(cancellation);
        foreach (var thread in threads)
            thread.Join();
        if (job.failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(job.failure);
        cancellation.ThrowIfCancellationRequested();
        var report = new CorruptionReport(
            job.written, job.kept, [.. job.unusable.Select(entry => (job.files.InputOf(entry.Key), entry.Value))],
            [.. job.files.PassedOver.Select(path => Path.Combine(options.Input, path))], JobManifest.Caveats(options));
        if (job.files.IsFolder)
            JobManifest.Write(options, job.files, report);
        return report;
    }

    private void Work(CancellationToken cancellation)
    {
        using var worker = new Worker(options);
        while (!cancellation.IsCancellationRequested && Volatile.Read(ref failure) is null)
        {
            int index = Interlocked.Increment(ref next) - 1;
            if (index >= files.Pictures.Length)
                return;
            try
            {
                Corrupt(index, worker, cancellation);
            }
            catch (Exception error)
            {
                Fail(index, error);
                return;
            }
        }
    }

    private void Corrupt(int index, Worker worker, CancellationToken cancellation)
    {
        Image8? source = null;
        bool alone = false;
        try
        {
            foreach (var corruption in options.Corruptions)
            {
                foreach (int severity in options.Severities)
                {
                    if (cancellation.IsCancellationRequested)
                        return;
                    string output = files.OutputOf(index, corruption, severity);
                    if (keeps && File.Exists(output))
                    {
                        Count(ref kept, 1);
                        continue;
                    }

                    if (source is null)
                    {
                        if (!Usable(index, () => source = worker.Read(files.InputOf(index))))
                            return;
                        if ((long)source!.Width * source.Height > LargePixels)
                            Monitor.Enter(large, ref alone);
                        worker.Corruptor.Take(source);
                    }

                    if (!Usable(index, () => worker.Corruptor.Corrupt(corruption, severity, options.Seed, (uint)index, worker.Destination)))
                        return;
                    CreateFolder(Path.GetDirectoryName(Path.GetFullPath(output))!);
                    ImageFile.Write(output, worker.Destination, files.Encoding, options.Quality);
                    Count(ref written, 1);
                }
            }
        }
        finally
        {
            if (alone)
            {
                worker.Forget();
                Monitor.Exit(large);
            }
        }
    }

    // False for a picture that cannot be used: it is counted and listed.
    private bool Usable(int index, Action use)
    {
        string input = files.InputOf(index);
        try
        {
            use();
            return true;
        }
        catch (Exception error) when (error is RobustifyException or OutOfMemoryException)
        {
            string reason = error is OutOfMemoryException ? "too large for the memory of this machine; reduce it first, for example with --prepare" : error.Message;
            if (!reason.StartsWith(input, StringComparison.Ordinal))
                reason = $"{input}: {reason}";
            if (!files.IsFolder || options.Strict)
                throw new RobustifyException(reason, error);
            lock (gate)
                unusable.Add(index, reason);
            int skipped = 0;
            Count(ref skipped, Conditions);
            return false;
        }
    }

    private void Count(ref int counter, int by)
    {
        lock (gate)
        {
            counter += by;
            done += by;
            progress?.Invoke(done, files.Pictures.Length * Conditions);
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

    private sealed class Worker : IDisposable
    {
        private readonly CorruptionJobOptions options;
        private Image8 picture;
        private PicturePreparer preparer;

        public Worker(CorruptionJobOptions options)
        {
            this.options = options;
            Renew();
        }

        public Image8 Destination { get; private set; }

        public IPictureCorruptor Corruptor { get; private set; }

        public Image8 Read(string path)
        {
            ImageFile.Read(path, picture, options.Channels);
            return preparer.Prepare(picture);
        }

        /// <summary>Gives back what a large picture took.</summary>
        public void Forget()
        {
            Dispose();
            Renew();
        }

        public void Dispose() => Corruptor.Dispose();

        [MemberNotNull(nameof(picture), nameof(preparer), nameof(Destination), nameof(Corruptor))]
        private void Renew()
        {
            (picture, preparer, Destination) = (new(1, 1, 1), new(options.Preparation), new(1, 1, 1));
            Corruptor = IPictureCorruptor.On(options.Backend);
        }
    }
}
