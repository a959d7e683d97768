namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// A vision transformer's names as two tables: what stands outside the blocks, and what stands in block N behind a prefix. Sources:
/// timm/models/vision_transformer.py, torchvision/models/vision_transformer.py, transformers/models/vit/modeling_vit.py.
/// </summary>
internal sealed class VisionTransformerNaming : NamingFamily
{
    private readonly string optionalPrefix;
    private readonly string blockPrefix;
    private readonly Dictionary<string, EngineTarget> outside;
    private readonly Dictionary<string, EngineTarget> inBlock;

    private VisionTransformerNaming(
        CheckpointFamily family,
        string optionalPrefix,
        string blockPrefix,
        Dictionary<string, EngineTarget> outside,
        Dictionary<string, EngineTarget> inBlock)
        : base(family)
    {
        this.optionalPrefix = optionalPrefix;
        this.blockPrefix = blockPrefix;
        this.outside = outside;
        this.inBlock = inBlock;
    }

    public static VisionTransformerNaming Timm { get; } = new(
        CheckpointFamily.TimmVisionTransformer,
        optionalPrefix: "",
        blockPrefix: "blocks.",
        Table(
            ("cls_token", "cls_token"), ("pos_embed", "pos_embed"), ("patch_embed.proj.*", "patch_embed.proj.*"),
            ("norm.*", "norm.*"), ("fc_norm.*", "fc_norm.*"), ("head.*", "head.*")),
        Table(
            ("norm1.*", "norm1.*"), ("attn.qkv.*", "attn.qkv.*"), ("attn.proj.*", "attn.proj.*"),
            ("norm2.*", "norm2.*"), ("mlp.fc1.*", "mlp.fc1.*"), ("mlp.fc2.*", "mlp.fc2.*")));

    public static VisionTransformerNaming Torchvision { get; } = new(
        CheckpointFamily.TorchvisionVisionTransformer,
        optionalPrefix: "",
        blockPrefix: "encoder.layers.encoder_layer_",
        Table(
            ("class_token", "cls_token"), ("encoder.pos_embedding", "pos_embed"), ("conv_proj.*", "patch_embed.proj.*"),
            ("encoder.ln.*", "norm.*"), ("heads.head.*", "head.*")),
        Table(
            ("ln_1.*", "norm1.*"), ("self_attention.in_proj_weight", "attn.qkv.weight"), ("self_attention.in_proj_bias", "attn.qkv.bias"),
            ("self_attention.out_proj.*", "attn.proj.*"), ("ln_2.*", "norm2.*"),
            ("mlp.0.*", "mlp.fc1.*"), ("mlp.3.*", "mlp.fc2.*"), ("mlp.linear_1.*", "mlp.fc1.*"), ("mlp.linear_2.*", "mlp.fc2.*")));

    public static VisionTransformerNaming HuggingFace { get; } = new(
        CheckpointFamily.HuggingFaceVisionTransformer,
        optionalPrefix: "vit.", // ViTModel's own files go without it.
        blockPrefix: "encoder.layer.",
        Table(
            ("embeddings.cls_token", "cls_token"), ("embeddings.position_embeddings", "pos_embed"),
            ("embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"), ("layernorm.*", "norm.*"), ("classifier.*", "head.*"),
            ("pooler.dense.*", "")), // ViTModel's pooler; the classifier does not use it.
        WithQueryKeyValue(Table(
            ("layernorm_before.*", "norm1.*"), ("attention.output.dense.*", "attn.proj.*"), ("layernorm_after.*", "norm2.*"),
            ("intermediate.dense.*", "mlp.fc1.*"), ("output.dense.*", "mlp.fc2.*"))));

    public override EngineTarget? Translate(string published)
    {
        if (optionalPrefix.Length > 0 && published.StartsWith(optionalPrefix, StringComparison.Ordinal))
            published = published[optionalPrefix.Length..];
        if (outside.TryGetValue(published, out EngineTarget target))
            return target;
        if (published.StartsWith(blockPrefix, StringComparison.Ordinal)
            && TrySplitNumber(published[blockPrefix.Length..], out int block, out string rest)
            && inBlock.TryGetValue(rest, out target))
            return target with { Name = $"blocks.{block}.{target.Name}" };
        return null;
    }

    /// <summary>A star stands for weight and bias; an empty engine name for a tensor that is skipped.</summary>
    private static Dictionary<string, EngineTarget> Table(params ReadOnlySpan<(string Published, string Engine)> rows)
    {
        var table = new Dictionary<string, EngineTarget>(StringComparer.Ordinal);
        foreach ((string published, string engine) in rows)
        {
            if (published[^1] != '*')
            {
                table.Add(published, new EngineTarget(engine));
                continue;
            }

            foreach (string kind in (ReadOnlySpan<string>)["weight", "bias"])
                table.Add(published[..^1] + kind, new EngineTarget(engine.Length == 0 ? "" : engine[..^1] + kind));
        }

        return table;
    }

    private static Dictionary<string, EngineTarget> WithQueryKeyValue(Dictionary<string, EngineTarget> table)
    {
        string[] parts = ["query", "key", "value"];
        for (int part = 0; part < parts.Length; part++)
        {
            foreach (string kind in (ReadOnlySpan<string>)["weight", "bias"])
                table.Add($"attention.attention.{parts[part]}.{kind}", new EngineTarget($"attn.qkv.{kind}", part, parts.Length));
        }

        return table;
    }
}
