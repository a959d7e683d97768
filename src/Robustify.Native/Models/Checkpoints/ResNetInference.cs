using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Tells a residual network's architecture from the shapes of its tensors.</summary>
internal static class ResNetInference
{
    public static ResNetDescription Describe(CheckpointReader reader)
    {
        int[] stem = Convolution(reader, "conv1.weight");
        if (stem[2] is not (3 or 7) || stem[3] != stem[2])
            throw VisionTransformerInference.Refuse(reader, $"'conv1.weight' has a {stem[2]}x{stem[3]} kernel, 7x7 or 3x3 expected");
        var block = reader.Contains("layer1.0.conv3.weight") ? ResNetBlockKind.Bottleneck : ResNetBlockKind.Basic;
        List<int> layers = [], widths = [], outputs = [];
        int inputs = stem[0];
        for (int stage = 1; reader.Contains($"layer{stage}.0.conv1.weight"); stage++)
        {
            int[] inner = Convolution(reader, $"layer{stage}.0.conv2.weight");
            int[] first = Convolution(reader, $"layer{stage}.0.conv1.weight");
            int[] last = block == ResNetBlockKind.Bottleneck ? Convolution(reader, $"layer{stage}.0.conv3.weight") : inner;
            if (inner[1] < first[0] && first[0] % inner[1] == 0)
            {
                throw VisionTransformerInference.Refuse(
                    reader, $"'layer{stage}.0.conv2.weight' has shape {OneLine.Shape<int>(inner)}: convolutions in {first[0] / inner[1]} groups (ResNeXt) found, ungrouped ones expected");
            }

            if (first[1] != inputs || inner[1] != first[0] || last[1] != inner[block == ResNetBlockKind.Bottleneck ? 0 : 1])
            {
                throw VisionTransformerInference.Refuse(
                    reader,
                    $"the convolutions of 'layer{stage}.0' have shapes {OneLine.Shape<int>(first)}, {OneLine.Shape<int>(inner)}, "
                    + $"{OneLine.Shape<int>(last)}, each one's inputs the outputs before it expected ({inputs} at first)");
            }

            int blocks = 1;
            while (reader.Contains($"layer{stage}.{blocks}.conv1.weight"))
                blocks++;
            layers.Add(blocks);
            widths.Add(inner[0]);
            outputs.Add(inputs = last[0]);
        }

        if (layers.Count == 0)
            throw VisionTransformerInference.Refuse(reader, "'layer1.0.conv1.weight' is missing, [O, I, K, K] expected");
        if (block == ResNetBlockKind.Bottleneck && Enumerable.Range(0, layers.Count).Any(s => outputs[s] != widths[s] * (outputs[0] / widths[0])))
        {
            throw VisionTransformerInference.Refuse(
                reader, $"bottlenecks of width {string.Join("-", widths)} with {string.Join("-", outputs)} channels behind found, the same multiple of the width expected in all stages");
        }

        int classes = VisionTransformerInference.Classes(reader, "fc", inputs);
        return new ResNetDescription(stem[1], classes, block, layers, widths, outputs, stem[0], stem[2], StridesOnFirst(reader));
    }

    // What Hugging Face's configuration says of the strides; everywhere else the 3x3 convolution strides.
    private static bool StridesOnFirst(CheckpointReader reader)
    {
        if (reader.Metadata.TryGetValue(CheckpointNames.StrideKey, out string? recorded))
        {
            return recorded == CheckpointNames.StrideOnFirst ? true : throw new RobustifyException(
                $"{reader.Path}: metadata '{CheckpointNames.StrideKey}' is '{OneLine.Of(recorded)}', {CheckpointNames.StrideOnFirst} expected; use an intact checkpoint");
        }

        if (reader.Family == CheckpointFamily.ResNet && JsonConfig.BesideModel(reader.OpenedPath)?.Text("architecture") is { } name
            && (name.Contains("blur", StringComparison.Ordinal) || name.Contains("resnetaa", StringComparison.Ordinal)))
            throw VisionTransformerInference.Refuse(reader, $"timm's '{OneLine.Of(name)}' found, which smooths before it strides; a network that strides without expected");
        if (reader.Family != CheckpointFamily.HuggingFaceResNet || JsonConfig.BesideModel(reader.OpenedPath) is not { } config)
            return false;
        if (config.Flag("downsample_in_first_stage") == true)
            throw config.Refuse("\"downsample_in_first_stage\" is true, a first stage that keeps the sides expected");
        if (config.Text("hidden_act") is { } activation and not "relu")
            throw config.Refuse($"\"hidden_act\" is '{OneLine.Of(activation)}', only relu is supported");
        return config.Flag("downsample_in_bottleneck") == true;
    }

    private static int[] Convolution(CheckpointReader reader, string name) => VisionTransformerInference.Require(reader, name, 4, "[O, I, K, K]");
}
