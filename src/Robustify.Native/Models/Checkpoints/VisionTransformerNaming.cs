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
    private readonly Dictionary<string, string[]> published = new(StringComparer.Ordinal);

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
        Invert(outside);
        Invert(inBlock);
    }

    public static VisionTransformerNaming Timm { get; } = new(
        CheckpointFamily.TimmVisionTransformer,
        optionalPrefix: "",
        blockPrefix: "blocks.",
        Table(
            ("cls_token", "cls_token"), ("pos_embed", "pos_embed"), ("patch_embed.proj.*", "patch_embed.proj.*"),
            ("norm.*", "norm.*"), ("fc_norm.*", "fc_norm.*"), ("head.*", "head.*")),
        TimmBlock());

    /// <summary>DeiT (Touvron et al., arXiv 2012.12877): the answer is the mean of both heads, each on its own token.</summary>
    public static VisionTransformerNaming TimmDistilled { get; } = new(
        CheckpointFamily.TimmDistilledVisionTransformer,
        optionalPrefix: "",
        blockPrefix: "blocks.",
        WithTwoHeads(
            WithTwoTokens(
                Table(("pos_embed", "pos_embed"), ("patch_embed.proj.*", "patch_embed.proj.*"), ("norm.*", "norm.*")), "cls_token", "dist_token"),
            "head", "head_dist"),
        TimmBlock());

    public static VisionTransformerNaming Torchvision { get; } = new(
        CheckpointFamily.TorchvisionVisionTransformer,
        optionalPrefix: "",
        blockPrefix: "encoder.layers.encoder_layer_",
        TorchvisionOutside(),
        TorchvisionBlock(("mlp.0.*", "mlp.fc1.*"), ("mlp.3.*", "mlp.fc2.*"), ("mlp.linear_1.*", "mlp.fc1.*"), ("mlp.linear_2.*", "mlp.fc2.*")));

    public static VisionTransformerNaming TorchvisionLinear { get; } = new(
        CheckpointFamily.TorchvisionLinearVisionTransformer,
        optionalPrefix: "",
        blockPrefix: "encoder.layers.encoder_layer_",
        TorchvisionOutside(),
        TorchvisionBlock(("mlp.linear_1.*", "mlp.fc1.*"), ("mlp.linear_2.*", "mlp.fc2.*")));

    public static VisionTransformerNaming HuggingFace { get; } = new(
        CheckpointFamily.HuggingFaceVisionTransformer,
        optionalPrefix: "vit.", // ViTModel's own files go without it.
        blockPrefix: "encoder.layer.",
        Table(
            ("embeddings.cls_token", "cls_token"), ("embeddings.position_embeddings", "pos_embed"),
            ("embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"), ("layernorm.*", "norm.*"), ("classifier.*", "head.*"),
            ("pooler.dense.*", ""), ("embeddings.mask_token", "")), // Of ViTModel; the classifier does not use them.
        HuggingFaceBlock());

    public static VisionTransformerNaming HuggingFaceDistilled { get; } = new(
        CheckpointFamily.HuggingFaceDistilledVisionTransformer,
        optionalPrefix: "deit.",
        blockPrefix: "encoder.layer.",
        WithTwoHeads(HuggingFaceTwoTokens(), "cls_classifier", "distillation_classifier"),
        HuggingFaceBlock());

    public static VisionTransformerNaming HuggingFaceDeit { get; } = new(
        CheckpointFamily.HuggingFaceDeit,
        optionalPrefix: "deit.",
        blockPrefix: "encoder.layer.",
        HuggingFaceTwoTokens(("classifier.*", "head.*")),
        HuggingFaceBlock());

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

    public override string[]? Publish(string engineName)
    {
        if (published.TryGetValue(engineName, out string[]? names))
            return [.. names.Select(n => optionalPrefix.Length == 0 || IsHead(engineName) ? n : optionalPrefix + n)];
        return engineName.StartsWith("blocks.", StringComparison.Ordinal) && TrySplitNumber(engineName[7..], out int block, out string rest)
            && published.TryGetValue(rest, out names)
            ? [.. names.Select(n => $"{optionalPrefix}{blockPrefix}{block}.{n}")]
            : null;
    }

    // Two tokens are a tensor each.
    public override int[] PublishedLayout(string engineName, ReadOnlySpan<int> engineShape) =>
        engineName == "cls_token" && published.TryGetValue(engineName, out string[]? tokens) && tokens.Length > 1
            ? [tokens.Length, 1, engineShape[0] / tokens.Length]
            : base.PublishedLayout(engineName, engineShape);

    // Hugging Face's classifiers stand beside the model, not in it.
    private static bool IsHead(string engineName) => engineName.StartsWith("head.", StringComparison.Ordinal);

    private void Invert(Dictionary<string, EngineTarget> table)
    {
        foreach (var (name, target) in table)
        {
            if (target.IsIgnored)
                continue;
            if (!published.TryGetValue(target.Name, out string[]? parts))
                published.Add(target.Name, parts = new string[target.PartCount]);
            parts[target.Part] ??= name; // Of two names for one tensor the first is written.
        }
    }

    private static Dictionary<string, EngineTarget> TimmBlock() => Table(
        ("norm1.*", "norm1.*"), ("attn.qkv.*", "attn.qkv.*"), ("attn.proj.*", "attn.proj.*"),
        ("norm2.*", "norm2.*"), ("mlp.fc1.*", "mlp.fc1.*"), ("mlp.fc2.*", "mlp.fc2.*"),
        ("ls1.gamma", "ls1.gamma"), ("ls2.gamma", "ls2.gamma"),
        ("gamma_1", "ls1.gamma"), ("gamma_2", "ls2.gamma")); // As DeiT III's authors publish it (deit/models_v2.py).

    private static Dictionary<string, EngineTarget> TorchvisionOutside() => Table(
        ("class_token", "cls_token"), ("encoder.pos_embedding", "pos_embed"), ("conv_proj.*", "patch_embed.proj.*"),
        ("encoder.ln.*", "norm.*"), ("heads.head.*", "head.*"));

    private static Dictionary<string, EngineTarget> TorchvisionBlock(params ReadOnlySpan<(string Published, string Engine)> perceptron) => Table(
    [
        ("ln_1.*", "norm1.*"), ("self_attention.in_proj_weight", "attn.qkv.weight"), ("self_attention.in_proj_bias", "attn.qkv.bias"),
        ("self_attention.out_proj.*", "attn.proj.*"), ("ln_2.*", "norm2.*"), .. perceptron,
    ]);

    private static Dictionary<string, EngineTarget> HuggingFaceBlock() => WithQueryKeyValue(Table(
        ("layernorm_before.*", "norm1.*"), ("attention.output.dense.*", "attn.proj.*"), ("layernorm_after.*", "norm2.*"),
        ("intermediate.dense.*", "mlp.fc1.*"), ("output.dense.*", "mlp.fc2.*")));

    private static Dictionary<string, EngineTarget> HuggingFaceTwoTokens(params ReadOnlySpan<(string Published, string Engine)> head) => WithTwoTokens(
        Table(
        [
            .. head, ("embeddings.position_embeddings", "pos_embed"), ("embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),
            ("layernorm.*", "norm.*"), ("pooler.dense.*", ""), ("embeddings.mask_token", ""),
        ]),
        "embeddings.cls_token", "embeddings.distillation_token");

    private static Dictionary<string, EngineTarget> WithTwoTokens(Dictionary<string, EngineTarget> table, string classToken, string distillationToken)
    {
        table.Add(classToken, new EngineTarget("cls_token", 0, 2));
        table.Add(distillationToken, new EngineTarget("cls_token", 1, 2));
        return table;
    }

    private static Dictionary<string, EngineTarget> WithTwoHeads(Dictionary<string, EngineTarget> table, string classHead, string distillationHead)
    {
        foreach (var (head, part) in (ReadOnlySpan<(string, int)>)[(classHead, 0), (distillationHead, 1)])
        {
            table.Add(head + ".weight", new EngineTarget("head.weight", part, 2, PartJoin.MeanColumns));
            table.Add(head + ".bias", new EngineTarget("head.bias", part, 2, PartJoin.Mean));
        }

        return table;
    }

    /// <summary>A star stands for weight and bias; an empty engine name for a tensor that is ignored.</summary>
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
                table.Add(published[..^1] + kind, new EngineTarget(engine.Length == 0 ? "" : engine[..^1] + kind, IsIgnored: engine.Length == 0));
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
