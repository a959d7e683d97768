using System.Runtime.InteropServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Planning;
using Robustify.Native.Runs;

namespace Robustify.Native.Training.Cache;

/// <summary>
/// A step that takes what its frozen parts compute from a cache. To the bit it is the whole step over the same bank of augmented versions: the
/// same nodes computed the cached values, in batches of the same size, and an image's row does not depend on its place in a batch.
/// </summary>
internal sealed unsafe class CachedStep : ITrainingStep
{
    private readonly ICuttableStep whole;
    private readonly TrunkCache cache;
    private readonly CacheLayout layout;
    private readonly NativeBuffer? staging;
    private readonly Dictionary<uint, int> ordinals = [];
    private readonly int bank;

    /// <param name="whole">The step, cut; the caller disposes of it.</param>
    /// <param name="layout">Of its cut values.</param>
    /// <param name="cache">Complete, or to be filled by <see cref="Fill(IBackend, BatchLoader, RunContext)"/>.</param>
    /// <param name="images">Indices of the training images, in the order of the entries.</param>
    /// <param name="bank">Versions of each image.</param>
    /// <param name="isHostMemory">Whether values can be written where they lie.</param>
    public CachedStep(ICuttableStep whole, CacheLayout layout, TrunkCache cache, int[] images, int bank, bool isHostMemory)
    {
        (this.whole, this.layout, this.cache, this.bank) = (whole, layout, cache, bank);
        for (int i = 0; i < images.Length; i++)
            ordinals[(uint)images[i]] = i;
        if (!isHostMemory)
            staging = new NativeBuffer(layout.Places.Max(p => p.Bytes), "staging of cached values");
    }

    public int AugMixViews => whole.AugMixViews;

    /// <summary>Whether batches must hold images.</summary>
    public bool NeedsImages => whole.NeedsImages;

    public ParameterStore Parameters => whole.Parameters;

    public IReadOnlyList<LossHead> Losses => whole.Losses;

    public long ArenaBytes => whole.ArenaBytes;

    public MultiplyAdds MultiplyAdds => whole.Plan.TunedMultiplyAdds;

    public PhaseClock? Phases => whole.Phases;

    /// <summary>Computes every entry, a pass over the images for each version.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="loader">Whole batches in which every image occurs; its epochs are the versions.</param>
    /// <param name="context">Progress and cancellation.</param>
    /// <returns>Batches that were computed.</returns>
    public long Fill(IBackend backend, BatchLoader loader, RunContext context)
    {
        long batches = 0;
        using var work = new RepeatedWork(backend, () => whole.Plan.RunFrozen(backend));
        context.Progress.Begin("trunk cache", (long)bank * loader.BatchCount, "batches");
        for (int version = 0; version < bank; version++)
        {
            loader.StartEpoch(version);
            while (loader.Next() is { } batch)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                whole.Fill(backend, batch);
                work.Run();
                foreach (ref readonly var place in layout.Places.AsSpan())
                {
                    var rows = Rows(place);
                    if (staging is not null)
                        backend.Download(place.Value.View, rows);
                    for (int i = 0; i < batch.Count; i++)
                        layout.Copy(place, rows, i, cache.Entry(EntryOf(version, batch.SampleIds[i])), store: true);
                }

                context.Progress.Report(++batches, double.NaN);
            }
        }

        context.Progress.End();
        cache.Complete();
        return batches;
    }

    public void Fill(IBackend backend, Batch batch)
    {
        if (NeedsImages)
            whole.Fill(backend, batch);
        else
            whole.FillNumbers(backend, batch);
        foreach (ref readonly var place in layout.Places.AsSpan())
        {
            var rows = Rows(place);
            for (int i = 0; i < batch.Count; i++)
                layout.Copy(place, rows, i, cache.Entry(EntryOf(batch.Epoch % bank, batch.SampleIds[i])), store: false);
            if (staging is not null)
                backend.Upload(rows, place.Value.View);
        }
    }

    public void Run(IBackend backend) => whole.Plan.RunTuned(backend);

    public void Compute(IBackend backend, Batch batch)
    {
        Fill(backend, batch);
        Run(backend);
    }

    public string? FindNonFinite(IBackend backend) => whole.Plan.RunTunedSearchingNonFinite(backend);

    public void Dispose()
    {
        staging?.Dispose();
        cache.Dispose();
    }

    private long EntryOf(int version, uint sample) => (long)version * ordinals.Count + ordinals[sample];

    // Where the host may it works on the value itself.
    private Span<byte> Rows(in CacheLayout.Place place) =>
        new((void*)(staging?.Pointer ?? place.Value.View.Pointer), checked((int)place.Bytes));
}
