namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// The names of transformers/models/resnet/modeling_resnet.py: stages from 0, a layer's convolutions numbered from 0 with their
/// normalisation beside them, the projection as <c>shortcut</c>.
/// </summary>
internal sealed class HuggingFaceResNetNaming() : NamingFamily(CheckpointFamily.HuggingFaceResNet)
{
    private const string Model = "resnet.";
    private const string Stem = "embedder.embedder.";
    private const string Stages = "encoder.stages.";
    private static readonly ResNetNaming Engine = new();

    public override EngineTarget? Translate(string published)
    {
        if (published is "classifier.1.weight" or "classifier.1.bias")
            return new EngineTarget("fc" + published["classifier.1".Length..]);
        string name = published.StartsWith(Model, StringComparison.Ordinal) ? published[Model.Length..] : published;
        string? engine = null;
        if (name.StartsWith(Stem, StringComparison.Ordinal))
            engine = Unit(name[Stem.Length..], "conv1", "bn1");
        else if (name.StartsWith(Stages, StringComparison.Ordinal))
            engine = InStage(name[Stages.Length..]);
        return engine is null ? null : Engine.Translate(engine);
    }

    public override string[]? Publish(string engineName)
    {
        if (Engine.Translate(engineName) is null)
            return null;
        string[] parts = engineName.Split('.');
        if (parts[0] == "fc")
            return [$"classifier.1.{parts[1]}"];
        if (parts.Length == 2)
            return [$"{Model}{Stem}{(parts[0] == "conv1" ? "convolution" : "normalization")}.{parts[1]}"];
        int stage = int.Parse(parts[0].AsSpan(5), System.Globalization.CultureInfo.InvariantCulture) - 1;
        string layer = $"{Model}{Stages}{stage}.layers.{parts[1]}";
        if (parts[2] == "downsample")
            return [$"{layer}.shortcut.{(parts[3] == "0" ? "convolution" : "normalization")}.{parts[4]}"];
        bool isConvolution = parts[2].StartsWith("conv", StringComparison.Ordinal);
        return [$"{layer}.layer.{parts[2][^1] - '1'}.{(isConvolution ? "convolution" : "normalization")}.{parts[3]}"];
    }

    private static string? InStage(string name)
    {
        if (!TrySplitNumber(name, out int stage, out string rest) || !rest.StartsWith("layers.", StringComparison.Ordinal)
            || !TrySplitNumber(rest["layers.".Length..], out int layer, out rest))
            return null;
        string block = $"layer{stage + 1}.{layer}";
        if (rest.StartsWith("shortcut.", StringComparison.Ordinal))
            return Unit(rest["shortcut.".Length..], $"{block}.downsample.0", $"{block}.downsample.1");
        return rest.StartsWith("layer.", StringComparison.Ordinal) && TrySplitNumber(rest["layer.".Length..], out int unit, out rest)
            ? Unit(rest, $"{block}.conv{unit + 1}", $"{block}.bn{unit + 1}")
            : null;
    }

    private static string? Unit(string rest, string convolution, string norm)
    {
        if (rest == "convolution.weight")
            return convolution + ".weight";
        return rest.StartsWith("normalization.", StringComparison.Ordinal) ? norm + rest["normalization".Length..] : null;
    }
}
