using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// A state dict of <c>torch.save</c> in its zip format (PyTorch 1.6 and later), or a module of <c>torch.jit.save</c>, memory-mapped. The
/// pickle is read by <see cref="Unpickler"/>, which runs nothing; tensors lie uncompressed in the archive and are used where they lie. Of a
/// TorchScript archive, the code and its constants are never looked at.
/// </summary>
internal sealed unsafe class TorchFile : ITensorFile
{
    private readonly MappedFile file;
    private readonly Dictionary<string, (PickledTensor Tensor, long Begin)> tensors = new(StringComparer.Ordinal);
    private readonly string[] names;

    private TorchFile(string path, MappedFile file)
    {
        (Path, this.file) = (path, file);
        var archive = new ZipDirectory(file, path);
        string prefix = Prefix(archive);
        RequireLittleEndian(archive, prefix);
        var (offset, length) = archive.Find(prefix + "data.pkl")!.Value;
        if (length > Unpickler.MaxBytes)
            throw Refuse($"data.pkl has {length} bytes, at most {Unpickler.MaxBytes} expected");
        object? root = Unpickler.Read(path, new ReadOnlySpan<byte>(file.Start + offset, (int)length));
        Format = root is PickledModule ? "TorchScript archive" : "PyTorch state dict";
        var found = StateDictionary.Find(path, root);
        names = new string[found.Count];
        foreach (var (name, tensor) in found)
        {
            names[tensors.Count] = name;
            tensors.Add(name, (tensor, Place(archive, prefix, name, tensor)));
        }
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Format { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => names;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Maps the file and reads its pickle.</summary>
    /// <exception cref="RobustifyException">The file cannot be read, is damaged, or its pickle names more than tensors and containers.</exception>
    public static TorchFile Open(string path)
    {
        string shownPath = OneLine.Of(path, 400);
        MappedFile file = MappedFile.Open(path, shownPath, minLength: 22);
        try
        {
            return new TorchFile(shownPath, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(string name, out TensorEntry entry)
    {
        ObjectDisposedException.ThrowIf(file.Start is null, this);
        entry = default;
        if (!tensors.TryGetValue(name, out var place))
            return false;
        var (tensor, begin) = place;
        int size = tensor.Storage.DType.ElementSize(), bytes = (int)(Elements(tensor) * size);
        var stored = new StoredTensor(name, tensor.Storage.DType, tensor.Shape, begin, begin + bytes);
        entry = tensor.IsContiguous
            ? new TensorEntry(stored, new ReadOnlySpan<byte>(file.Start + begin, bytes), file, begin)
            : new TensorEntry(stored, Gather(tensor, file.Start + begin, size, bytes));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static long Elements(PickledTensor tensor)
    {
        long count = 1;
        foreach (long extent in tensor.Shape)
            count *= extent;
        return count;
    }

    /// <summary>Copies a transposed or sliced tensor into row-major order.</summary>
    private static byte[] Gather(PickledTensor tensor, byte* start, int size, int bytes)
    {
        var gathered = new byte[bytes];
        var index = new long[tensor.Shape.Length];
        long source = 0;
        for (int at = 0; at < bytes; at += size)
        {
            new ReadOnlySpan<byte>(start + source * size, size).CopyTo(gathered.AsSpan(at));
            for (int axis = index.Length - 1; axis >= 0; axis--)
            {
                source += tensor.Strides[axis];
                if (++index[axis] < tensor.Shape[axis])
                    break;
                source -= index[axis] * tensor.Strides[axis];
                index[axis] = 0;
            }
        }

        return gathered;
    }

    private string Prefix(ZipDirectory archive)
    {
        string? pickle = null;
        foreach (string name in archive.Names)
        {
            if (name != "data.pkl" && !name.EndsWith("/data.pkl", StringComparison.Ordinal))
                continue;
            if (pickle is not null)
                throw Refuse($"both '{OneLine.Of(pickle)}' and '{OneLine.Of(name)}' found, one data.pkl expected");
            pickle = name;
        }

        return pickle is null
            ? throw new RobustifyException($"{Path}: an archive without data.pkl, a state dict of torch.save expected; name such a file")
            : pickle[..^"data.pkl".Length];
    }

    private void RequireLittleEndian(ZipDirectory archive, string prefix)
    {
        if (archive.Find(prefix + "byteorder") is { } order
            && !new ReadOnlySpan<byte>(file.Start + order.Offset, (int)Math.Min(order.Length, 16)).SequenceEqual("little"u8))
            throw Refuse("its byte order is not 'little', the only one read");
    }

    /// <summary>The first byte of a tensor in the file, once all of it is known to lie in its storage.</summary>
    private long Place(ZipDirectory archive, string prefix, string name, PickledTensor tensor)
    {
        string shown = $"tensor '{OneLine.Of(name)}'";
        var (storage, shape) = (tensor.Storage, tensor.Shape);
        if (archive.Find($"{prefix}data/{storage.Key}") is not { } entry)
            throw Refuse($"{shown} lies in the storage '{OneLine.Of(storage.Key)}', which the archive lacks");
        int size = storage.DType.ElementSize();
        long stored = entry.Length / size;
        if (entry.Length % size != 0 || storage.Count != stored)
            throw Refuse($"{shown} lies in a storage of {entry.Length} bytes, {storage.Count} elements of {size} expected");
        if (SafetensorsLayout.ByteCount(storage.DType, shape) is not { } bytes || bytes > entry.Length)
            throw Refuse($"{shown} has shape {OneLine.Shape<long>(shape)}, at most the {stored} elements of its storage expected");
        if (bytes > int.MaxValue)
            throw Refuse($"{shown} has {bytes} bytes, at most 2 GiB a tensor expected");
        UInt128 last = (UInt128)tensor.Offset;
        for (int i = 0; i < shape.Length && tensor.Strides.Length == shape.Length; i++)
            last += (UInt128)Math.Max(0, shape[i] - 1) * (UInt128)tensor.Strides[i];
        if (tensor.Offset < 0 || tensor.Strides.Length != shape.Length || (bytes > 0 && last >= (UInt128)stored))
            throw Refuse($"{shown} reaches element {last} of a storage of {stored}");
        return entry.Offset + (bytes > 0 ? tensor.Offset * size : 0);
    }

    private RobustifyException Refuse(string found) => new($"{Path}: {found}; use an intact file of torch.save");
}
