using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;

namespace Robustify.Native.Training.Cache;

/// <summary>
/// How the cut values of a step lie in entries: one entry holds all that one image's version contributes. A value of V x batch rows gives
/// each image V rows, row v of image i being row v x batch + i.
/// </summary>
internal sealed class CacheLayout
{
    private readonly int batchSize;

    /// <param name="values">Cut values, [V x batch, ...] each.</param>
    /// <param name="batchSize">Images a step.</param>
    public CacheLayout(IReadOnlyList<Value> values, int batchSize)
    {
        this.batchSize = batchSize;
        var places = new List<Place>();
        foreach (var value in values)
        {
            long rowBytes = value.Shape.Count / value.Shape[0] * value.Type.Size();
            places.Add(new Place(value, EntryBytes, rowBytes, value.Shape[0] / batchSize));
            EntryBytes += rowBytes * (value.Shape[0] / batchSize);
        }

        Places = [.. places];
    }

    /// <summary>Bytes of one image's version.</summary>
    public long EntryBytes { get; }

    /// <summary>The values.</summary>
    public Place[] Places { get; }

    /// <summary>The layout in words: part of what a stored cache must agree with.</summary>
    public string Description => string.Join(", ", Places.Select(p => $"{p.Value} {p.Value.Type}"));

    /// <summary>Copies one image's rows of one value between the value's memory and an entry.</summary>
    /// <param name="place">The value.</param>
    /// <param name="rows">The value's elements.</param>
    /// <param name="image">Position in the batch.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="store">From the value to the entry, or back.</param>
    public void Copy(in Place place, Span<byte> rows, int image, Span<byte> entry, bool store)
    {
        int bytes = (int)place.RowBytes;
        for (int view = 0; view < place.Views; view++)
        {
            var row = rows.Slice(checked((int)((view * (long)batchSize + image) * bytes)), bytes);
            var stored = entry.Slice((int)place.Offset + view * bytes, bytes);
            if (store)
                row.CopyTo(stored);
            else
                stored.CopyTo(row);
        }
    }

    /// <summary>One value's place in an entry.</summary>
    public readonly record struct Place(Value Value, long Offset, long RowBytes, int Views)
    {
        /// <summary>Bytes of the whole value.</summary>
        public long Bytes => Value.Shape.Count * Value.Type.Size();
    }
}
