using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Models.Checkpoints;
using Robustify.Native.Tests.Models.Checkpoints.Torch;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>A sound small checkpoint of each format, and which of its files is mutated.</summary>
internal static class FuzzSeeds
{
    /// <summary>Opened through <paramref name="Path"/>; <paramref name="Bytes"/> of all its files.</summary>
    internal sealed record FuzzSeed(string Path, string Mutated, long Bytes, FileKind Kind);

    private static readonly StoredDType[] FloatTypes =
        [StoredDType.F32, StoredDType.F64, StoredDType.F16, StoredDType.BF16, StoredDType.F8_E4M3, StoredDType.F8_E5M2, StoredDType.F8_E8M0];

    public static readonly SortedDictionary<string, Func<TemporaryFolder, FuzzSeed>> All = new(StringComparer.Ordinal)
    {
        ["safetensors"] = folder => Whole(Write(folder, "model.safetensors", Tensors)),
        ["convnext"] = folder => Whole(Write(folder, "model.safetensors", ConvNext)),
        ["timm config"] = folder => Beside(
            folder, "config.json",
            """{"image_size": 32, "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "input_size": [3, 64, 64], "crop_pct": 0.9, "interpolation": "bicubic"}}""",
            ConvNext),
        ["open_clip config"] = folder => Beside(
            folder, "open_clip_config.json",
            """{"preprocess_cfg": {"size": 64, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic"}}""", ConvNext),
        ["safetensors types"] = folder => Whole(Write(folder, "model.safetensors", Tensors, FloatTypes)),
        ["torch"] = folder => Archive(folder, Torch().End()),
        ["torch before 1.6"] = folder => Archive(folder, Torch(isLegacy: true).End(), FileKind.TorchLegacy),
        ["torch training"] = folder => Archive(folder, TorchTraining().End()),
        ["torchscript"] = folder => Archive(folder, TorchScript()),
        ["index"] = folder => Sharded(folder, mutatesIndex: true),
        ["shard"] = folder => Sharded(folder, mutatesIndex: false),
        ["config"] = folder => Beside(folder, "config.json", """{"num_attention_heads": 2, "layer_norm_eps": 1e-6, "hidden_act": "gelu", "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.9, "interpolation": "bicubic"}}"""),
        ["clip"] = folder => Clip(folder, mutatesConfig: false),
        ["clip_config"] = folder => Clip(folder, mutatesConfig: true),
        ["preprocessor"] = folder => Beside(folder, "preprocessor_config.json", """{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 16}, "do_center_crop": true, "resample": 3}"""),
    };

    private static (string Name, int[] Shape)[] Tensors =>
    [
        ("cls_token", [1, 1, 4]), ("pos_embed", [1, 5, 4]), ("patch_embed.proj.weight", [4, 3, 2, 2]), ("patch_embed.proj.bias", [4]),
        ("blocks.0.norm1.weight", [4]), ("blocks.0.norm1.bias", [4]), ("blocks.0.attn.qkv.weight", [12, 4]), ("blocks.0.attn.qkv.bias", [12]),
        ("blocks.0.attn.proj.weight", [4, 4]), ("blocks.0.attn.proj.bias", [4]), ("blocks.0.norm2.weight", [4]), ("blocks.0.norm2.bias", [4]),
        ("blocks.0.mlp.fc1.weight", [8, 4]), ("blocks.0.mlp.fc1.bias", [8]), ("blocks.0.mlp.fc2.weight", [4, 8]), ("blocks.0.mlp.fc2.bias", [4]),
        ("norm.weight", [4]), ("norm.bias", [4]), ("head.weight", [3, 4]), ("head.bias", [3]),
    ];

