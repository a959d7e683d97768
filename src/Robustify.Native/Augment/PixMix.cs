using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment;

/// <summary>
/// PixMix (Hendrycks et al., "PixMix: Dreamlike pictures comprehensively improve safety measures", CVPR 2022): the image, or one operation of
/// AugMix on it, is added to or multiplied with structured pictures a few times. Safe to share between threads; the scratch is not.
/// </summary>
public sealed class PixMix
{
    private const float SmallestFactor = 1e-37f;

    private readonly PixMixOptions options;
    private readonly MixingPictures pictures;

    /// <param name="options">How to mix.</param>
    /// <param name="pictures">What to mix with.</param>
    /// <exception cref="RobustifyException">An option outside its range.</exception>
    public PixMix(PixMixOptions options, MixingPictures pictures)
    {
        options.Validate();
        (this.options, this.pictures) = (options, pictures);
    }

    /// <summary>Draws a mixture and writes it.</summary>
    /// <param name="source">The image after crop and flip; grey or RGB.</param>
    /// <param name="destinationHwc">Height x Width x Channels floats, normalised.</param>
    /// <param name="normalization">Mean and standard deviation per channel; its channels are the image's.</param>
    /// <param name="random">The draws of this sample and view.</param>
    /// <param name="scratch">The worker's buffers.</param>
    /// <exception cref="RobustifyException">The channels or the destination's length do not fit the image.</exception>
    public void Mix(Image8 source, Span<float> destinationHwc, Normalization normalization, IRandomStream random, AugMixScratch scratch)
    {
        normalization.RequireFit(source, destinationHwc.Length);
        ReadOnlySpan<byte> first = random.NextUniform() < 0.5 ? Augmented(source, random, scratch).Pixels : source.Pixels;
        for (int i = 0; i < first.Length; i++)
            destinationHwc[i] = first[i] / 255f;
        int rounds = random.NextInteger(0, options.Rounds + 1);
        for (int round = 0; round < rounds; round++)
        {
            Image8 other = random.NextUniform() < 0.5 ? Augmented(source, random, scratch) : Picture(source, random, scratch);
            bool adds = random.NextUniform() < 0.5;
            var (a, b) = DrawWeights(random);
            if (adds)
                Add(destinationHwc, other.Pixels, a, b);
            else
                Multiply(destinationHwc, other.Pixels, a, b);
        }

        System.Numerics.Tensors.TensorPrimitives.Multiply(destinationHwc, 255f, destinationHwc);
        normalization.NormalizeLevels(destinationHwc, 1);
    }

    /// <summary>((a (2y - 1) + b (2z - 1)) + 1) / 2, clipped to [0, 1].</summary>
    /// <param name="image">y in [0, 1]; takes the result.</param>
    /// <param name="other">z in 0..255.</param>
    /// <param name="a">Weight of the image.</param>
    /// <param name="b">Weight of the other.</param>
    public static void Add(Span<float> image, ReadOnlySpan<byte> other, float a, float b)
    {
        for (int i = 0; i < image.Length; i++)
            image[i] = Math.Clamp((a * (2 * image[i] - 1) + b * (2 * (other[i] / 255f) - 1) + 1) / 2, 0f, 1f);
    }

    /// <summary>(2y)^a (2z)^b / 2, clipped to [0, 1]; z is kept off 0, whose negative powers are infinite.</summary>
    /// <param name="image">y in [0, 1]; takes the result.</param>
    /// <param name="other">z in 0..255.</param>
    /// <param name="a">Power of the image.</param>
    /// <param name="b">Power of the other.</param>
    public static void Multiply(Span<float> image, ReadOnlySpan<byte> other, float a, float b)
    {
        Span<float> powers = stackalloc float[256];
        for (int level = 0; level < powers.Length; level++)
            powers[level] = MathF.Pow(Math.Max(2 * (level / 255f), SmallestFactor), b);
        for (int i = 0; i < image.Length; i++)
        {
            float product = MathF.Pow(2 * image[i], a) * powers[other[i]] / 2;
            image[i] = float.IsNaN(product) ? 0 : Math.Clamp(product, 0f, 1f); // 0 times infinity: black stays black
        }
    }

    // a ~ Beta(beta, 1), b ~ Beta(1, beta); or, with equal chance, a ~ 1 + Beta(1, beta), b ~ -Beta(1, beta), which exaggerates the image.
    private (float A, float B) DrawWeights(IRandomStream random)
    {
        bool convex = random.NextUniform() < 0.5;
        double first = Math.Pow(random.NextUniform(), 1 / options.Beta), second = 1 - Math.Pow(random.NextUniform(), 1 / options.Beta);
        return convex ? ((float)first, (float)second) : ((float)(2 - first), (float)-second);
    }

    private Image8 Augmented(Image8 source, IRandomStream random, AugMixScratch scratch)
    {
        var operations = options.AllOperations ? AugMixOperation.All : AugMixOperation.Nine;
        var operation = operations[random.NextInteger(0, operations.Count)];
        scratch.Current.CopyFrom(source);
        operation.Apply(operation.Draw(options.Severity, source.Width, source.Height, random), scratch);
        return scratch.Current;
    }

    private Image8 Picture(Image8 source, IRandomStream random, AugMixScratch scratch)
    {
        pictures.Crop(source.Width, source.Height, source.Channels, random, scratch.Current);
        return scratch.Current;
    }
}
