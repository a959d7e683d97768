using System.Buffers.Binary;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped and read strictly: whatever a header claims is held against the file before anything is
/// allocated by it. Nothing of the data is touched until a tensor is read. Layout: 8 bytes little-endian header length, JSON header, data.
/// </summary>
public sealed unsafe class SafetensorsFile : ITensorFile
{
    private readonly MappedFile file;
    private readonly byte* data;
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private readonly string[] names;

    private SafetensorsFile(string path, MappedFile file)
    {
        Path = path;
        this.file = file;
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(file.Start, 8));
        if (headerLength is 0 or > SafetensorsHeader.MaxBytes)
            throw Refuse($"the header length is {headerLength}, 1 to {SafetensorsHeader.MaxBytes} bytes expected");
        long dataLength = file.Length - 8 - (long)headerLength;
        if (dataLength < 0)
            throw Refuse($"a header of {headerLength} bytes is announced, but only {file.Length - 8} bytes follow");
        data = file.Start + 8 + headerLength;
        var stored = SafetensorsHeader.Parse(path, new ReadOnlySpan<byte>(file.Start + 8, (int)headerLength), dataLength, metadata);
        names = new string[stored.Count];
        tensors.EnsureCapacity(stored.Count);
        foreach (StoredTensor tensor in stored)
        {
            names[tensors.Count] = tensor.Name;
            tensors.Add(tensor.Name, tensor);
        }
    }

    /// <summary>The path as messages show it.</summary>
    public string Path { get; }

    string ITensorFile.Format => "safetensors";

    /// <summary>The tensors' names in the order of the header.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The header's free entries.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>Maps the file and checks its whole header.</summary>
    /// <exception cref="RobustifyException">The file cannot be read or is not a valid safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        string shownPath = OneLine.Of(path, 400);
        MappedFile file = MappedFile.Open(path, shownPath, minLength: 8);
        try
        {
            return new SafetensorsFile(shownPath, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of that name; false where the file has none.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public bool TryGet(string name, out TensorEntry entry)
    {
        ObjectDisposedException.ThrowIf(file.Start is null, this);
        if (!tensors.TryGetValue(name, out StoredTensor? tensor))
        {
            entry = default;
            return false;
        }

        entry = new TensorEntry(tensor, new ReadOnlySpan<byte>(data + tensor.Begin, (int)(tensor.End - tensor.Begin)), file, data - file.Start + tensor.Begin);
        return true;
    }

    /// <summary>Reads an F64, F32, F16 or BF16 tensor as float32. F64 is rounded to nearest, the others are exact.</summary>
    /// <param name="name">A name of <see cref="Names"/>.</param>
    /// <param name="destination">As many elements as the tensor has.</param>
    /// <exception cref="RobustifyException">No such tensor, not a float tensor, or another number of elements.</exception>
    public void ReadFloat32(string name, Span<float> destination) => this.ReadSingles(name, destination);

    /// <summary>Reads every float tensor once and refuses a NaN, an infinity, or an F64 value beyond float32's range.</summary>
    /// <exception cref="RobustifyException">Names the tensor, the value and the element.</exception>
    public void RequireFinite() => this.RequireFiniteTensors();

    /// <summary>Unmaps the file. Every <see cref="TensorEntry"/> of it becomes invalid.</summary>
    public void Dispose() => file.Dispose();

    private RobustifyException Refuse(string found) => new($"{Path}: {found}; use an intact safetensors file");
}
