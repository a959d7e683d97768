namespace Robustify.Native.Models.Checkpoints;

/// <summary>Whose tensor names a checkpoint bears.</summary>
public enum CheckpointFamily
{
    /// <summary>None of the below: every name passes through unchanged.</summary>
    Unknown,

    /// <summary>timm's VisionTransformer, whose names are also the engine's.</summary>
    TimmVisionTransformer,

    /// <summary>torchvision's VisionTransformer, with <c>mlp.0</c>/<c>mlp.3</c> or <c>mlp.linear_1</c>/<c>mlp.linear_2</c>.</summary>
    TorchvisionVisionTransformer,

    /// <summary>Hugging Face's ViTForImageClassification (or ViTModel) with separate query, key and value.</summary>
    HuggingFaceVisionTransformer,

    /// <summary>torchvision's ResNet, whose names are also timm's and the engine's.</summary>
    ResNet,

    /// <summary>torchvision's VisionTransformer as its published files have it: <c>mlp.linear_1</c>/<c>mlp.linear_2</c>. Only to write.</summary>
    TorchvisionLinearVisionTransformer,

    /// <summary>timm's (and DeiT's own) distilled DeiT: a second token <c>dist_token</c> and a second head <c>head_dist</c>.</summary>
    TimmDistilledVisionTransformer,

    /// <summary>Hugging Face's DeiTForImageClassificationWithTeacher: two tokens and two heads.</summary>
    HuggingFaceDistilledVisionTransformer,

    /// <summary>Hugging Face's ResNetForImageClassification.</summary>
    HuggingFaceResNet,

    /// <summary>timm's ConvNeXt, whose names are also the engine's.</summary>
    TimmConvNext,

    /// <summary>torchvision's ConvNeXt.</summary>
    TorchvisionConvNext,

    /// <summary>Hugging Face's ConvNextForImageClassification (or ConvNextModel).</summary>
    HuggingFaceConvNext,

    /// <summary>ConvNeXt as its authors published it, with <c>downsample_layers</c> and <c>pwconv1</c>.</summary>
    OriginalConvNext,

    /// <summary>OpenAI's CLIP and open_clip with a vision transformer: the image tower under <c>visual.</c>, the text tower at the top level.</summary>
    OpenClip,

    /// <summary>The same with a ModifiedResNet as image tower (RN50 and its like).</summary>
    OpenClipResNet,

    /// <summary>Hugging Face's CLIPModel, with separate query, key and value.</summary>
    HuggingFaceClip,

    /// <summary>Hugging Face's DeiTForImageClassification: two tokens, and one head on the class token.</summary>
    HuggingFaceDeit,
}
