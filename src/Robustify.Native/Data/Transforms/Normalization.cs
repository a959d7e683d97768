using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>(v / 255 - mean) / std per channel, computed as v * scale + shift in float.</summary>
public sealed class Normalization
{
    // The shortest length that is whole vectors and whole pixels, for one channel and for three.
    private const int Period = 24;

    private readonly float[] scales = new float[Period];
    private readonly float[] shifts = new float[Period];

    /// <param name="mean">One value (grey) or three (RGB), in units of full brightness.</param>
    /// <param name="std">As many, each above 0.</param>
    /// <exception cref="RobustifyException">Counts that differ or are neither 1 nor 3, or a value that is not finite or not above 0.</exception>
    public Normalization(ReadOnlySpan<double> mean, ReadOnlySpan<double> std)
    {
        if (mean.Length is not (1 or 3) || std.Length != mean.Length)
            throw new RobustifyException($"normalization: {mean.Length} means and {std.Length} deviations found; give one of each for grey or three for RGB");
        for (int i = 0; i < mean.Length; i++)
        {
            if (!double.IsFinite(mean[i]) || !double.IsFinite(std[i]) || std[i] <= 0)
                throw new RobustifyException($"normalization: mean {mean[i]}, deviation {std[i]} of channel {i}; both must be finite and the deviation above 0");
        }

        Mean = mean.ToArray();
        Std = std.ToArray();
        for (int i = 0; i < Period; i++)
        {
            int channel = i % mean.Length;
            scales[i] = (float)(1 / (255 * std[channel]));
            shifts[i] = (float)(-mean[channel] / std[channel]);
        }
    }

    /// <summary>The statistics of ImageNet's training images, RGB, as torchvision has them.</summary>
    public static Normalization ImageNet { get; } = new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

    /// <summary>What OpenAI's CLIP and nearly all of open_clip's models are trained with, RGB.</summary>
    public static Normalization Clip { get; } = new([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]);

    /// <summary>The statistics of Fashion-MNIST's 60 000 training images, grey.</summary>
    public static Normalization FashionMnist { get; } = new([0.2860], [0.3530]);

    /// <summary>Mean one half, deviation one half: levels become -1..1.</summary>
    /// <param name="channels">1 or 3.</param>
    public static Normalization Half(int channels) => channels == 1 ? new([0.5], [0.5]) : new([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]);

    /// <summary>Mean of each channel.</summary>
    public IReadOnlyList<double> Mean { get; }

    /// <summary>Standard deviation of each channel.</summary>
    public IReadOnlyList<double> Std { get; }

    /// <summary>1 or 3.</summary>
    public int Channels => Mean.Count;

    /// <summary>What a level of each channel is multiplied by.</summary>
    internal ReadOnlySpan<float> Scales => scales.AsSpan(0, Channels);

    /// <summary>What is then added.</summary>
    internal ReadOnlySpan<float> Shifts => shifts.AsSpan(0, Channels);

    /// <summary>Writes the normalised image.</summary>
    /// <param name="image">Grey or RGB, as many channels as this has.</param>
    /// <param name="destinationHwc">Height x Width x Channels floats.</param>
    /// <exception cref="RobustifyException">The channels or the destination's length do not fit.</exception>
    public void Apply(Image8 image, Span<float> destinationHwc)
    {
        RequireFit(image, destinationHwc.Length);
        PixelArithmetic.Scale(image.Pixels, 1, destinationHwc);
        NormalizeLevels(destinationHwc, 1);
    }

    /// <summary>Turns weighted sums of levels (0..255) into the same weighted sums of normalised values, in place.</summary>
    /// <param name="levels">Pixels of <see cref="Channels"/> floats.</param>
    /// <param name="totalWeight">Sum of the weights.</param>
    internal void NormalizeLevels(Span<float> levels, float totalWeight)
    {
        ref float target = ref MemoryMarshal.GetReference(levels);
        int i = 0;
        for (; i + Period <= levels.Length; i += Period)
        {
            for (int lane = 0; lane < Period; lane += 8)
            {
                var scale = Vector256.LoadUnsafe(ref scales[0], (nuint)lane);
                var shift = Vector256.LoadUnsafe(ref shifts[0], (nuint)lane) * totalWeight;
                (Vector256.LoadUnsafe(ref target, (nuint)(i + lane)) * scale + shift).StoreUnsafe(ref target, (nuint)(i + lane));
            }
        }

        for (int lane = 0; i < levels.Length; i++, lane++)
            levels[i] = levels[i] * scales[lane] + shifts[lane] * totalWeight;
    }

    internal void RequireFit(Image8 image, int destinationLength)
    {
        if (image.Channels != Channels)
            throw new RobustifyException($"normalization: image has {image.Channels} channels, mean and deviation have {Channels}; convert the image first");
        if (destinationLength != image.Pixels.Length)
            throw new RobustifyException(
                $"normalization: {image.Height}x{image.Width}x{image.Channels} image needs {image.Pixels.Length} floats, the destination has {destinationLength}");
    }
}
