using Robustify.Kernels;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>What a file of PyTorch holds: one object as its pickle describes it, and storages that the object refers to.</summary>
internal abstract class TorchContainer(MappedFile file, string path)
{
    /// <summary>The object.</summary>
    public object? Root { get; protected init; }

    /// <summary>The whole file.</summary>
    protected MappedFile File { get; } = file;

    /// <summary>Where the bytes of a storage lie; null where the file has none of that key.</summary>
    public abstract (long Offset, long Length)? Find(PickledStorage storage);

    /// <summary>Reads the pickle that begins at an offset.</summary>
    protected unsafe (object? Root, int Length) Unpickle(long offset, long length, Dictionary<string, PickledStorage>? storages = null) =>
        Unpickler.Read(path, new ReadOnlySpan<byte>(File.Start + offset, (int)Math.Min(length, Unpickler.MaxBytes)), File.Length, storages);

    /// <summary>The refusal of this file.</summary>
    protected RobustifyException Refuse(string found) => new($"{path}: {found}; use an intact file of torch.save");
}
