using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// Tensors by which relatives of the supported architectures are known that have other layers: refused by what they have, as their names
/// alone would say little. Sources: timm/models/vision_transformer.py, resnet.py and convnext.py, transformers/models/dinov2 and convnextv2.
/// </summary>
internal static class ForeignParts
{
    private static readonly (string Part, string Meaning)[] InTransformers =
    [
        ("reg_token", "register tokens"), ("pre_logits.", "a layer between features and head (pre_logits)"), ("attn_pool.", "attention pooling"),
        ("norm_pre.", "a norm before the blocks"), (".q_norm.", "normalised queries"), (".attn.norm.", "a norm in the attention"),
        (".mlp.norm.", "a norm in the perceptron"), (".mlp.w12.", "gated perceptrons"), (".mlp.fc1_g.", "gated perceptrons"),
        (".attns.", "parallel branches in a block"), ("patch_embed.backbone.", "a convolutional network before the tokens (a hybrid)"),
        (".layer_scale1.", "DINOv2's layer scales"), ("relative_position_bias", "relative positions"),
    ];

    private static readonly (string Part, string Meaning)[] InResNets =
    [
        ("conv1.0.", "a stem of several convolutions (ResNet-C, -D or -T)"), (".se.", "attention over channels (SE, ECA and the like)"),
        (".downsample.2.", "average pooling in the shortcuts (ResNet-D)"), (".conv2.conv.", "attention or selection in its 3x3 convolutions (SK, ResNeSt)"),
        (".conv2.fc1.", "split attention (ResNeSt)"),
    ];

    private static readonly (string Part, string Meaning)[] InConvNexts =
    [
        (".grn.", "response normalisation (ConvNeXt V2)"), ("head.pre_logits.", "a layer between features and head (pre_logits)"),
        ("head.mlp.", "a perceptron as head"), (".shortcut.", "projections in the shortcuts"),
    ];

    /// <summary>Refuses a file that has one of them.</summary>
    /// <exception cref="RobustifyException">Names the layer and a tensor of it.</exception>
    public static void Refuse(CheckpointReader reader)
    {
        var (parts, model) = reader.Family switch
        {
            CheckpointFamily.ResNet or CheckpointFamily.HuggingFaceResNet => (InResNets, "ResNet"),
            CheckpointFamily.TimmConvNext or CheckpointFamily.TorchvisionConvNext or CheckpointFamily.HuggingFaceConvNext or CheckpointFamily.OriginalConvNext
                => (InConvNexts, "ConvNeXt"),
            _ => (InTransformers, "vision transformer"),
        };
        foreach (string name in reader.File.Names)
        {
            foreach (var (part, meaning) in parts)
            {
                if (name.Contains(part, StringComparison.Ordinal))
                    throw new RobustifyException($"{reader.Path}: has {meaning} ('{OneLine.Of(name)}'), a plain {model} expected; use a checkpoint of one");
            }
        }
    }
}
