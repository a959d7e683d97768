namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>A dictionary as the pickle builds it, entries in order. Keys are compared only where a name is looked up.</summary>
internal sealed class PickledDictionary
{
    public List<(object? Key, object? Value)> Entries { get; } = [];
}

/// <summary>A module of a TorchScript archive: what it holds by name, and nothing it does.</summary>
internal sealed class PickledModule
{
    /// <summary>Parameters, buffers, modules within and other attributes; null until the pickle gives them.</summary>
    public PickledDictionary? Attributes { get; set; }
}

/// <summary>What the pickle may name: each stands for one way to build a tensor or a container.</summary>
internal enum PickledGlobal
{
    OrderedDictionary,
    DefaultDictionary,
    RebuildTensor,
    RebuildTypedTensor,
    RebuildParameter,
    RebuildSubclass,
    Size,
    ScriptClass,
}

/// <summary>A global of plain data, and whatever the pickle makes of it: passed over.</summary>
internal sealed record PickledData(string Global);

/// <summary>A class of storage or an element type, which is all that the class tells.</summary>
internal sealed record PickledStorageClass(StoredDType DType);

/// <summary>A storage of the file, with that many elements.</summary>
internal sealed record PickledStorage(StoredDType DType, string Key, long Count)
{
    /// <summary>The same bytes as elements of another type; a count of -1, which no storage has, where they are no whole number.</summary>
    public PickledStorage As(StoredDType type) => new(
        type, Key, SafetensorsLayout.ByteCount(DType, [Count]) is { } bytes && bytes % type.ElementSize() == 0 ? bytes / type.ElementSize() : -1);
}

/// <summary>A view of a storage; offset and strides count elements.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>Whether the elements lie in row-major order without gaps.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                    return false;
                expected *= Shape[i];
            }

            return true;
        }
    }
}