    // torchvision's names: layer scales of three extents, a depthwise convolution, two convolutions on patches.
    private static (string Name, int[] Shape)[] ConvNext =>
    [
        ("features.0.0.weight", [4, 3, 4, 4]), ("features.0.0.bias", [4]), ("features.0.1.weight", [4]), ("features.0.1.bias", [4]),
        .. Block("features.1.0", 4), ("features.2.0.weight", [4]), ("features.2.0.bias", [4]), ("features.2.1.weight", [6, 4, 2, 2]), ("features.2.1.bias", [6]),
        .. Block("features.3.0", 6), ("classifier.0.weight", [6]), ("classifier.0.bias", [6]), ("classifier.2.weight", [3, 6]), ("classifier.2.bias", [3]),
    ];

    private static (string Name, int[] Shape)[] Block(string path, int width) =>
    [
        (path + ".layer_scale", [width, 1, 1]), (path + ".block.0.weight", [width, 1, 3, 3]), (path + ".block.0.bias", [width]),
        (path + ".block.2.weight", [width]), (path + ".block.2.bias", [width]), (path + ".block.3.weight", [4 * width, width]),
        (path + ".block.3.bias", [4 * width]), (path + ".block.5.weight", [width, 4 * width]), (path + ".block.5.bias", [width]),
    ];

    // An image tower and a text tower of one block each.
    private static FuzzSeed Clip(TemporaryFolder folder, bool mutatesConfig)
    {
        var writer = new SafetensorsWriter();
        foreach (string tower in (string[])["visual.", ""])
        {
            string block = tower + "transformer.resblocks.0.";
            foreach (var (name, shape) in ((string, long[])[])[("ln_1.weight", [4]), ("attn.in_proj_weight", [12, 4]), ("mlp.c_fc.weight", [8, 4])])
                writer.AddFloats(block + name, shape, Values(name, Array.ConvertAll(shape, x => (int)x)));
        }

        foreach (var (name, shape) in ((string, long[])[])
            [("visual.class_embedding", [4]), ("visual.positional_embedding", [5, 4]), ("visual.conv1.weight", [4, 3, 2, 2]), ("visual.proj", [4, 6]),
            ("positional_embedding", [5, 4]), ("token_embedding.weight", [9, 4]), ("text_projection", [4, 6]), ("logit_scale", [])])
            writer.AddFloats(name, shape, Values(name, Array.ConvertAll(shape, x => (int)x)));
        string model = folder.File("open_clip_model.safetensors"), config = folder.File("open_clip_config.json");
        writer.Save(model);
        File.WriteAllText(config, """{"model_cfg": {"quick_gelu": true, "vision_cfg": {"head_width": 2}, "text_cfg": {"heads": 2}}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}""");
        return new(
            model, mutatesConfig ? config : model, new FileInfo(model).Length + new FileInfo(config).Length, mutatesConfig ? FileKind.Json : FileKind.Safetensors);
    }

    private static FuzzSeed Sharded(TemporaryFolder folder, bool mutatesIndex)
    {
        string index = folder.File("model.safetensors.index.json");
        string[] shards = [Write(folder, "model-1.safetensors", Tensors[..9]), Write(folder, "model-2.safetensors", Tensors[9..])];
        var entries = Tensors.Select((t, i) => $"\"{t.Name}\":\"model-{(i < 9 ? 1 : 2)}.safetensors\"");
        File.WriteAllText(index, $"{{\"weight_map\":{{{string.Join(",", entries)}}}}}");
        return new(
            index, mutatesIndex ? index : shards[1], shards.Append(index).Sum(f => new FileInfo(f).Length), mutatesIndex ? FileKind.Json : FileKind.Safetensors);
    }

    private static FuzzSeed Whole(string path, FileKind kind = FileKind.Safetensors) => new(path, path, new FileInfo(path).Length, kind);

    private static FuzzSeed Beside(TemporaryFolder folder, string name, string text, (string Name, int[] Shape)[]? tensors = null)
    {
        string model = Write(folder, "model.safetensors", tensors ?? Tensors);
        File.WriteAllText(folder.File(name), text);
        return new(model, folder.File(name), new FileInfo(model).Length + text.Length, FileKind.Json);
    }

