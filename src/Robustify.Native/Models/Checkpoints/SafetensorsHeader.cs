using System.Text;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// Reads the JSON header of a safetensors file token by token: a document object would cost several times the header, and a hostile
/// header may be 100 MB of brackets. Source of the rules: the format section of the safetensors README (names unique, offsets without
/// holes, header at most 100 MB), here held strictly.
/// </summary>
internal ref struct SafetensorsHeader
{
    /// <summary>Bytes of header at most, as in the reference implementation.</summary>
    public const long MaxBytes = 100_000_000;

    // Bounds on what costs managed memory beyond the text itself; the largest published vision models have some 2 000 tensors.
    public const int MaxTensors = 16384;
    public const int MaxMetadataEntries = 4096;
    public const int MaxNameBytes = 1024;
    public const int MaxRank = 8;

    private readonly string path;
    private Utf8JsonReader reader;

    private SafetensorsHeader(string path, ReadOnlySpan<byte> json)
    {
        this.path = path;
        reader = new Utf8JsonReader(json);
    }

    /// <summary>
    /// The tensors in the order of the header, and the metadata, of a file whose data section has <paramref name="dataLength"/> bytes.
    /// </summary>
    /// <exception cref="RobustifyException">Anything the format does not allow, in one line.</exception>
    public static List<StoredTensor> Parse(string path, ReadOnlySpan<byte> json, long dataLength, Dictionary<string, string> metadata)
    {
        if (json[0] != (byte)'{')
        {
            throw new RobustifyException(
                $"{path}: the header starts with byte 0x{json[0]:x2}, a JSON object expected; this is no safetensors file");
        }

        try
        {
            var header = new SafetensorsHeader(path, json);
            var tensors = header.ReadTensors(metadata);
            SafetensorsLayout.Check(path, tensors, dataLength);
            return tensors;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is how the reader reports text that is no UTF-8 or holds half a surrogate pair.
            throw new RobustifyException($"{path}: the header is no valid JSON ({OneLine.Of(e.Message)}); use an intact safetensors file", e);
        }
    }

    private List<StoredTensor> ReadTensors(Dictionary<string, string> metadata)
    {
        var tensors = new List<StoredTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        reader.Read();
        while (Next() != JsonTokenType.EndObject)
        {
            string name = Name("the header");
            if (!names.Add(name))
                throw Refuse($"name '{OneLine.Of(name)}' occurs twice, every name once expected");
            if (name == "__metadata__")
            {
                ReadMetadata(metadata);
                continue;
            }

            if (tensors.Count == MaxTensors)
                throw Refuse($"more than {MaxTensors} tensors, fewer expected");
            tensors.Add(ReadTensor(name));
        }

        if (reader.Read()) // The reader itself throws on anything but white space here.
            throw Refuse("text after the header's object, none expected");
        return tensors;
    }

    private void ReadMetadata(Dictionary<string, string> metadata)
    {
        if (Next() != JsonTokenType.StartObject)
            throw Refuse("'__metadata__' is no object, an object of strings expected");
        while (Next() != JsonTokenType.EndObject)
        {
            string key = Name("'__metadata__'");
            if (Next() != JsonTokenType.String)
                throw Refuse($"'__metadata__' entry '{OneLine.Of(key)}' is no string, a string expected");
            if (metadata.Count == MaxMetadataEntries)
                throw Refuse($"'__metadata__' has more than {MaxMetadataEntries} entries, fewer expected");
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Refuse($"'__metadata__' entry '{OneLine.Of(key)}' occurs twice, every key once expected");
        }
    }

    private StoredTensor ReadTensor(string name)
    {
        if (Next() != JsonTokenType.StartObject)
            throw Refuse(name, "is no object", "an object of dtype, shape and data_offsets expected");
        StoredDType? dtype = null;
        long[]? shape = null, offsets = null;
        while (Next() != JsonTokenType.EndObject)
        {
            bool isFirst;
            if (reader.ValueTextEquals("dtype"u8))
            {
                isFirst = dtype is null;
                dtype = ReadDType(name);
            }
            else if (reader.ValueTextEquals("shape"u8))
            {
                isFirst = shape is null;
                shape = ReadIntegers(name, "shape", MaxRank);
            }
            else if (reader.ValueTextEquals("data_offsets"u8))
            {
                isFirst = offsets is null;
                offsets = ReadIntegers(name, "data_offsets", 2);
                if (offsets.Length != 2)
                    throw Refuse(name, $"has {offsets.Length} data_offsets", "begin and end expected");
            }
            else
            {
                throw Refuse(name, $"has the field '{OneLine.Of(Name("a tensor"))}'", "dtype, shape and data_offsets expected");
            }

            if (!isFirst)
                throw Refuse(name, "has a field twice", "dtype, shape and data_offsets once each expected");
        }

        if (dtype is null || shape is null || offsets is null)
        {
            string missing = dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Refuse(name, $"has no {missing}", "dtype, shape and data_offsets expected");
        }

        return new StoredTensor(name, dtype.Value, shape, offsets[0], offsets[1]);
    }

    private StoredDType ReadDType(string name)
    {
        if (Next() != JsonTokenType.String)
            throw Refuse(name, "has a dtype that is no string", "the name of a type expected");
        if (!reader.ValueIsEscaped && StoredDTypes.TryParse(reader.ValueSpan, out StoredDType dtype))
            return dtype;
        string found = Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, 64)]);
        if (found is "F4" or "F6_E2M3" or "F6_E3M2")
            throw new RobustifyException($"{path}: tensor '{OneLine.Of(name)}' is {found}, elements of whole bytes expected; store it as F32, F16 or BF16");
        throw Refuse(name, $"has dtype '{OneLine.Of(found)}'", $"{StoredDTypes.List} expected");
    }

    private long[] ReadIntegers(string name, string field, int maxCount)
    {
        if (Next() != JsonTokenType.StartArray)
            throw Refuse(name, $"has a {field} that is no array", "an array of integers expected");
        Span<long> values = stackalloc long[maxCount];
        int count = 0;
        while (Next() != JsonTokenType.EndArray)
        {
            if (count == maxCount)
                throw Refuse(name, $"has more than {maxCount} numbers in {field}", $"at most {maxCount} expected");
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
                throw Refuse(name, $"has an element of {field} that is no non-negative integer", "integers from 0 expected");
            values[count++] = value;
        }

        return values[..count].ToArray();
    }

    /// <summary>The next token. The reader throws where the text ends too early.</summary>
    private JsonTokenType Next()
    {
        reader.Read();
        return reader.TokenType;
    }

    private readonly string Name(string where) => reader.ValueSpan.Length <= MaxNameBytes
        ? reader.GetString()!
        : throw Refuse($"{where} has a name of {reader.ValueSpan.Length} bytes, at most {MaxNameBytes} expected");

    private readonly RobustifyException Refuse(string name, string found, string expected) =>
        Refuse($"tensor '{OneLine.Of(name)}' {found}, {expected}");

    private readonly RobustifyException Refuse(string what) => new($"{path}: {what}; use an intact safetensors file");
}
