using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>
/// Class embeddings on disk, each under the digest of all that it follows from: the text tower's weights, the vocabulary, the prompts. A file that is
/// damaged is made again.
/// </summary>
internal sealed class TextFeatureCache(string folder, Action<string> say)
{
    private const string Tensor = "text_features";
    private const string DigestKey = "sha256";

    /// <summary>The file of a key.</summary>
    public string PathOf(string key) => Path.Combine(folder, key + ".safetensors");

    /// <summary>The embeddings [classes x width] of a key; null where none are stored.</summary>
    public float[]? Find(string key, int classes, int width)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return null;
        try
        {
            using var file = SafetensorsFile.Open(path);
            TensorEntry entry = file.Require(Tensor);
            var values = new float[classes * width];
            if (!entry.Shape.AsSpan().SequenceEqual([classes, width]))
                throw new RobustifyException($"{path}: shape {OneLine.Shape<long>(entry.Shape)} found, [{classes}, {width}] expected");
            file.ReadSingles(Tensor, values);
            if (file.Metadata.GetValueOrDefault(DigestKey) != Digest(values) || !FloatConversion.AreFinite(values))
                throw new RobustifyException($"{path}: other values than were written");
            return values;
        }
        catch (RobustifyException damaged)
        {
            say($"text features: {damaged.Message}; made again");
            return null;
        }
    }

    /// <summary>Stores embeddings; a folder that cannot be written is told and does no harm.</summary>
    public void Store(string key, float[] values, int width)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var writer = new SafetensorsWriter();
            writer.SetMetadata(DigestKey, Digest(values));
            writer.AddFloats(Tensor, [values.Length / width, width], values);
            writer.Save(PathOf(key));
        }
        catch (Exception e) when (e is RobustifyException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            say($"text features: not stored ({OneLine.Of(e.Message)})");
        }
    }

    /// <summary>A key of what the content follows from; every part counts with its length.</summary>
    public static string Key(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Digest(float[] values) => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(values)));
}
