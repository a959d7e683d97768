using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Robustify.Kernels;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Device;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// Prepares batches ahead of their consumer on threads of its own. Workers take small runs of samples, so even one batch is shared
/// between them; batches come out in order and bit-identical for any number of workers. One consumer thread.
/// </summary>
/// <remarks>
/// The ring has PrefetchDepth slots; batch b lies in slot b mod depth and is begun only after the consumer gave back batch b - depth.
/// One lock guards all bookkeeping; pixels are written outside it. A warm epoch allocates no managed memory.
/// </remarks>
public sealed class BatchLoader : IDisposable
{
    private const int LongestRun = 16;

    private readonly object gate = new();
    private readonly IImageSource source;
    private readonly BatchLoaderOptions options;
    private readonly int[] indices;
    private readonly int[] order;
    private readonly Batch[] slots;
    private readonly Thread[] threads;
    private readonly SamplePipeline[] pipelines;
    private readonly int runLength;
    private readonly DeviceRenderer? renderer;

    // Guarded by the gate.
    private int epoch = -1;
    private int nextBatch;     // the batch from which the next run of samples is taken ...
    private int nextSample;    // ... and that run's first sample in it
    private int delivered;     // batches before this were handed to the consumer
    private int givenBack;     // batches before this are free again
    private int running;       // workers that hold a run
    private volatile bool abandon; // workers read it between samples, outside the gate
    private bool disposed;

    /// <param name="source">The images.</param>
    /// <param name="indices">Which of them, in evaluation order: a split or subset.</param>
    /// <param name="options">Sizes, augmentation, threads.</param>
    /// <exception cref="RobustifyException">No index, an index outside the source, an option outside its range, or a device without room for a batch.</exception>
    public BatchLoader(IImageSource source, int[] indices, BatchLoaderOptions options)
    {
        options.Validate();
        if (indices.Length == 0)
            throw new RobustifyException($"batch loader: no image of {source.Description} was chosen; at least one is needed");
        foreach (int index in indices)
        {
            if (index < 0 || index >= source.Count)
                throw new RobustifyException($"batch loader: image {index} was chosen, {source.Description} has 0..{source.Count - 1}");
        }

        this.source = source;
        this.options = options;
        this.indices = [.. indices];
        order = [.. indices];
        bool whole = options.Mode == LoaderMode.Training && indices.Length >= options.BatchSize;
        BatchCount = whole ? indices.Length / options.BatchSize : (int)(((long)indices.Length + options.BatchSize - 1) / options.BatchSize);
        nextBatch = delivered = givenBack = BatchCount;
        int capacity = BatchSize = Math.Min(options.BatchSize, indices.Length);
        runLength = Math.Clamp(capacity / (4 * options.Workers), 1, LongestRun);

        // Made here, so that options the transforms refuse are refused on the caller's thread before any worker starts.
        var pixMix = options is { Mode: LoaderMode.Training, AugMixViews: > 0, Mixture: MixtureKind.Pixmix }
            ? new PixMix(options.PixMix, options.ImageSize, options.Normalization.Channels)
            : null;
        slots = new Batch[Math.Min(options.PrefetchDepth, BatchCount)];
        if (options.Device is { } device)
        {
            LoaderMemory.RequireDevice(options with { BatchSize = capacity }, device.AvailableBytes);
            renderer = new DeviceRenderer(device, capacity, options);
        }

        for (int i = 0; i < slots.Length; i++)
            slots[i] = new Batch(capacity, options.Views, options.RowLength, renderer is null ? null : CreateDeviceImages(capacity, pixMix), renderer);
        pipelines = new SamplePipeline[options.Workers];
        for (int i = 0; i < pipelines.Length; i++)
            pipelines[i] = new SamplePipeline(source, options, pixMix);
        threads = new Thread[options.Workers];
        for (int i = 0; i < threads.Length; i++)
        {
            var pipeline = pipelines[i];
            threads[i] = new Thread(() => Work(pipeline)) { IsBackground = true, Name = $"batch loader {i}" };
            threads[i].Start();
        }
    }

    /// <summary>Seconds that all workers together took to read and decode images.</summary>
    public double DecodeSeconds => (double)pipelines.Sum(p => p.DecodeTicks) / Stopwatch.Frequency;

    /// <summary>Seconds that all workers together took to crop, mix and normalise them.</summary>
    public double AugmentSeconds => (double)pipelines.Sum(p => p.AugmentTicks) / Stopwatch.Frequency;

    /// <summary>Images of a whole batch, not counting views.</summary>
    public int BatchSize { get; }

    /// <summary>Batches an epoch.</summary>
    public int BatchCount { get; }

