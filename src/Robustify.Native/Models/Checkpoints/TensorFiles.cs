using Robustify.Kernels;
using Robustify.Native.Files;
using Robustify.Native.Models.Checkpoints.Torch;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Opens a file of tensors by what it holds, not by what it is called; of a folder, the file that publishers put there.</summary>
internal static class TensorFiles
{
    // In the order of preference: formats that hold no code first.
    private static readonly string[] PublishedNames =
    [
        "checkpoint.safetensors", "model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
        "pytorch_model.bin", "open_clip_pytorch_model.bin",
    ];

    /// <summary>Opens the file.</summary>
    /// <exception cref="RobustifyException">It cannot be read, or is none of the formats.</exception>
    public static ITensorFile Open(string path)
    {
        if (path.EndsWith(ShardedSafetensors.IndexSuffix, StringComparison.Ordinal))
            return ShardedSafetensors.Open(path);
        Span<byte> start = stackalloc byte[8];
        int count = FirstBytes(path, start);
        if (count >= 4 && start[..4].SequenceEqual("PK\x03\x04"u8))
            return TorchFile.Open(path);
        if (count >= 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5 && (count < 8 || start[2..].ContainsAnyExcept((byte)0)))
        {
            throw new RobustifyException(
                $"{OneLine.Of(path, 400)}: a bare pickle found, as torch.save wrote before PyTorch 1.6; "
                + "a zip state dict or safetensors expected, load it in PyTorch and save it again");
        }

        return SafetensorsFile.Open(path);
    }

    /// <summary>The checkpoint in a folder; null where it holds none under a usual name.</summary>
    public static string? In(string folder) => Array.Find(Array.ConvertAll(PublishedNames, n => Path.Combine(folder, n)), File.Exists);

    private static int FirstBytes(string path, Span<byte> start)
    {
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: > 0 })
                return 0; // What opens it next says why; a pipe has length 0, and reading it would wait.
            using var handle = File.OpenHandle(path);
            return RandomAccess.Read(handle, start, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return 0;
        }
    }
}
