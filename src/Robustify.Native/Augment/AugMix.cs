using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment;

/// <summary>
/// AugMix (Hendrycks et al., ICLR 2020): mixed = (1 - m) norm(x) + m sum_i w_i norm(chain_i(x)), where each chain applies a few 8-bit
/// operations. The mixture itself is neither clipped nor rounded. Safe to share between threads; the scratch is not.
/// </summary>
public sealed class AugMix
{
    /// <exception cref="RobustifyException">An option outside its range.</exception>
    public AugMix(AugMixOptions options)
    {
        options.Validate();
        Options = options;
    }

    /// <summary>How chains are drawn.</summary>
    public AugMixOptions Options { get; }

    /// <summary>Draws a mixture and writes it.</summary>
    /// <param name="source">The image after crop and flip; grey or RGB.</param>
    /// <param name="destinationHwc">Height x Width x Channels floats, normalised.</param>
    /// <param name="normalization">Mean and standard deviation per channel; its channels are the image's.</param>
    /// <param name="random">The draws of this sample and view.</param>
    /// <param name="scratch">The worker's buffers, made from the same options.</param>
    /// <exception cref="RobustifyException">The channels or the destination's length do not fit the image.</exception>
    public void Mix(Image8 source, Span<float> destinationHwc, Normalization normalization, IRandomStream random, AugMixScratch scratch)
    {
        scratch.Recipe.Draw(Options, source.Width, source.Height, random);
        Mix(source, destinationHwc, normalization, scratch.Recipe, scratch);
    }

    /// <summary>Writes the mixture that a recipe describes.</summary>
    /// <exception cref="RobustifyException">The channels or the destination's length do not fit the image.</exception>
    public static void Mix(Image8 source, Span<float> destinationHwc, Normalization normalization, AugMixRecipe recipe, AugMixScratch scratch)
    {
        normalization.RequireFit(source, destinationHwc.Length);
        Span<float> shares = stackalloc float[recipe.Width + 2];
        recipe.WriteWeights(shares);
        PixelArithmetic.Scale(source.Pixels, shares[0], destinationHwc);
        for (int chain = 0; chain < recipe.Width; chain++)
        {
            scratch.Current.CopyFrom(source);
            foreach (var (operation, value) in recipe.Chain(chain))
                operation.Apply(value, scratch);
            PixelArithmetic.AddScaled(scratch.Current.Pixels, shares[chain + 1], destinationHwc);
        }

        // Normalising is affine, so one pass over the weighted sum of levels does what a pass over each image would.
        normalization.NormalizeLevels(destinationHwc, shares[^1]);
    }
}
