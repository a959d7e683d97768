using Robustify.Kernels;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models;

namespace Robustify.Native.Evaluation;

/// <summary>A batch of 8-bit images at a model's size: read once, corrupted in many ways, normalised for each model.</summary>
internal sealed class ImageBatch
{
    private readonly IVisionModel model;
    private readonly Image8[] clean;
    private readonly Image8[] shown;
    private readonly uint[] sampleIds;
    private readonly bool[] unreadable;
    private readonly Worker[] workers;
    private int readCount;

    public ImageBatch(IVisionModel model, int size, int workerCount, InputGeometry? geometry = null)
    {
        this.model = model;
        clean = [.. Enumerable.Range(0, size).Select(_ => new Image8(1, 1, 1))];
        shown = [.. Enumerable.Range(0, size).Select(_ => new Image8(1, 1, 1))];
        sampleIds = new uint[size];
        unreadable = new bool[size];
        geometry ??= InputGeometry.Standard(model.ImageSize);
        workers = [.. Enumerable.Range(0, workerCount).Select(_ => new Worker(geometry))];
    }

    /// <summary>Images that are shown.</summary>
    public int Count { get; private set; }

    /// <summary>Their indices in the source.</summary>
    public ReadOnlySpan<uint> SampleIds => sampleIds;

    /// <summary>Whether an image of the batch could not be read; it shows a black one then.</summary>
    public bool IsUnreadable(int index) => unreadable[index];

    /// <summary>An image as it is shown to the models.</summary>
    public Image8 Shown(int index) => shown[index];

    /// <summary>Reads images; with <paramref name="tolerant"/> one that is refused is marked, else the refusal is thrown.</summary>
    public void Read(CpuThreads threads, IImageSource source, ReadOnlySpan<int> indices, bool tolerant = false)
    {
        Count = readCount = indices.Length;
        for (int i = 0; i < Count; i++)
            sampleIds[i] = (uint)indices[i];
        var body = new ReadBody { Batch = this, Source = source, Tolerant = tolerant };
        threads.For(Count, ref body);
    }

    /// <summary>Shows only the first <paramref name="count"/> of the images read, until the next call.</summary>
    public void Limit(int count) => Count = Math.Min(readCount, count);

    /// <summary>Shows the clean images where <paramref name="corruption"/> is null, or a corrupted copy of each.</summary>
    public void Corrupt(CpuThreads threads, Corruption? corruption, int severity, ulong seed)
    {
        if (corruption is null)
            ShowClean(threads);
        else
            Corrupt(threads, new ConditionCycle([(corruption, severity)], 0), seed);
    }

    /// <summary>Shows a corrupted copy of each image, with the conditions in turn.</summary>
    public void Corrupt(CpuThreads threads, ConditionCycle conditions, ulong seed)
    {
        var body = new CorruptBody { Batch = this, Conditions = conditions, Seed = seed };
        threads.For(Count, ref body);
    }

    /// <summary>Shows the images as they were read.</summary>
    public void ShowClean(CpuThreads threads)
    {
        var body = new CleanBody { Batch = this };
        threads.For(Count, ref body);
    }

    /// <summary>Writes the shown images into a model's input; rows beyond the count keep what they hold.</summary>
    public unsafe void Normalize(CpuThreads threads, Normalization normalization, Span<float> destination)
    {
        fixed (float* start = destination)
        {
            var body = new NormalizeBody
            {
                Batch = this, Normalization = normalization, Destination = start, RowLength = model.ImageSize * model.ImageSize * model.Channels,
            };
            threads.For(Count, ref body);
        }
    }

    private sealed class Worker(InputGeometry geometry)
    {
        public readonly Image8 Raw = new(1, 1, 1);
        public readonly Image8 Converted = new(1, 1, 1);
        public readonly InputTransform Transform = new(geometry);
        public readonly CorruptionScratch Scratch = new();
        public readonly PhiloxStream Random = new(0, RandomPurpose.Corruption, 0, 0);
    }

    private struct ReadBody : IParallelBody
    {
        public ImageBatch Batch;
        public IImageSource Source;
        public bool Tolerant;

        public readonly void Invoke(int index, int worker)
        {
            var own = Batch.workers[worker];
            Batch.unreadable[index] = false;
            try
            {
                Source.Read((int)Batch.sampleIds[index], own.Raw);
                Batch.clean[index].CopyFrom(ChannelConversion.Convert(own.Transform.Apply(own.Raw), Batch.model.Channels, own.Converted));
            }
            catch (RobustifyException) when (Tolerant)
            {
                Batch.unreadable[index] = true;
                Batch.clean[index].Reshape(Batch.model.ImageSize, Batch.model.ImageSize, Batch.model.Channels);
                Batch.clean[index].Pixels.Clear();
            }
        }
    }

    private struct CleanBody : IParallelBody
    {
        public ImageBatch Batch;

        public readonly void Invoke(int index, int worker) => Batch.shown[index].CopyFrom(Batch.clean[index]);
    }

    private struct CorruptBody : IParallelBody
    {
        public ImageBatch Batch;
        public ConditionCycle Conditions;
        public ulong Seed;

        public readonly void Invoke(int index, int worker)
        {
            var own = Batch.workers[worker];
            var (corruption, severity) = Conditions[index];
            CorruptionSeed.Reset(own.Random, Seed, corruption, severity, Batch.sampleIds[index]);
            corruption.Apply(Batch.clean[index], Batch.shown[index], severity, own.Random, own.Scratch);
        }
    }

    private unsafe struct NormalizeBody : IParallelBody
    {
        public ImageBatch Batch;
        public Normalization Normalization;
        public float* Destination;
        public int RowLength;

        public readonly void Invoke(int index, int worker) =>
            Normalization.Apply(Batch.shown[index], new Span<float>(Destination + (long)index * RowLength, RowLength));
    }
}
