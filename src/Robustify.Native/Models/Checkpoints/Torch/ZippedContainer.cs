using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// The zip format of PyTorch 1.6 and later: <c>NAME/data.pkl</c> and a stored entry <c>NAME/data/KEY</c> for each storage. Source:
/// torch/serialization.py (_save).
/// </summary>
internal sealed class ZippedContainer : TorchContainer
{
    private readonly ZipDirectory archive;
    private readonly string prefix;

    public ZippedContainer(MappedFile file, string path)
        : base(file, path)
    {
        archive = new ZipDirectory(file, path);
        string pickle = Pickle(path);
        prefix = pickle[..^"data.pkl".Length];
        RequireLittleEndian();
        var (offset, length) = archive.Find(pickle)!.Value;
        if (length > Unpickler.MaxBytes)
            throw Refuse($"data.pkl has {length} bytes, at most {Unpickler.MaxBytes} expected");
        Root = Unpickle(offset, length).Root;
    }

    /// <inheritdoc/>
    public override (long Offset, long Length)? Find(PickledStorage storage) => archive.Find($"{prefix}data/{storage.Key}");

    private string Pickle(string path)
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

        return pickle ?? throw new RobustifyException($"{path}: an archive without data.pkl, a state dict of torch.save expected; name such a file");
    }

    private unsafe void RequireLittleEndian()
    {
        if (archive.Find(prefix + "byteorder") is { } order
            && !new ReadOnlySpan<byte>(File.Start + order.Offset, (int)Math.Min(order.Length, 16)).SequenceEqual("little"u8))
            throw Refuse("its byte order is not 'little', the only one read");
    }
}
