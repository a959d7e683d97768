using System.Buffers.Binary;
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
        "pytorch_model.bin", "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin",
    ];

    /// <summary>Opens the file.</summary>
    /// <exception cref="RobustifyException">It cannot be read, or is none of the formats.</exception>
    public static ITensorFile Open(string path) => ShardedTensors.IsIndex(path) ? ShardedTensors.Open(path) : OpenOne(path);

    /// <summary>Opens a file that holds tensors itself.</summary>
    /// <exception cref="RobustifyException">It cannot be read, or is none of the formats.</exception>
    public static ITensorFile OpenOne(string path)
    {
        Span<byte> start = stackalloc byte[32];
        start = start[..FirstBytes(path, start)];
        if (start.StartsWith("PK\x03\x04"u8) || LegacyContainer.IsMagic(start))
            return TorchFile.Open(path);
        // Any first bytes may be the length of a header, unless no header can be so long.
        if (start.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(start) > SafetensorsHeader.MaxBytes)
            RefuseOther(OneLine.Of(path, 400), start);
        return SafetensorsFile.Open(path);
    }

    /// <summary>The checkpoint in a folder; null where it holds none under a usual name.</summary>
    public static string? In(string folder) => Array.Find(Array.ConvertAll(PublishedNames, n => Path.Combine(folder, n)), File.Exists);

    /// <summary>Names what people take for a checkpoint, and returns where it is none of that.</summary>
    private static void RefuseOther(string path, ReadOnlySpan<byte> start)
    {
        if (start is [0x80, >= 2 and <= 5, ..])
        {
            throw new RobustifyException(
                $"{path}: a bare pickle found, a file of torch.save or safetensors expected; save the state dict so (torch.save(model.state_dict(), FILE))");
        }

        if (start.StartsWith("version https://git-lfs"u8))
            throw new RobustifyException($"{path}: a pointer of Git LFS found, the file it stands for expected; fetch it (git lfs pull)");
        string? other = start switch
        {
            [0x89, (byte)'H', (byte)'D', (byte)'F', ..] => "HDF5 (Keras)",
            [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..] => "GGUF",
            [0x93, (byte)'N', (byte)'U', (byte)'M', ..] => "NumPy",
            [0x08, < 0x20, 0x12 or 0x3a, ..] => "ONNX",
            [0x1f, 0x8b, ..] => "gzip",
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "PNG",
            [0xff, 0xd8, 0xff, ..] => "JPEG",
            _ => null,
        };
        if (other is not null)
            throw new RobustifyException($"{path}: a file of {other} found, safetensors or a file of torch.save expected; use the checkpoint that was published in one of them");
        if (start.StartsWith("<!DOCTYPE"u8) || start.StartsWith("<!doctype"u8) || start.StartsWith("<html"u8) || start.StartsWith("<?xml"u8))
            throw new RobustifyException($"{path}: a page of the web found, a checkpoint expected; download the file that the page shows");
    }

    private static int FirstBytes(string path, Span<byte> start)
    {
        try
        {
            if (FileLength.Of(path) == 0)
                return 0; // What opens it next says why.
            using var handle = File.OpenHandle(path);
            return RandomAccess.Read(handle, start, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return 0;
        }
    }
}