    private static string Write(TemporaryFolder folder, string name, (string Name, int[] Shape)[] tensors, StoredDType[]? types = null)
    {
        var writer = new SafetensorsWriter();
        writer.SetMetadata("heads", "2");
        for (int i = 0; i < tensors.Length; i++)
        {
            var (tensor, shape) = tensors[i];
            long[] extents = Array.ConvertAll(shape, x => (long)x);
            var type = types?[i % types.Length] ?? StoredDType.F32;
            float[] values = Values(tensor, shape);
            if (type is StoredDType.F32 or StoredDType.F16 or StoredDType.BF16)
                writer.AddFloats(tensor, extents, values, type);
            else
                writer.AddStored(tensor, type, extents, values.Length, stream => stream.Write(Bytes(type, values)));
        }

        writer.Save(folder.File(name));
        return folder.File(name);
    }

    // Finite in each of these types; those of one byte as they come.
    private static byte[] Bytes(StoredDType type, float[] values) => type == StoredDType.F64
        ? [.. values.SelectMany(v => BitConverter.GetBytes((double)v))]
        : [.. values.Select((_, i) => (byte)(1 + i % 100))];

    /// <summary>Values of a tensor's own, so that none can be taken for another's.</summary>
    private static float[] Values(string name, int[] shape) =>
        [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(i => MathF.Sin(i + 1 + name.Length + 31 * name.Sum(c => c)))];

    private static FuzzSeed Archive(TemporaryFolder folder, byte[] archive, FileKind kind = FileKind.TorchArchive)
    {
        File.WriteAllBytes(folder.File("model.pth"), archive);
        File.WriteAllText(folder.File("config.json"), "{\"num_heads\": 2}");
        return Whole(folder.File("model.pth"), kind);
    }

    // A module for every part of the names.
    private static byte[] TorchScript()
    {
        var archive = new TorchArchive().Start();
        int key = 0;
        AddModule(Tensors);
        return archive.End();

        void AddModule(IEnumerable<(string Name, int[] Shape)> tensors)
        {
            archive.Module("M");
            foreach (var group in tensors.GroupBy(t => t.Name.Split('.')[0]))
            {
                archive.Text(group.Key);
                if (group.First() is var (name, shape) && name == group.Key)
                    archive.Floats($"{key++}", Values(name, shape), shape);
                else
                    AddModule(group.Select(t => (t.Name[(group.Key.Length + 1)..], t.Shape)));
            }

            archive.EndModule();
        }
    }

    private static TorchArchive Torch(bool isLegacy = false) => State(new TorchArchive(isLegacy).Start(), "");

    // What a training script leaves: options, scores, and weights of a wrapped module, some half, some views of one storage.
    private static TorchArchive TorchTraining()
    {
        var archive = new TorchArchive().Start().Raw((byte)'}', (byte)'(').Text("epoch").Integer(3)
            .Text("args").Global("argparse", "Namespace").Raw((byte)')', 0x81, (byte)'}').Text("lr").Raw((byte)'G', 0x3f, 0xb0, 0, 0, 0, 0, 0, 0, (byte)'s', (byte)'b')
            .Text("best").Floats("best", [77.1f], 1)
            .Text("model");
        return State(archive, "module.", isTraining: true).Raw((byte)'u');
    }

    private static TorchArchive State(TorchArchive archive, string prefix, bool isTraining = false)
    {
        archive.EmptyOrderedDictionary().Raw((byte)'(');
        byte[] halves = [.. Values("halves", [128]).SelectMany(v => BitConverter.GetBytes((Half)v))];
        int key = 0;
        foreach (var (tensor, shape) in Tensors)
        {
            archive.Text(prefix + tensor);
            if (isTraining && tensor == "blocks.0.attn.proj.weight") // transposed, as tied weights may be
                archive.Tensor("HalfStorage", "halves", halves, 128, 8, [4, 4], [1, 4]);
            else if (isTraining && tensor.StartsWith("blocks.0.norm", StringComparison.Ordinal))
                archive.Tensor("HalfStorage", "halves", halves, 128, 32 + 4 * key++, [4], [1]);
            else
                archive.Floats($"{key++}", Values(tensor, shape), shape);
        }

        return archive.Raw((byte)'u');
    }
}
