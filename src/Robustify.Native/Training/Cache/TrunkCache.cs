using Robustify.Kernels.Memory;

namespace Robustify.Native.Training.Cache;

/// <summary>The stored outputs of a step's frozen parts: one entry for each image and version, in memory or in a mapped file.</summary>
internal abstract class TrunkCache : IDisposable
{
    /// <param name="entryBytes">Bytes of an entry.</param>
    /// <param name="entries">How many.</param>
    protected TrunkCache(long entryBytes, long entries) => (EntryBytes, Entries) = (entryBytes, entries);

    /// <summary>Bytes of an entry.</summary>
    public long EntryBytes { get; }

    /// <summary>Images times versions.</summary>
    public long Entries { get; }

    /// <summary>Whether every entry was found as an earlier run wrote it; else all must be filled.</summary>
    public bool IsComplete { get; protected set; }

    /// <summary>An entry's bytes.</summary>
    public unsafe Span<byte> Entry(long index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, (ulong)Entries);
        return new((byte*)Data + index * EntryBytes, checked((int)EntryBytes));
    }

    /// <summary>Called when every entry is filled.</summary>
    public virtual void Complete() => IsComplete = true;

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Address of the first entry.</summary>
    protected abstract nint Data { get; }
}

/// <summary>In the process's memory; gone with it.</summary>
internal sealed class MemoryCache : TrunkCache
{
    private readonly NativeBuffer buffer;

    public MemoryCache(long entryBytes, long entries)
        : base(entryBytes, entries) => buffer = new NativeBuffer(entryBytes * entries, "trunk cache");

    protected override nint Data => buffer.Pointer;

    public override void Dispose() => buffer.Dispose();
}
