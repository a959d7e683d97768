using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation.Showing;

/// <summary>The stage in host memory: each image by a thread of the crew.</summary>
internal sealed class HostStage : IImageStage
{
    private readonly CpuThreads threads;
    private readonly Image8[] clean;
    private readonly Image8[] shown;
    private readonly Worker[] workers;
    private ReadOnlyMemory<uint> sampleIds;

    public HostStage(CpuThreads threads, int size)
    {
        this.threads = threads;
        clean = new Image8[size];
        shown = [.. Enumerable.Range(0, size).Select(_ => new Image8(1, 1, 1))];
        workers = [.. Enumerable.Range(0, threads.Count).Select(_ => new Worker())];
    }

    /// <inheritdoc/>
    public void Take(ReadOnlySpan<Image8> clean, ReadOnlyMemory<uint> sampleIds)
    {
        clean.CopyTo(this.clean);
        this.sampleIds = sampleIds;
    }

    /// <inheritdoc/>
    public void ShowClean(int count)
    {
        var body = new CleanBody { Stage = this };
        threads.For(count, ref body);
    }

    /// <inheritdoc/>
    public void Corrupt(ConditionCycle conditions, ulong seed, int count)
    {
        var body = new CorruptBody { Stage = this, Conditions = conditions, Seed = seed };
        threads.For(count, ref body);
    }

    /// <inheritdoc/>
    public unsafe void Normalize(Normalization normalization, IModelInput input, int count)
    {
        fixed (float* start = input.Images)
        {
            var body = new NormalizeBody { Stage = this, Normalization = normalization, Destination = start, RowLength = shown[0].Pixels.Length };
            threads.For(count, ref body);
        }
    }

    /// <inheritdoc/>
    public Image8 Shown(int index) => shown[index];

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Worker
    {
        public readonly CorruptionScratch Scratch = new();
        public readonly PhiloxStream Random = new(0, RandomPurpose.Corruption, 0, 0);
    }

    private struct CleanBody : IParallelBody
    {
        public HostStage Stage;

        public readonly void Invoke(int index, int worker) => Stage.shown[index].CopyFrom(Stage.clean[index]);
    }

    private struct CorruptBody : IParallelBody
    {
        public HostStage Stage;
        public ConditionCycle Conditions;
        public ulong Seed;

        public readonly void Invoke(int index, int worker)
        {
            var own = Stage.workers[worker];
            var (corruption, severity) = Conditions[index];
            CorruptionSeed.Reset(own.Random, Seed, corruption, severity, Stage.sampleIds.Span[index]);
            corruption.Apply(Stage.clean[index], Stage.shown[index], severity, own.Random, own.Scratch);
        }
    }

    private unsafe struct NormalizeBody : IParallelBody
    {
        public HostStage Stage;
        public Normalization Normalization;
        public float* Destination;
        public int RowLength;

        public readonly void Invoke(int index, int worker) =>
            Normalization.Apply(Stage.shown[index], new Span<float>(Destination + (long)index * RowLength, RowLength));
    }
}
