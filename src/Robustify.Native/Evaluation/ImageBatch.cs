using Robustify.Kernels;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Evaluation.Showing;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>
/// A batch of 8-bit images at a model's size: read once, corrupted in many ways, normalised for each model. Reading is the crew's; what is
/// shown is made where the models compute.
/// </summary>
internal sealed class ImageBatch : IDisposable
{
    private readonly IVisionModel model;
    private readonly CpuThreads threads;
    private readonly IImageStage stage;
    private readonly Image8[] clean;
    private readonly uint[] sampleIds;
    private readonly bool[] unreadable;
    private readonly Worker[] workers;
    private int readCount;

    public ImageBatch(IVisionModel model, int size, RunContext context, InputGeometry? geometry = null)
    {
        this.model = model;
        threads = context.Threads;
        stage = context.Backend is CudaBackend device ? new DeviceStage(device, size) : new HostStage(threads, size);
        clean = [.. Enumerable.Range(0, size).Select(_ => new Image8(1, 1, 1))];
        sampleIds = new uint[size];
        unreadable = new bool[size];
        geometry ??= InputGeometry.Standard(model.ImageSize);
        workers = [.. Enumerable.Range(0, threads.Count).Select(_ => new Worker(geometry))];
    }

    /// <summary>Images that are shown.</summary>
    public int Count { get; private set; }

    /// <summary>Their indices in the source.</summary>
    public ReadOnlySpan<uint> SampleIds => sampleIds;

    /// <summary>Whether an image of the batch could not be read; it shows a black one then.</summary>
    public bool IsUnreadable(int index) => unreadable[index];

    /// <summary>An image as it is shown to the models; valid until another is asked for or shown.</summary>
    public Image8 Shown(int index) => stage.Shown(index);

    /// <summary>Reads images; with <paramref name="tolerant"/> one that is refused is marked, else the refusal is thrown.</summary>
    public void Read(IImageSource source, ReadOnlySpan<int> indices, bool tolerant = false)
    {
        Count = readCount = indices.Length;
        for (int i = 0; i < Count; i++)
            sampleIds[i] = (uint)indices[i];
        var body = new ReadBody { Batch = this, Source = source, Tolerant = tolerant };
        threads.For(Count, ref body);
        stage.Take(clean.AsSpan(0, Count), sampleIds.AsMemory(0, Count));
    }

    /// <summary>Shows only the first <paramref name="count"/> of the images read, until the next call.</summary>
    public void Limit(int count) => Count = Math.Min(readCount, count);

    /// <summary>Shows the clean images where <paramref name="corruption"/> is null, or a corrupted copy of each.</summary>
    public void Corrupt(Corruption? corruption, int severity, ulong seed)
    {
        if (corruption is null)
            ShowClean();
        else
            Corrupt(new ConditionCycle([(corruption, severity)], 0), seed);
    }

    /// <summary>Shows a corrupted copy of each image, with the conditions in turn.</summary>
    public void Corrupt(ConditionCycle conditions, ulong seed) => stage.Corrupt(conditions, seed, Count);

    /// <summary>Shows the images as they were read.</summary>
    public void ShowClean() => stage.ShowClean(Count);

    /// <summary>Writes the shown images into a model's input; rows beyond the count keep what they hold.</summary>
    public void Normalize(Normalization normalization, IModelInput input) => stage.Normalize(normalization, input, Count);

    /// <inheritdoc/>
    public void Dispose() => stage.Dispose();

    private sealed class Worker(InputGeometry geometry)
    {
        public readonly Image8 Raw = new(1, 1, 1);
        public readonly Image8 Converted = new(1, 1, 1);
        public readonly InputTransform Transform = new(geometry);
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
}
