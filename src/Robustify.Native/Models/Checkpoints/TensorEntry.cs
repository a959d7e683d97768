using System.Diagnostics.CodeAnalysis;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// A tensor of an open <see cref="SafetensorsFile"/>. The data lies in the mapped file: it is invalid once the file is disposed.
/// </summary>
public readonly ref struct TensorEntry
{
    private readonly MappedFile? file;
    private readonly long offset;

    /// <param name="tensor">What it is.</param>
    /// <param name="data">Its elements.</param>
    /// <param name="file">Where they lie as they are; null for a copy.</param>
    /// <param name="offset">The first byte in that file.</param>
    internal TensorEntry(StoredTensor tensor, ReadOnlySpan<byte> data, MappedFile? file = null, long offset = 0)
    {
        (this.file, this.offset) = (file, offset);
        Name = tensor.Name;
        DType = tensor.DType;
        Shape = tensor.Shape;
        Data = data;
    }

    /// <summary>The name in the file.</summary>
    public string Name { get; }

    /// <summary>The element type.</summary>
    public StoredDType DType { get; }

    /// <summary>Row-major extents; empty for a scalar.</summary>
    public long[] Shape { get; }

    /// <summary>The elements, little-endian, row-major; not necessarily aligned.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>The product of the shape.</summary>
    public int ElementCount => Data.Length / DType.ElementSize();

    /// <summary>Where the elements lie in a file as they are; false where they are a copy.</summary>
    internal bool TryLocate([NotNullWhen(true)] out MappedFile? where, out long begin)
    {
        (where, begin) = (file, offset);
        return file is not null;
    }

    /// <summary>Copies all bytes, fast where they are many.</summary>
    internal void CopyTo(Span<byte> destination)
    {
        if (file is null)
            Data.CopyTo(destination);
        else
            file.CopyTo(offset, destination);
    }
}

/// <summary>What the header says of a tensor; the offsets count bytes from the end of the header and are checked.</summary>
internal sealed record StoredTensor(string Name, StoredDType DType, long[] Shape, long Begin, long End);
