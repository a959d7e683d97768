using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;

namespace Robustify.Native.Evaluation;

/// <summary>A batch of 8-bit images at a model's size: read once, corrupted in many ways, normalised for each model.</summary>
internal sealed class ImageBatch
{
    private readonly IVisionModel model;
    private readonly Image8[] clean;
    private readonly Image8[] shown;
    private readonly uint[] sampleIds;
    private readonly Worker[] workers;

    public ImageBatch(IVisionModel model, int size, int workerCount)
    {
        this.model = model;
        clean = [.. Enumerable.Range(0, size).Select(_ => new Image8(1, 1, 1))];
        shown = [.. Enumerable.Range(0, size).Select(_ => new Image8(1, 1, 1))];
        sampleIds = new uint[size];
        workers = [.. Enumerable.Range(0, workerCount).Select(_ => new Worker(model))];
    }

    /// <summary>Images in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Their indices in the source.</summary>
    public ReadOnlySpan<uint> SampleIds => sampleIds;

    public void Read(CpuThreads threads, IImageSource source, ReadOnlySpan<int> indices)
    {
        Count = indices.Length;
        for (int i = 0; i < Count; i++)
            sampleIds[i] = (uint)indices[i];
        var body = new ReadBody { Batch = this, Source = source };
        threads.For(Count, ref body);
    }

    /// <summary>Drops all images but the first <paramref name="count"/>.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);

    /// <summary>Shows the clean images, or a corrupted copy of each.</summary>
    public void Corrupt(CpuThreads threads, Condition condition, ulong seed)
    {
        if (condition.Corruption is null)
            ShowClean(threads);
        else
            Corrupt(threads, new ConditionCycle([(CorruptionCatalog.Find(condition.Corruption), condition.Severity)], 0), seed);
    }

    /// <summary>Shows a corrupted copy of each image, with the conditions in turn.</summary>
    public void Corrupt(CpuThreads threads, ConditionCycle conditions, ulong seed)
    {
        var body = new CorruptBody { Batch = this, Conditions = conditions, Seed = seed };
        threads.For(Count, ref body);
    }

    private void ShowClean(CpuThreads threads)
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

    private sealed class Worker(IVisionModel model)
    {
        public readonly Image8 Raw = new(1, 1, 1);
        public readonly Image8 Converted = new(1, 1, 1);
        public readonly EvaluationTransform Transform = new(
            model.ImageSize, EvaluationTransform.DefaultShorterSide(model.ImageSize), new PillowResizer());

        public readonly CorruptionScratch Scratch = new();
        public readonly PhiloxStream Random = new(0, RandomPurpose.Corruption, 0, 0);
    }

    private struct ReadBody : IParallelBody
    {
        public ImageBatch Batch;
        public IImageSource Source;

        public readonly void Invoke(int index, int worker)
        {
            var own = Batch.workers[worker];
            Source.Read((int)Batch.sampleIds[index], own.Raw);
            Batch.clean[index].CopyFrom(ChannelConversion.Convert(own.Transform.Apply(own.Raw), Batch.model.Channels, own.Converted));
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