    /// <summary>Abandons what is under way and begins an epoch.</summary>
    /// <param name="epoch">From 0; with the seed it determines order and augmentation.</param>
    /// <param name="firstBatch">The first batch that <see cref="Next"/> returns; more than 0 to resume inside an epoch.</param>
    /// <exception cref="RobustifyException">A negative epoch, or a first batch outside 0..<see cref="BatchCount"/>.</exception>
    public void StartEpoch(int epoch, int firstBatch = 0)
    {
        if (epoch < 0 || firstBatch < 0 || firstBatch > BatchCount)
            throw new RobustifyException($"batch loader: epoch {epoch}, first batch {firstBatch}; the epoch must not be negative, the batch within 0..{BatchCount}");
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            Halt();
            if (options.Mode == LoaderMode.Training && epoch != this.epoch)
                EpochOrder.Shuffle(indices, options.Seed, epoch, order);
            foreach (var slot in slots)
                slot.Invalidate();
            this.epoch = epoch;
            nextBatch = delivered = givenBack = firstBatch;
            nextSample = 0;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The next batch in order, or null at the end of the epoch. It is valid until the next call, which gives its slot back.</summary>
    /// <exception cref="InvalidOperationException">No epoch was started.</exception>
    /// <exception cref="Exception">What a worker threw while it prepared this batch, as it was thrown; the batches before it came out whole.</exception>
    public Batch? Next()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (epoch < 0)
                throw new InvalidOperationException("start an epoch before asking for a batch");
            if (givenBack < delivered)
            {
                givenBack = delivered;
                Monitor.PulseAll(gate);
            }

            if (delivered == BatchCount)
                return null;
            var slot = slots[delivered % slots.Length];
            while (!disposed && (slot.Index != delivered || slot.Remaining > 0))
                Monitor.Wait(gate);
            ObjectDisposedException.ThrowIf(disposed, this);
            if (slot.Failure is { } failure)
                ExceptionDispatchInfo.Throw(failure);
            delivered++;
            return slot;
        }
    }

    /// <summary>Stops the workers after the samples they are at and waits for them.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            abandon = true;
            Monitor.PulseAll(gate);
        }

        foreach (var thread in threads)
            thread.Join();
        renderer?.Dispose();
    }

    private DeviceImages CreateDeviceImages(int capacity, PixMix? pixMix)
    {
        int rows = capacity * options.AugMixViews, side = options.ImageSize, channels = options.Normalization.Channels;
        MixtureRecord? mixtures = options.Mixture switch
        {
            _ when rows == 0 => null,
            MixtureKind.Augmix => new AugMixRecord(options.AugMix, side, rows),
            MixtureKind.Pixmix => new PixMixRecord(pixMix!, side, channels, rows),
            _ => null,
        };
        return new(options, capacity, mixtures, options.Noise is { } noise ? new NoiseRecord(noise, channels, options.Seed, Math.Max(rows, capacity)) : null);
    }

    /// <summary>Waits until no worker holds a run and none can take one. Called under the gate.</summary>
    private void Halt()
    {
        abandon = true;
        nextBatch = BatchCount;
        while (running > 0)
            Monitor.Wait(gate);
        ObjectDisposedException.ThrowIf(disposed, this);
        abandon = false;
    }

    private void Work(SamplePipeline pipeline)
    {
        while (TakeRun(out int first, out int count) is { } batch)
        {
            int position = first;
            Exception? failure = null;
            try
            {
                for (; position < first + count && !abandon; position++)
                    pipeline.Prepare(order[batch.Index * options.BatchSize + position], batch, position);
            }
            catch (Exception thrown)
            {
                // Whatever it is belongs to the consumer: an exception that leaves a thread ends the process.
                failure = thrown;
            }

            lock (gate)
            {
                running--;
                batch.Remaining -= count;
                if (failure is not null)
                    batch.Fail(position, failure);
                if (batch.Remaining == 0 || running == 0)
                    Monitor.PulseAll(gate);
            }
        }
    }

    /// <summary>Waits for samples to prepare and returns the batch they belong to; null when the loader is disposed.</summary>
    private Batch? TakeRun(out int first, out int count)
    {
        lock (gate)
        {
            while (!disposed && (nextBatch >= BatchCount || nextBatch >= givenBack + slots.Length))
                Monitor.Wait(gate);
            first = nextSample;
            count = 0;
            if (disposed)
                return null;
            var batch = slots[nextBatch % slots.Length];
            int batchCount = Math.Min(options.BatchSize, order.Length - nextBatch * options.BatchSize);
            if (first == 0)
                batch.Begin(epoch, nextBatch, batchCount);
            count = Math.Min(runLength, batchCount - first);
            running++;
            nextSample += count;
            if (nextSample == batchCount)
                (nextBatch, nextSample) = (nextBatch + 1, 0);
            return batch;
        }
    }
}
