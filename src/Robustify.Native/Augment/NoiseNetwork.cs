using System.Numerics.Tensors;
using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment;

/// <summary>
/// Noise2Net (Hendrycks et al., "The many faces of robustness", ICCV 2021): the normalised image goes through a small residual network whose
/// weights are drawn anew for it, y becomes y + eps B(y) four times. A block is a 1x1 convolution to four groups of 16 channels, three chained
/// convolutions (Res2Net) of random kernel 1 or 3 and dilation 1 to 3, and a 1x1 convolution back; every channel is standardised over the
/// image after each convolution, as batch normalisation does with the groups of one image. One instance a worker.
/// </summary>
/// <remarks>
/// Every machine and device gives the same bits: convolutions are those of <see cref="NoiseConvolution"/>, planes are summed by
/// <see cref="LaneSums"/>.
/// </remarks>
public sealed class NoiseNetwork
{
    private const int Groups = NoiseDraw.Groups;
    private const int GroupChannels = NoiseDraw.GroupChannels;
    private const int Hidden = Groups * GroupChannels;
    private const int WordsOfWeight = 2;
    private const float Epsilon = 1e-5f;

    private readonly NoiseNetworkOptions options;
    private readonly NoiseConvolution convolution = new();
    private readonly float[] weights = new float[NoiseConvolution.Outputs * GroupChannels * 9];
    private float[] image = [];
    private float[] hidden = [];
    private float[] mixed = [];

    /// <exception cref="RobustifyException">An option outside its range.</exception>
    public NoiseNetwork(NoiseNetworkOptions options)
    {
        options.Validate();
        this.options = options;
    }

    /// <summary>Changes a normalised image in place, or leaves it: the first draw decides.</summary>
    /// <param name="imageHwc">Height x Width x Channels floats.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="random">The draws of this sample.</param>
    /// <returns>Whether it was changed.</returns>
    public bool Apply(Span<float> imageHwc, int width, int height, int channels, IRandomStream random)
    {
        if (random.NextUniform() >= options.Share)
            return false;
        int plane = width * height;
        float strength = Strength(options, random);
        Grow(ref image, channels * plane);
        Grow(ref hidden, Hidden * plane);
        Grow(ref mixed, Math.Max(GroupChannels, channels) * plane);
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < channels; channel++)
                image[channel * plane + i] = imageHwc[i * channels + channel];
        }

        for (int block = 0; block < NoiseDraw.BlockCount; block++)
            AddBlock(width, height, channels, strength, random);
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < channels; channel++)
                imageHwc[i * channels + channel] = image[channel * plane + i];
        }

        return true;
    }

    /// <summary>
    /// What <see cref="Apply"/> would draw but for the weights, whose words are passed over: a device draws them where they are needed.
    /// </summary>
    /// <param name="options">How to draw.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="random">The draws of this sample.</param>
    /// <param name="draw">The draw; its row is the caller's to set.</param>
    /// <returns>Whether the image is changed.</returns>
    internal static bool Draw(NoiseNetworkOptions options, int channels, PhiloxStream random, out NoiseDraw draw)
    {
        draw = default;
        if (random.NextUniform() >= options.Share)
            return false;
        var (purpose, epoch, sample) = random.Counter;
        draw = new() { Strength = Strength(options, random), Purpose = purpose, Epoch = epoch, Sample = sample };
        for (int block = 0; block < NoiseDraw.BlockCount; block++)
        {
            uint first = random.Position;
            random.Skip((uint)(WordsOfWeight * Hidden * channels));
            var (kernel, dilation) = DrawWindow(random);
            draw.Blocks[block] = new(kernel, dilation, first, random.Position);
            random.Skip((uint)(WordsOfWeight * ((Groups - 1) * GroupChannels * GroupChannels * kernel * kernel + Hidden * channels)));
        }

        return true;
    }

    private static float Strength(NoiseNetworkOptions options, IRandomStream random) =>
        (float)(options.Weakest + (options.Strongest - options.Weakest) * random.NextUniform());

    private static (int Kernel, int Dilation) DrawWindow(IRandomStream random) => (random.NextInteger(0, 2) == 0 ? 1 : 3, random.NextInteger(1, 4));

    private void AddBlock(int width, int height, int channels, float strength, IRandomStream random)
    {
        int plane = width * height, group = GroupChannels * plane;
        Span<float> wide = hidden.AsSpan(0, Hidden * plane);
        Convolve(image.AsSpan(0, channels * plane), channels, wide, Hidden, width, height, 1, 1, random);
        Standardize(wide, plane, rectify: true);
        var (kernel, dilation) = DrawWindow(random);
        Span<float> sum = mixed.AsSpan(0, group);
        for (int i = 0; i < Groups - 1; i++)
        {
            // Res2Net: each group but the last is convolved, the result of the one before it added; the last goes through.
            Span<float> own = wide.Slice(i * group, group);
            if (i > 0)
                TensorPrimitives.Add(own, wide.Slice((i - 1) * group, group), own);
            Convolve(own, GroupChannels, sum, GroupChannels, width, height, kernel, dilation, random);
            Standardize(sum, plane, rectify: true);
            sum.CopyTo(own);
        }

        Span<float> back = mixed.AsSpan(0, channels * plane), pixels = image.AsSpan(0, channels * plane);
        Convolve(wide, Hidden, back, channels, width, height, 1, 1, random);
        Standardize(back, plane, rectify: false);
        TensorPrimitives.FusedMultiplyAdd(back, strength, pixels, pixels);
    }

    // Weights from U(-1/sqrt(fan in), 1/sqrt(fan in)), PyTorch's default, output by output; a bias would be taken away again by the standardisation.
    private void Convolve(
        ReadOnlySpan<float> from, int inputs, Span<float> to, int outputs, int width, int height, int kernel, int dilation, IRandomStream random)
    {
        const int together = NoiseConvolution.Outputs;
        int plane = width * height, terms = inputs * kernel * kernel;
        float bound = 1 / MathF.Sqrt(terms);
        convolution.Begin(from, inputs, width, height, kernel, dilation);
        for (int first = 0; first < outputs; first += together)
        {
            int count = Math.Min(together, outputs - first);
            for (int output = 0; output < count; output++)
            {
                for (int term = 0; term < terms; term++)
                    weights[term * together + output] = (float)(2 * random.NextUniform() - 1) * bound;
            }

            convolution.Apply(weights.AsSpan(0, terms * together), to.Slice(first * plane, count * plane), count);
        }
    }

    private static void Standardize(Span<float> planes, int plane, bool rectify)
    {
        for (int start = 0; start < planes.Length; start += plane)
        {
            Span<float> values = planes.Slice(start, plane);
            float mean = LaneSums.Sum(values) / plane;
            TensorPrimitives.Subtract(values, mean, values);
            float scale = 1 / MathF.Sqrt(LaneSums.SumOfSquares(values) / plane + Epsilon);
            TensorPrimitives.Multiply(values, scale, values);
            if (rectify)
                TensorPrimitives.Max(values, 0f, values);
        }
    }

    private static void Grow(ref float[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new float[length];
    }
}
