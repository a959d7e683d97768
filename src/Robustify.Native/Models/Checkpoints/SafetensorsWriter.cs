using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// Collects tensors and writes them as one safetensors file: in the order given, the same input giving the same bytes. The file
/// appears under its name complete or not at all (<see cref="AtomicFile"/>). Metadata is written in ordinal order of its keys.
/// </summary>
public sealed class SafetensorsWriter
{
    private const int ChunkElements = 1 << 16;
    private readonly List<(StoredTensor Tensor, Action<Stream> Write)> entries = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);
    private long dataLength;

    /// <summary>Sets one free entry of the header.</summary>
    /// <exception cref="RobustifyException">More entries, or a longer key, than the reader takes.</exception>
    public void SetMetadata(string key, string value)
    {
        metadata[key] = value;
        if (metadata.Count > SafetensorsHeader.MaxMetadataEntries || IsTooLong(key))
        {
            throw new RobustifyException(
                $"safetensors: metadata key '{OneLine.Of(key)}' is too long or comes after {metadata.Count - 1} others; "
                + $"keep to short keys, at most {SafetensorsHeader.MaxMetadataEntries}");
        }
    }

    /// <summary>Adds float data, which is read when the file is written.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="shape">Row-major extents; empty for a scalar.</param>
    /// <param name="values">As many elements as the shape has.</param>
    /// <param name="dtype">F32 (bit for bit), F16 or BF16 (rounded to nearest, ties to even).</param>
    /// <exception cref="RobustifyException">A name given twice, or a shape that does not fit the values.</exception>
    public void AddFloats(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<float> values, StoredDType dtype = StoredDType.F32)
    {
        Add(name, shape, FloatOutput(dtype), values.Length, stream => WriteFloats(stream, values.Span, dtype));
    }

    /// <summary>
    /// Adds float data that <paramref name="fill"/> makes when the file is written, so only one such tensor is in memory at a time.
    /// </summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="shape">Row-major extents.</param>
    /// <param name="elementCount">The product of the shape.</param>
    /// <param name="fill">Writes every element of the span it gets.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <exception cref="RobustifyException">A name given twice, or a shape that does not fit the count.</exception>
    public void AddFilledFloats(string name, ReadOnlySpan<long> shape, int elementCount, Action<Span<float>> fill, StoredDType dtype = StoredDType.F32)
    {
        Add(name, shape, FloatOutput(dtype), elementCount, stream =>
        {
            float[] values = ArrayPool<float>.Shared.Rent(elementCount);
            fill(values.AsSpan(0, elementCount));
            WriteFloats(stream, values.AsSpan(0, elementCount), dtype);
            ArrayPool<float>.Shared.Return(values);
        });
    }

    /// <summary>Adds bytes.</summary>
    /// <exception cref="RobustifyException">A name given twice, or a shape that does not fit the values.</exception>
    public void AddBytes(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> values) =>
        Add(name, shape, StoredDType.U8, values.Length, stream => stream.Write(values.Span));

    /// <summary>Adds 64-bit integers.</summary>
    /// <exception cref="RobustifyException">A name given twice, or a shape that does not fit the values.</exception>
    public void AddIntegers(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<long> values) =>
        Add(name, shape, StoredDType.I64, values.Length, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));

    /// <summary>Writes the file under a temporary name, flushes it to the device and renames it.</summary>
    /// <exception cref="RobustifyException">The folder is missing or cannot be written; nothing is left behind.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        byte[] header = Header();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((_, Action<Stream> write) in entries)
            write(stream);
    });

    /// <summary>Adds a tensor as it lies in another file, whatever its type; <paramref name="write"/> gives its bytes when the file is written.</summary>
    internal void AddStored(string name, StoredDType dtype, ReadOnlySpan<long> shape, int elementCount, Action<Stream> write) =>
        Add(name, shape, dtype, elementCount, write);

    private static StoredDType FloatOutput(StoredDType dtype) => dtype is StoredDType.F32 or StoredDType.F16 or StoredDType.BF16
        ? dtype
        : throw new RobustifyException($"safetensors: float data cannot be written as {dtype.HeaderName()}; choose F32, F16 or BF16");

    // In bytes as the header has it, where a character may take six.
    private static bool IsTooLong(string name) => JsonEncodedText.Encode(name).EncodedUtf8Bytes.Length > SafetensorsHeader.MaxNameBytes;

    private static void WriteFloats(Stream stream, ReadOnlySpan<float> values, StoredDType dtype)
    {
        if (dtype == StoredDType.F32)
        {
            for (; values.Length > 0; values = values[Math.Min(values.Length, ChunkElements)..])
                stream.Write(MemoryMarshal.AsBytes(values[..Math.Min(values.Length, ChunkElements)]));
            return;
        }

        var rounded = new byte[Math.Min(values.Length, ChunkElements) * sizeof(ushort)];
        while (values.Length > 0)
        {
            int count = Math.Min(values.Length, ChunkElements);
            FloatConversion.FromSingle(dtype, values[..count], rounded);
            stream.Write(rounded.AsSpan(0, count * sizeof(ushort)));
            values = values[count..];
        }
    }

    private void Add(string name, ReadOnlySpan<long> shape, StoredDType dtype, int elementCount, Action<Stream> write)
    {
        // What the reader would refuse is refused before it is written.
        if (name == "__metadata__" || IsTooLong(name) || !names.Add(name))
            throw Refuse(name, "is reserved, too long or given twice; give every tensor its own name");
        if (shape.Length > SafetensorsHeader.MaxRank || entries.Count == SafetensorsHeader.MaxTensors)
        {
            throw Refuse(
                name,
                $"has {shape.Length} dimensions and comes after {entries.Count} others; "
                + $"at most {SafetensorsHeader.MaxRank} and {SafetensorsHeader.MaxTensors - 1} expected");
        }

        long bytes = (long)elementCount * dtype.ElementSize();
        bool isNegative = shape.ContainsAnyInRange(long.MinValue, -1);
        if (isNegative || bytes > int.MaxValue || SafetensorsLayout.ByteCount(dtype, shape) != bytes)
            throw Refuse(name, $"has {elementCount} elements for shape {OneLine.Shape(shape)}; give the values' shape, at most 2 GiB");
        entries.Add((new StoredTensor(name, dtype, shape.ToArray(), dataLength, dataLength + bytes), write));
        dataLength += bytes;
    }

    private byte[] Header()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            foreach ((StoredTensor tensor, _) in entries)
                WriteTensor(json, tensor);
            json.WriteEndObject();
        }

        // Spaces up to a multiple of 8, so that the data starts aligned (the format's own recommendation).
        int padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(8)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        if (buffer.WrittenCount > SafetensorsHeader.MaxBytes)
        {
            throw new RobustifyException(
                $"safetensors: a header of {buffer.WrittenCount} bytes, at most {SafetensorsHeader.MaxBytes} expected; shorten the metadata");
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteTensor(Utf8JsonWriter json, StoredTensor tensor)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.DType.HeaderName());
        json.WriteStartArray("shape");
        foreach (long extent in tensor.Shape)
            json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(tensor.Begin);
        json.WriteNumberValue(tensor.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static RobustifyException Refuse(string name, string found) => new($"safetensors: tensor '{OneLine.Of(name)}' {found}");
}
