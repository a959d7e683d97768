namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// The names of torchvision/models/resnet.py, which timm's and the engine's ResNets share. The count of batches that a BatchNorm has
/// seen is known and ignored: it matters only without momentum.
/// </summary>
internal sealed class ResNetNaming() : NamingFamily(CheckpointFamily.ResNet)
{
    public override EngineTarget? Translate(string published)
    {
        string rest = published;
        bool isInBlock = rest.StartsWith("layer", StringComparison.Ordinal);
        if (isInBlock && !(TrySplitNumber(rest[5..], out _, out rest) && TrySplitNumber(rest, out _, out rest)))
            return null;
        bool isKnown = isInBlock ? IsInBlock(rest) : rest is "conv1.weight" or "fc.weight" or "fc.bias" || IsBatchNorm(rest, "bn1.");
        if (!isKnown)
            return null;
        return new EngineTarget(published, IsIgnored: rest.EndsWith(".num_batches_tracked", StringComparison.Ordinal));
    }

    public override string[]? Publish(string engineName) => Translate(engineName) is null ? null : [engineName];

    private static bool IsInBlock(string rest) =>
        rest is "conv1.weight" or "conv2.weight" or "conv3.weight" or "downsample.0.weight"
        || IsBatchNorm(rest, "bn1.") || IsBatchNorm(rest, "bn2.") || IsBatchNorm(rest, "bn3.") || IsBatchNorm(rest, "downsample.1.");

    private static bool IsBatchNorm(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && name[prefix.Length..] is "weight" or "bias" or "running_mean" or "running_var" or "num_batches_tracked";
}
