using Robustify.Native.Files;
using Robustify.Native.Models.ConvNext;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Tells a ConvNeXt's architecture from the shapes of its tensors.</summary>
internal static class ConvNextInference
{
    public static ConvNextDescription Describe(CheckpointReader reader)
    {
        int[] stem = VisionTransformerInference.Require(reader, "stem.0.weight", 4, "[O, I, 4, 4]");
        if (stem[2] != ConvNextOptions.StemPatch || stem[3] != ConvNextOptions.StemPatch)
            throw VisionTransformerInference.Refuse(reader, $"'stem.0.weight' has a {stem[2]}x{stem[3]} kernel, 4x4 expected");
        List<int> layers = [], widths = [];
        int kernel = 0;
        for (int stage = 0; reader.Contains($"stages.{stage}.blocks.0.conv_dw.weight"); stage++)
        {
            int[] filters = VisionTransformerInference.Require(reader, $"stages.{stage}.blocks.0.conv_dw.weight", 4, "[C, 1, K, K]");
            kernel = stage == 0 ? filters[2] : kernel;
            if (filters[1] != 1 || filters[2] != kernel || filters[3] != kernel || kernel % 2 == 0)
            {
                throw VisionTransformerInference.Refuse(
                    reader, $"'stages.{stage}.blocks.0.conv_dw.weight' has shape {OneLine.Shape<int>(filters)}, [C, 1, K, K] with one odd K in all stages expected");
            }

            int blocks = 1;
            while (reader.Contains($"stages.{stage}.blocks.{blocks}.conv_dw.weight"))
                blocks++;
            layers.Add(blocks);
            widths.Add(filters[0]);
        }

        if (layers.Count == 0)
            throw VisionTransformerInference.Refuse(reader, "'stages.0.blocks.0.conv_dw.weight' is missing, [C, 1, K, K] expected");
        var config = ModelConfig.Beside(reader.OpenedPath);
        config?.RequireActivation();
        double epsilon = ModelConfig.FromMetadata(reader, CheckpointNames.LayerNormEpsilonKey) ?? config?.LayerNormEpsilon
            ?? (reader.Family == CheckpointFamily.HuggingFaceConvNext ? 1e-12 : ConvNextOptions.BlockNormEpsilon);
        return new ConvNextDescription(stem[1], VisionTransformerInference.Classes(reader, "head.fc", widths[^1]), layers, widths, kernel, epsilon);
    }
}
