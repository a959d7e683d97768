using System.Numerics.Tensors;
using Robustify.Kernels;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment;

/// <summary>
/// Noise2Net (Hendrycks et al., "The many faces of robustness", ICCV 2021): the normalised image goes through a small residual network whose
/// weights are drawn anew for it, y becomes y + eps B(y) four times. A block is a 1x1 convolution to four groups of 16 channels, three chained
/// convolutions (Res2Net) of random kernel 1 or 3 and dilation 1 to 3, and a 1x1 convolution back; every channel is standardised over the
/// image after each convolution, as batch normalisation does with the groups of one image. One instance a worker.
/// </summary>
public sealed class NoiseNetwork
{
    private const int Blocks = 4;
    private const int Groups = 4;
    private const int GroupChannels = 16;
    private const int Hidden = Groups * GroupChannels;
    private const float Epsilon = 1e-5f;

    private readonly NoiseNetworkOptions options;
    private readonly float[] weights = new float[GroupChannels * GroupChannels * 9];
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
        float strength = (float)(options.Weakest + (options.Strongest - options.Weakest) * random.NextUniform());
        Grow(ref image, channels * plane);
        Grow(ref hidden, Hidden * plane);
        Grow(ref mixed, Math.Max(GroupChannels, channels) * plane);
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < channels; channel++)
                image[channel * plane + i] = imageHwc[i * channels + channel];
        }

        for (int block = 0; block < Blocks; block++)
            AddBlock(width, height, channels, strength, random);
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < channels; channel++)
                imageHwc[i * channels + channel] = image[channel * plane + i];
        }

        return true;
    }

    private void AddBlock(int width, int height, int channels, float strength, IRandomStream random)
    {
        int plane = width * height, group = GroupChannels * plane;
        Span<float> wide = hidden.AsSpan(0, Hidden * plane);
        Convolve(image.AsSpan(0, channels * plane), channels, wide, Hidden, width, height, 1, 1, random);
        Standardize(wide, plane, rectify: true);
        int kernel = random.NextInteger(0, 2) == 0 ? 1 : 3, dilation = random.NextInteger(1, 4);
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
        TensorPrimitives.MultiplyAdd(back, strength, pixels, pixels);
    }

    // Weights from U(-1/sqrt(fan in), 1/sqrt(fan in)), PyTorch's default; a bias would be taken away again by the standardisation.
    private void Convolve(
        ReadOnlySpan<float> from, int inputs, Span<float> to, int outputs, int width, int height, int kernel, int dilation, IRandomStream random)
    {
        int plane = width * height, taps = kernel * kernel;
        Span<float> own = weights.AsSpan(0, Math.Max(inputs * taps, 1));
        float bound = 1 / MathF.Sqrt(inputs * taps);
        for (int output = 0; output < outputs; output++)
        {
            foreach (ref float weight in own)
                weight = (float)(2 * random.NextUniform() - 1) * bound;
            Span<float> target = to.Slice(output * plane, plane);
            target.Clear();
            for (int input = 0; input < inputs; input++)
            {
                ReadOnlySpan<float> source = from.Slice(input * plane, plane);
                for (int tap = 0; tap < taps; tap++)
                {
                    int dx = (tap % kernel - kernel / 2) * dilation, dy = (tap / kernel - kernel / 2) * dilation;
                    AddShifted(source, own[input * taps + tap], target, width, height, dx, dy);
                }
            }
        }
    }

    // target(x, y) += weight source(x + dx, y + dy), zero outside.
    private static void AddShifted(ReadOnlySpan<float> source, float weight, Span<float> target, int width, int height, int dx, int dy)
    {
        if (dx == 0 && dy == 0)
        {
            TensorPrimitives.MultiplyAdd(source, weight, target, target);
            return;
        }

        int left = Math.Max(-dx, 0), length = width - Math.Abs(dx);
        for (int y = Math.Max(-dy, 0); y < height - Math.Max(dy, 0) && length > 0; y++)
        {
            Span<float> row = target.Slice(y * width + left, length);
            TensorPrimitives.MultiplyAdd(source.Slice((y + dy) * width + left + dx, length), weight, row, row);
        }
    }

    private static void Standardize(Span<float> planes, int plane, bool rectify)
    {
        for (int start = 0; start < planes.Length; start += plane)
        {
            Span<float> values = planes.Slice(start, plane);
            float mean = TensorPrimitives.Sum<float>(values) / plane;
            TensorPrimitives.Subtract(values, mean, values);
            float scale = 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(values) / plane + Epsilon);
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
