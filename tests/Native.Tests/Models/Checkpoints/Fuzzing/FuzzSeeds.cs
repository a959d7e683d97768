using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Models.Checkpoints.Torch;

namespace Robustify.Native.Tests.Models.Checkpoints.Fuzzing;

/// <summary>A sound small checkpoint of each format, and which of its files is mutated.</summary>
internal static class FuzzSeeds
{
    /// <summary>Opened through <paramref name="Path"/>; <paramref name="Bytes"/> of all its files.</summary>
    internal sealed record FuzzSeed(string Path, string Mutated, long Bytes);

    /// <summary>What a hostile file may say.</summary>
    public static readonly string[] Words =
    [
        "os", "system", "\n", "c__builtin__\neval\n", "cos\nsystem\n", "\"F64\"", "\"I4\"", "18446744073709551615", "-1", "1e400", "[", "]", "{", "}", "\"", ":",
        "\\ud800", "\0\0\0\0\0\0\0\u007f", "../", "data.pkl", "PK\u0001\u0002", "PK\u0005\u0006", "__metadata__", "2147483648", "null", "crop_pct",
    ];

    public static readonly SortedDictionary<string, Func<TemporaryFolder, FuzzSeed>> All = new(StringComparer.Ordinal)
    {
        ["safetensors"] = folder => Whole(Write(folder, "model.safetensors")),
        ["torch"] = folder =>
        {
            File.WriteAllBytes(folder.File("model.pth"), Torch());
            File.WriteAllText(folder.File("config.json"), "{\"num_heads\": 2}");
            return Whole(folder.File("model.pth"));
        },
        ["index"] = folder =>
        {
            string shard = Write(folder, "model-1.safetensors"), index = folder.File("model.safetensors.index.json");
            using (var file = SafetensorsFile.Open(shard))
                File.WriteAllText(index, $"{{\"weight_map\":{{{string.Join(",", file.Names.Select(n => $"\"{n}\":\"model-1.safetensors\""))}}}}}");
            return new(index, index, new FileInfo(shard).Length + new FileInfo(index).Length);
        },
        ["config"] = folder => Beside(folder, "config.json", """{"num_attention_heads": 2, "layer_norm_eps": 1e-6, "hidden_act": "gelu", "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.9, "interpolation": "bicubic"}}"""),
        ["preprocessor"] = folder => Beside(folder, "preprocessor_config.json", """{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 16}, "do_center_crop": true, "resample": 3}"""),
    };

    private static (string Name, int[] Shape)[] Tensors =>
    [
        ("cls_token", [1, 1, 4]), ("pos_embed", [1, 5, 4]), ("patch_embed.proj.weight", [4, 3, 2, 2]), ("patch_embed.proj.bias", [4]),
        ("blocks.0.norm1.weight", [4]), ("blocks.0.attn.qkv.weight", [12, 4]), ("blocks.0.mlp.fc1.weight", [8, 4]), ("head.weight", [3, 4]),
    ];

    private static FuzzSeed Whole(string path) => new(path, path, new FileInfo(path).Length);

    private static FuzzSeed Beside(TemporaryFolder folder, string name, string text)
    {
        string model = Write(folder, "model.safetensors");
        File.WriteAllText(folder.File(name), text);
        return new(model, folder.File(name), new FileInfo(model).Length + text.Length);
    }

    private static string Write(TemporaryFolder folder, string name)
    {
        var writer = new SafetensorsWriter();
        writer.SetMetadata("heads", "2");
        foreach (var (tensor, shape) in Tensors)
            writer.AddFloats(tensor, [.. shape.Select(x => (long)x)], new float[shape.Aggregate(1, (a, b) => a * b)]);
        writer.Save(folder.File(name));
        return folder.File(name);
    }

    private static byte[] Torch()
    {
        var archive = new TorchArchive().Start().EmptyOrderedDictionary().Raw((byte)'(');
        int key = 0;
        foreach (var (tensor, shape) in Tensors)
            archive.Text(tensor).Floats($"{key++}", new float[shape.Aggregate(1, (a, b) => a * b)], shape);
        return archive.Raw((byte)'u').End();
    }
}
