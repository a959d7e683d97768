using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment;

/// <summary>
/// PixMix (Hendrycks et al., CVPR 2022, arXiv 2112.05135): a few rounds, each of which adds or multiplies either a picture of rich
/// structure or an augmented copy of the image itself to what the rounds before made of it. Safe to share between threads; the scratch is not.
/// </summary>
public sealed class PixMix
{
    // The reference crops the image's size out of a picture that is an eighth larger (36 for 32, 256 for 224).
    private const int MarginDivisor = 8;

    private readonly PixMixOptions options;
    private readonly int imageSize;
    private readonly MixingPictures pictures;

    /// <param name="options">How to mix.</param>
    /// <param name="imageSize">Side of the images in pixels.</param>
    /// <param name="channels">1 or 3.</param>
    /// <exception cref="RobustifyException">An option outside its range.</exception>
    public PixMix(PixMixOptions options, int imageSize, int channels)
    {
        options.Validate();
        (this.options, this.imageSize) = (options, imageSize);
        int side = PictureSide(imageSize);
        pictures = options.Pictures is { } folder ? new FolderPictures(folder, side, channels) : new FractalPictures(side, channels);
    }

    /// <summary>Side of the pictures that are mixed into images of a size, their shorter one where they are not square.</summary>
    internal static int PictureSide(int imageSize) => imageSize + imageSize / MarginDivisor;

    /// <summary>Rounds a mixture has at most, its beginning among them.</summary>
    internal int MostRounds => options.Rounds + 1;

    /// <summary>The pictures that are mixed in.</summary>
    internal MixingPictures Pictures => pictures;

    /// <summary>Draws a mixture and writes it.</summary>
    /// <param name="source">The image after crop and flip.</param>
    /// <param name="destinationHwc">Height x Width x Channels floats, normalised.</param>
    /// <param name="normalization">Mean and standard deviation per channel; its channels are the image's.</param>
    /// <param name="random">The draws of this sample and view.</param>
    /// <param name="scratch">The worker's buffers.</param>
    /// <exception cref="RobustifyException">The image or the destination does not fit.</exception>
    public void Mix(Image8 source, Span<float> destinationHwc, Normalization normalization, IRandomStream random, AugMixScratch scratch)
    {
        if (source.Width != imageSize || source.Height != imageSize)
            throw new RobustifyException($"pixmix: {source.Width}x{source.Height} image found, {imageSize}x{imageSize} expected");
        normalization.RequireFit(source, destinationHwc.Length);
        Draw(scratch.PixMixRecipe, random);
        foreach (var round in scratch.PixMixRecipe.Rounds)
        {
            Lay(round, source, scratch);
            var (mode, a, b) = round.Blend;
            if (mode == PixBlendMode.Begin)
                PixelArithmetic.Scale(scratch.Current.Pixels, 1 / 255f, destinationHwc);
            else if (mode == PixBlendMode.Add)
                Add(destinationHwc, scratch.Current.Pixels, a, b);
            else
                Multiply(destinationHwc, scratch.Current.Pixels, a, b);
        }

        foreach (ref float x in destinationHwc)
            x *= 255;
        normalization.NormalizeLevels(destinationHwc, 1);
    }

    /// <summary>((a (2y - 1) + b (2z - 1)) + 1) / 2, within 0..1.</summary>
    internal static void Add(Span<float> image, ReadOnlySpan<byte> other, float a, float b)
    {
        for (int i = 0; i < image.Length; i++)
            image[i] = Math.Clamp((a * (2 * image[i] - 1) + b * (2 * other[i] / 255f - 1) + 1) / 2, 0, 1);
    }

    /// <summary>(2y)^a max(2z, 1e-37)^b / 2, within 0..1.</summary>
    internal static void Multiply(Span<float> image, ReadOnlySpan<byte> other, float a, float b)
    {
        Span<float> powers = stackalloc float[256];
        for (int level = 0; level < powers.Length; level++)
            powers[level] = MathF.Pow(Math.Max(2 * level / 255f, 1e-37f), b) / 2;
        for (int i = 0; i < image.Length; i++)
        {
            // 0 times an infinite power is no number; a black pixel stays black.
            float product = image[i] > 0 ? MathF.Pow(2 * image[i], a) * powers[other[i]] : 0;
            image[i] = Math.Clamp(product, 0, 1);
        }
    }

    /// <summary>Mostly the image and a little of the other, or more of the image less a little of the other.</summary>
    private (float A, float B) Coefficients(IRandomStream random)
    {
        // U^(1/beta) ~ Beta(beta, 1), and its complement ~ Beta(1, beta).
        double first = Math.Pow(random.NextUniform(), 1 / options.Beta), second = Math.Pow(random.NextUniform(), 1 / options.Beta);
        return Even(random) ? ((float)first, (float)(1 - second)) : ((float)(2 - first), (float)(second - 1));
    }

    /// <summary>Draws a mixture: what the row begins with, and up to K rounds.</summary>
    internal void Draw(PixMixRecipe recipe, IRandomStream random)
    {
        recipe.Rounds.Clear();
        var begin = new PixBlend(PixBlendMode.Begin, 0, 0);
        recipe.Rounds.Add(Even(random) ? DrawOperation(random) with { Blend = begin } : new PixMixRound { Blend = begin });
        for (int rounds = random.NextInteger(0, options.Rounds + 1); rounds > 0; rounds--)
        {
            var layer = Even(random) ? DrawOperation(random) : DrawCrop(random);
            var mode = Even(random) ? PixBlendMode.Add : PixBlendMode.Multiply;
            var (a, b) = Coefficients(random);
            recipe.Rounds.Add(layer with { Blend = new(mode, a, b) });
        }
    }

    private PixMixRound DrawOperation(IRandomStream random)
    {
        var operations = options.AllOperations ? AugMixOperation.All : AugMixOperation.Nine;
        var operation = operations[random.NextInteger(0, operations.Count)];
        return new PixMixRound { Operation = operation, Value = operation.Draw(options.Severity, imageSize, imageSize, random) };
    }

    private PixMixRound DrawCrop(IRandomStream random)
    {
        int number = random.NextInteger(0, pictures.Count);
        Image8 picture = pictures[number];
        return new PixMixRound
        {
            Picture = picture, Number = number, Top = random.NextInteger(0, picture.Height - imageSize + 1),
            Left = random.NextInteger(0, picture.Width - imageSize + 1),
        };
    }

    private void Lay(in PixMixRound round, Image8 source, AugMixScratch scratch)
    {
        if (round.Picture is { } picture)
        {
            Crop(picture, round.Top, round.Left, scratch.Current);
            return;
        }

        scratch.Current.CopyFrom(source);
        round.Operation?.Apply(round.Value, scratch);
    }

    private void Crop(Image8 picture, int top, int left, Image8 target)
    {
        int row = imageSize * picture.Channels;
        target.Reshape(imageSize, imageSize, picture.Channels);
        for (int y = 0; y < imageSize; y++)
            picture.Pixels.Slice(((top + y) * picture.Width + left) * picture.Channels, row).CopyTo(target.Pixels[(y * row)..]);
    }

    private static bool Even(IRandomStream random) => random.NextUniform() < 0.5;
}
