namespace Robustify.Native.Models.Clip;

/// <summary>
/// The image tower of a CLIP model (Radford et al., arXiv 2103.00020). Its features are the embeddings of images, of length one, so that a
/// linear head of text embeddings times exp(logit_scale), without a bias, gives the zero-shot logits. A published file has no such head;
/// <see cref="IVisionModel.Classes"/> is then 0, and its answers are the features themselves.
/// </summary>
public interface IClipImageModel : IVisionModel
{
    /// <summary>The sizes.</summary>
    ClipImageOptions Options { get; }
}
