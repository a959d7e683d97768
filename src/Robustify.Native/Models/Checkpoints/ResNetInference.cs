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
            if (first[1] != inputs || inner[1] != first[0] || last[1] != inner[block == ResNetBlockKind.Bottleneck ? 0 : 1])
            {
                throw VisionTransformerInference.Refuse(
                    reader,
                    $"the convolutions of 'layer{stage}.0' have shapes {OneLine.Shape<int>(first)}, {OneLine.Shape<int>(inner)}, "
                    + $"{OneLine.Shape<int>(last)}, each one's inputs the outputs before it expected ({inputs} at first; "
                    + "grouped convolutions are not supported)");
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
        int classes = VisionTransformerInference.Classes(reader, "fc", inputs);
        return new ResNetDescription(stem[1], classes, block, layers, widths, outputs, stem[0], stem[2]);
    }

    private static int[] Convolution(CheckpointReader reader, string name) => VisionTransformerInference.Require(reader, name, 4, "[O, I, K, K]");
}
