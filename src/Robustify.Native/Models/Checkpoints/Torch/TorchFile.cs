using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// A state dict of <c>torch.save</c>, or a module of <c>torch.jit.save</c>, memory-mapped. The pickle is read by <see cref="Unpickler"/>,
/// which runs nothing; tensors lie uncompressed in the file and are used where they lie. Of a TorchScript archive, the code and its
/// constants are never looked at.
/// </summary>
internal sealed unsafe class TorchFile : ITensorFile
{
    // Beyond the file's own size, tensors that share storages may have as much again: tied weights, not a model out of one storage.
    private const long SharedBytes = 1 << 14;

    private readonly MappedFile file;
    private readonly Dictionary<string, (PickledTensor Tensor, long Begin)> tensors = new(StringComparer.Ordinal);
    private readonly string[] names;

    private TorchFile(string path, MappedFile file)
    {
        (Path, this.file) = (path, file);
        TorchContainer container = new ReadOnlySpan<byte>(file.Start, 4).SequenceEqual("PK\x03\x04"u8)
            ? new ZippedContainer(file, path)
            : new LegacyContainer(file, path);
        Format = container.Root is PickledModule ? "TorchScript archive" : "PyTorch state dict";
        var found = StateDictionary.Find(path, container.Root);
        names = new string[found.Count];
        long total = 0;
        foreach (var (name, tensor) in found)
        {
            names[tensors.Count] = name;
            tensors.Add(name, (tensor, Place(container, name, tensor, ref total)));
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

    /// <summary>The first byte of a tensor in the file, once all of it is known to lie in its storage.</summary>
    private long Place(TorchContainer container, string name, PickledTensor tensor, ref long total)
    {
        string shown = $"tensor '{OneLine.Of(name)}'";
        var (storage, shape) = (tensor.Storage, tensor.Shape);
        if (container.Find(storage) is not { } entry)
            throw Refuse($"{shown} lies in the storage '{OneLine.Of(storage.Key)}', which the file lacks");
        int size = storage.DType.ElementSize();
        long stored = entry.Length / size;
        if (entry.Length % size != 0 || storage.Count != stored)
            throw Refuse($"{shown} lies in a storage of {entry.Length} bytes, {storage.Count} elements of {size} expected");
        if (SafetensorsLayout.ByteCount(storage.DType, shape) is not { } bytes || (total += Math.Min(bytes, long.MaxValue / 2)) > 2 * file.Length + SharedBytes)
            throw Refuse($"{shown} has shape {OneLine.Shape<long>(shape)}, with which the tensors take more than twice the file's {file.Length} bytes");
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
