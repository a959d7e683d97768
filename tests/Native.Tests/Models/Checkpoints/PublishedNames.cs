using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>From the engine's names to the published ones: the other way round than the reader goes, and written apart from it.</summary>
internal static class PublishedNames
{
    private static readonly Dictionary<string, string[]> Torchvision = new()
    {
        ["cls_token"] = ["class_token"],
        ["pos_embed"] = ["encoder.pos_embedding"],
        ["patch_embed.proj"] = ["conv_proj"],
        ["norm"] = ["encoder.ln"],
        ["head"] = ["heads.head"],
        ["norm1"] = ["ln_1"],
        ["attn.qkv"] = ["self_attention.in_proj"],
        ["attn.proj"] = ["self_attention.out_proj"],
        ["norm2"] = ["ln_2"],
        ["mlp.fc1"] = ["mlp.0", "mlp.linear_1"],
        ["mlp.fc2"] = ["mlp.3", "mlp.linear_2"],
    };

    private static readonly Dictionary<string, string[]> HuggingFace = new()
    {
        ["cls_token"] = ["vit.embeddings.cls_token"],
        ["pos_embed"] = ["vit.embeddings.position_embeddings"],
        ["patch_embed.proj"] = ["vit.embeddings.patch_embeddings.projection"],
        ["norm"] = ["vit.layernorm"],
        ["head"] = ["classifier"],
        ["norm1"] = ["layernorm_before"],
        ["attn.qkv"] = ["attention.attention.query", "attention.attention.key", "attention.attention.value"],
        ["attn.proj"] = ["attention.output.dense"],
        ["norm2"] = ["layernorm_after"],
        ["mlp.fc1"] = ["intermediate.dense"],
        ["mlp.fc2"] = ["output.dense"],
    };

    /// <summary>The published names the file has for an engine tensor, in the order of joining.</summary>
    public static string[] Of(SafetensorsFile file, CheckpointFamily family, string engineName)
    {
        if (family is CheckpointFamily.TimmVisionTransformer or CheckpointFamily.ResNet || engineName == "input")
            return [engineName];
        bool isTorchvision = family == CheckpointFamily.TorchvisionVisionTransformer;
        string kind = engineName.EndsWith(".weight", StringComparison.Ordinal) ? "weight" : engineName.EndsWith(".bias", StringComparison.Ordinal) ? "bias" : "";
        string module = kind.Length == 0 ? engineName : engineName[..^(kind.Length + 1)];
        string prefix = "";
        if (module.StartsWith("blocks.", StringComparison.Ordinal))
        {
            string[] pieces = module.Split('.', 3);
            prefix = (isTorchvision ? "encoder.layers.encoder_layer_" : "vit.encoder.layer.") + pieces[1] + ".";
            module = pieces[2];
        }

        string join = isTorchvision && module == "attn.qkv" ? "_" : kind.Length == 0 ? "" : ".";
        var table = isTorchvision ? Torchvision : HuggingFace;
        return [.. table[module].Select(m => prefix + m + join + kind).Where(n => file.TryGet(n, out _))];
    }
}
