namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// A ConvNeXt's names: a table of what stands outside the stages, where blocks and downsamplings stand, and a table of what stands in a block.
/// Sources: timm/models/convnext.py, torchvision/models/convnext.py, transformers/models/convnext/modeling_convnext.py, and models/convnext.py
/// of facebookresearch/ConvNeXt, whose own files have names of their own.
/// </summary>
internal sealed class ConvNextNaming : NamingFamily
{
    private const string Gamma = ".gamma";
    private readonly string optionalPrefix;
    private readonly Place blocks;
    private readonly Place downsampling;
    private readonly Dictionary<string, string> outside;
    private readonly Dictionary<string, string> inBlock;

    private ConvNextNaming(
        CheckpointFamily family, string optionalPrefix, Place blocks, Place downsampling, (string Published, string Engine)[] outside,
        (string Published, string Engine)[] inBlock)
        : base(family)
    {
        (this.optionalPrefix, this.blocks, this.downsampling) = (optionalPrefix, blocks, downsampling);
        this.outside = Table(outside);
        this.inBlock = Table(inBlock);
    }

    public static ConvNextNaming Timm { get; } = new(
        CheckpointFamily.TimmConvNext, "", new("stages.", "blocks."), new("stages.", "downsample."),
        [("stem.0", "stem.0"), ("stem.1", "stem.1"), ("head.norm", "head.norm"), ("head.fc", "head.fc")],
        [("conv_dw", "conv_dw"), ("norm", "norm"), ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2"), ("gamma", "gamma")]);

    /// <summary>Stages stand at odd places of <c>features</c>, what lies before them at even ones.</summary>
    public static ConvNextNaming Torchvision { get; } = new(
        CheckpointFamily.TorchvisionConvNext, "", new("features.", "", 2, 1), new("features.", "", 2, 0),
        [("features.0.0", "stem.0"), ("features.0.1", "stem.1"), ("classifier.0", "head.norm"), ("classifier.2", "head.fc")],
        [("block.0", "conv_dw"), ("block.2", "norm"), ("block.3", "mlp.fc1"), ("block.5", "mlp.fc2"), ("layer_scale", "gamma")]);

    public static ConvNextNaming HuggingFace { get; } = new(
        CheckpointFamily.HuggingFaceConvNext, "convnext.", new("encoder.stages.", "layers."), new("encoder.stages.", "downsampling_layer."),
        [
            ("embeddings.patch_embeddings", "stem.0"), ("embeddings.layernorm", "stem.1"), ("layernorm", "head.norm"), ("classifier", "head.fc"),
        ],
        [("dwconv", "conv_dw"), ("layernorm", "norm"), ("pwconv1", "mlp.fc1"), ("pwconv2", "mlp.fc2"), ("layer_scale_parameter", "gamma")]);

    public static ConvNextNaming Original { get; } = new(
        CheckpointFamily.OriginalConvNext, "", new("stages.", ""), new("downsample_layers.", ""),
        [("downsample_layers.0.0", "stem.0"), ("downsample_layers.0.1", "stem.1"), ("norm", "head.norm"), ("head", "head.fc")],
        [("dwconv", "conv_dw"), ("norm", "norm"), ("pwconv1", "mlp.fc1"), ("pwconv2", "mlp.fc2"), ("gamma", "gamma")]);

    public override EngineTarget? Translate(string published)
    {
        if (optionalPrefix.Length > 0 && published.StartsWith(optionalPrefix, StringComparison.Ordinal))
            published = published[optionalPrefix.Length..];
        string? engine = Find(outside, published);
        if (engine is null && blocks.TrySplit(published, out int stage, out string rest) && TrySplitNumber(rest, out int block, out rest))
            engine = Find(inBlock, rest) is { } name ? $"stages.{stage}.blocks.{block}.{name}" : null;
        if (engine is null && downsampling.TrySplit(published, out stage, out rest) && stage > 0 && IsDownsampling(rest))
            engine = $"stages.{stage}.downsample.{rest}";
        return engine is null ? null : new EngineTarget(engine);
    }

    public override string[]? Publish(string engineName)
    {
        string? published = FindPublished(outside, engineName);
        if (published is null && new Place("stages.", "blocks.").TrySplit(engineName, out int stage, out string rest)
            && TrySplitNumber(rest, out int block, out rest) && FindPublished(inBlock, rest) is { } name)
            published = $"{blocks.Of(stage)}{block}.{name}";
        if (published is null && new Place("stages.", "downsample.").TrySplit(engineName, out stage, out rest) && stage > 0 && IsDownsampling(rest))
            published = downsampling.Of(stage) + rest;
        // Hugging Face's classifier stands beside the model, not in it.
        return published is null ? null : [engineName.StartsWith("head.fc.", StringComparison.Ordinal) ? published : optionalPrefix + published];
    }

    /// <summary>torchvision keeps its layer scale as [C, 1, 1], the others as [C].</summary>
    public override long[] PublishedShape(string engineName, long[] shape)
    {
        if (!engineName.EndsWith(Gamma, StringComparison.Ordinal) || shape.Length == 0)
            return shape;
        return Family == CheckpointFamily.TorchvisionConvNext ? [shape[0], 1, 1] : [shape[0]];
    }

    private static bool IsDownsampling(string rest) => rest is "0.weight" or "0.bias" or "1.weight" or "1.bias";

    // A path stands for its weight and bias; the layer scale is a tensor itself.
    private static string? Find(Dictionary<string, string> table, string name)
    {
        if (table.TryGetValue(name, out string? found))
            return found == Gamma[1..] ? found : null;
        int dot = name.LastIndexOf('.');
        return dot > 0 && name[(dot + 1)..] is "weight" or "bias" && table.TryGetValue(name[..dot], out found) && found != Gamma[1..]
            ? found + name[dot..]
            : null;
    }

    private static string? FindPublished(Dictionary<string, string> table, string engine)
    {
        int dot = engine.LastIndexOf('.');
        string path = engine == Gamma[1..] || dot < 0 ? engine : engine[..dot];
        foreach (var (published, target) in table)
        {
            if (target == path)
                return published + engine[path.Length..];
        }

        return null;
    }

    private static Dictionary<string, string> Table((string Published, string Engine)[] rows) =>
        rows.ToDictionary(row => row.Published, row => row.Engine, StringComparer.Ordinal);

    /// <summary>Where something of stage s stands: prefix, factor s + first, a dot, what comes between.</summary>
    private sealed record Place(string Prefix, string Between, int Factor = 1, int First = 0)
    {
        public string Of(int stage) => $"{Prefix}{Factor * stage + First}.{Between}";

        public bool TrySplit(string name, out int stage, out string rest)
        {
            (stage, rest) = (0, "");
            if (!name.StartsWith(Prefix, StringComparison.Ordinal) || !TrySplitNumber(name[Prefix.Length..], out int number, out string behind)
                || number < First || (number - First) % Factor != 0 || !behind.StartsWith(Between, StringComparison.Ordinal))
                return false;
            (stage, rest) = ((number - First) / Factor, behind[Between.Length..]);
            return true;
        }
    }
}
