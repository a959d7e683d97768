using Robustify.Native.Models.Clip;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// The names of CLIP's two towers as tables: what stands outside the blocks, and what stands in block N of either tower. Sources:
/// openai/CLIP clip/model.py, open_clip/model.py and modified_resnet.py, transformers/models/clip/modeling_clip.py. The projections are
/// matrices [in, out] there and linear layers [out, in] at Hugging Face.
/// </summary>
internal sealed class ClipNaming : NamingFamily
{
    private static readonly string[] BatchNormTensors = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];

    private readonly (string Published, string Engine)[] towers;
    private readonly Dictionary<string, EngineTarget> outside;
    private readonly Dictionary<string, EngineTarget> inBlock;
    private readonly ResNetNaming? residual;
    private readonly Dictionary<string, string[]> published = new(StringComparer.Ordinal);

    private ClipNaming(
        CheckpointFamily family, (string Published, string Engine)[] towers, Dictionary<string, EngineTarget> outside,
        Dictionary<string, EngineTarget> inBlock, ResNetNaming? residual = null)
        : base(family)
    {
        (this.towers, this.outside, this.inBlock, this.residual) = (towers, outside, inBlock, residual);
        Invert(outside);
        Invert(inBlock);
    }

    public static ClipNaming OpenClip { get; } = new(
        CheckpointFamily.OpenClip,
        [("visual.transformer.resblocks.", "blocks."), ("transformer.resblocks.", "text.blocks."), ("text.transformer.resblocks.", "text.blocks.")],
        OpenClipOutside(
            ("visual.class_embedding", "cls_token"), ("visual.positional_embedding", "pos_embed"), ("visual.conv1.weight", "patch_embed.proj.weight"),
            ("visual.ln_pre.*", "norm_pre.*"), ("visual.ln_post.*", "norm.*"), ("visual.proj^", "proj.weight")),
        OpenClipBlock());

    public static ClipNaming OpenClipResNet { get; } = new(
        CheckpointFamily.OpenClipResNet,
        [("transformer.resblocks.", "text.blocks."), ("text.transformer.resblocks.", "text.blocks.")],
        WithParts(
            OpenClipOutside(("visual.attnpool.positional_embedding", "attnpool.pos_embed"), ("visual.attnpool.c_proj.*", "attnpool.proj.*")),
            "visual.attnpool.{0}_proj", "attnpool.qkv"),
        OpenClipBlock(),
        new ResNetNaming());

    public static ClipNaming HuggingFace { get; } = new(
        CheckpointFamily.HuggingFaceClip,
        [("vision_model.encoder.layers.", "blocks."), ("text_model.encoder.layers.", "text.blocks.")],
        Table(
            ("vision_model.embeddings.class_embedding", "cls_token"), ("vision_model.embeddings.position_embedding.weight", "pos_embed"),
            ("vision_model.embeddings.patch_embedding.weight", "patch_embed.proj.weight"), ("vision_model.pre_layrnorm.*", "norm_pre.*"),
            ("vision_model.post_layernorm.*", "norm.*"), ("visual_projection.weight", "proj.weight"),
            ("text_model.embeddings.token_embedding.weight", "text.token_embed.weight"),
            ("text_model.embeddings.position_embedding.weight", "text.pos_embed"), ("text_model.final_layer_norm.*", "text.norm.*"),
            ("text_projection.weight", "text.proj.weight"), ("logit_scale", ClipTextTower.LogitScale),
            ("vision_model.embeddings.position_ids", ""), ("text_model.embeddings.position_ids", "")), // 0, 1, 2, ... in older files.
        WithParts(
            Table(
                ("layer_norm1.*", "norm1.*"), ("self_attn.out_proj.*", "attn.proj.*"), ("layer_norm2.*", "norm2.*"), ("mlp.fc1.*", "mlp.fc1.*"),
                ("mlp.fc2.*", "mlp.fc2.*")),
            "self_attn.{0}_proj", "attn.qkv"));

    /// <summary>The family that a model is written in.</summary>
    public static ClipNaming Of(IClipImageModel model) => model is ClipResNet ? OpenClipResNet : OpenClip;

    public override EngineTarget? Translate(string published)
    {
        if (outside.TryGetValue(published, out EngineTarget target))
            return target;
        foreach (var (prefix, engine) in towers)
        {
            if (published.StartsWith(prefix, StringComparison.Ordinal) && TrySplitNumber(published[prefix.Length..], out int block, out string rest)
                && inBlock.TryGetValue(rest, out target))
                return target with { Name = $"{engine}{block}.{target.Name}" };
        }

        return residual is not null && published.StartsWith("visual.", StringComparison.Ordinal) ? Residual(published["visual.".Length..]) : null;
    }

    public override string[]? Publish(string engineName)
    {
        if (published.TryGetValue(engineName, out string[]? names))
            return names;
        foreach (var (prefix, engine) in towers)
        {
            if (engineName.StartsWith(engine, StringComparison.Ordinal) && TrySplitNumber(engineName[engine.Length..], out int block, out string rest)
                && published.TryGetValue(rest, out names))
                return [.. names.Select(n => $"{prefix}{block}.{n}")];
        }

        return residual is not null && Residual(engineName) is not null ? ["visual." + engineName] : null;
    }

    public override int[] PublishedLayout(string engineName, ReadOnlySpan<int> engineShape)
    {
        if (Publish(engineName) is not { } names || Translate(names[0]) is not { } target)
            return base.PublishedLayout(engineName, engineShape);
        if (target.IsTransposed)
            return [engineShape[1], engineShape[0]];
        return engineName switch
        {
            "cls_token" or "pos_embed" => engineShape.ToArray(),
            ClipTextTower.LogitScale => [],
            _ => base.PublishedLayout(engineName, engineShape),
        };
    }

    // The stem has three convolutions, and there is no classifier.
    private EngineTarget? Residual(string name)
    {
        string[] parts = name.Split('.');
        if (parts.Length == 2 && parts[0] is "conv1" or "conv2" or "conv3")
            return parts[1] == "weight" ? new EngineTarget(name) : null;
        if (parts.Length == 2 && parts[0] is "bn1" or "bn2" or "bn3")
            return BatchNormTensors.Contains(parts[1]) ? new EngineTarget(name, IsIgnored: parts[1] == "num_batches_tracked") : null;
        return name.StartsWith("layer", StringComparison.Ordinal) ? residual!.Translate(name) : null;
    }

    private void Invert(Dictionary<string, EngineTarget> table)
    {
        foreach (var (name, target) in table)
        {
            if (target.IsIgnored)
                continue;
            if (!published.TryGetValue(target.Name, out string[]? parts))
                published.Add(target.Name, parts = new string[target.PartCount]);
            parts[target.Part] ??= name;
        }
    }

    private static Dictionary<string, EngineTarget> OpenClipOutside(params ReadOnlySpan<(string Published, string Engine)> image) => Table(
    [
        .. image, ("token_embedding.weight", "text.token_embed.weight"), ("positional_embedding", "text.pos_embed"), ("ln_final.*", "text.norm.*"),
        ("text_projection^", "text.proj.weight"), ("logit_scale", ClipTextTower.LogitScale),
        // open_clip's CustomTextCLIP puts the text tower one level lower.
        ("text.token_embedding.weight", "text.token_embed.weight"), ("text.positional_embedding", "text.pos_embed"), ("text.ln_final.*", "text.norm.*"),
        ("text.text_projection^", "text.proj.weight"), ("text.attn_mask", ""),
        // What OpenAI's archives say of themselves, and the mask that some files store.
        ("input_resolution", ""), ("context_length", ""), ("vocab_size", ""), ("attn_mask", ""),
    ]);

    private static Dictionary<string, EngineTarget> OpenClipBlock() => Table(
        ("ln_1.*", "norm1.*"), ("attn.in_proj_weight", "attn.qkv.weight"), ("attn.in_proj_bias", "attn.qkv.bias"), ("attn.out_proj.*", "attn.proj.*"),
        ("ln_2.*", "norm2.*"), ("mlp.c_fc.*", "mlp.fc1.*"), ("mlp.c_proj.*", "mlp.fc2.*"),
        ("attn_mask", "")); // A plain attribute of the blocks, which a scripted module stores beside the weights.

    private static Dictionary<string, EngineTarget> WithParts(Dictionary<string, EngineTarget> table, string publishedPath, string engine)
    {
        string[] parts = ["q", "k", "v"];
        for (int part = 0; part < parts.Length; part++)
        {
            foreach (string kind in (ReadOnlySpan<string>)["weight", "bias"])
                table.Add($"{publishedPath.Replace("{0}", parts[part])}.{kind}", new EngineTarget($"{engine}.{kind}", part, parts.Length));
        }

        return table;
    }

    /// <summary>A star stands for weight and bias, a caret for a transposed matrix; an empty engine name for a tensor that is ignored.</summary>
    private static Dictionary<string, EngineTarget> Table(params ReadOnlySpan<(string Published, string Engine)> rows)
    {
        var table = new Dictionary<string, EngineTarget>(StringComparer.Ordinal);
        foreach ((string published, string engine) in rows)
        {
            if (published[^1] == '*')
            {
                foreach (string kind in (ReadOnlySpan<string>)["weight", "bias"])
                    table.Add(published[..^1] + kind, new EngineTarget(engine[..^1] + kind));
            }
            else
            {
                table.Add(published.TrimEnd('^'), new EngineTarget(engine, IsIgnored: engine.Length == 0, IsTransposed: published[^1] == '^'));
            }
        }

        return table;
    }
}
