namespace Robustify.Kernels.Backends;

/// <summary>Activations that a linear layer applies in its epilogue.</summary>
public enum Activation
{
    /// <summary>The identity.</summary>
    None,

    /// <summary>x Phi(x) with the error function, as ViT uses it (Hendrycks and Gimpel, arXiv 1606.08415).</summary>
    Gelu,

    /// <summary>x sigmoid(1.702 x), as OpenAI's CLIP uses it.</summary>
    QuickGelu,
}
