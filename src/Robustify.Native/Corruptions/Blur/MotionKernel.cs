using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// ImageMagick's motion: one-sided weights exp(-i^2 / 2 sigma^2), i = 0..2 ceil(radius), normalised. One-sided means that the image is also
/// shifted against the direction of motion.
/// </summary>
internal sealed class MotionKernel
{
    public MotionKernel(double radius, double sigma)
    {
        double[] weights = [.. Enumerable.Range(0, 2 * (int)Math.Ceiling(radius) + 1).Select(i => Math.Exp(-(i * i) / (2 * sigma * sigma)))];
        Weights = [.. weights.Select(weight => (float)(weight / weights.Sum()))];
    }

    /// <summary>Weight of the pixel i steps along.</summary>
    public float[] Weights { get; }

    /// <summary>The weights on a device.</summary>
    public TensorView On(DeviceTables tables) => tables.Keep(this, "weights", () => Weights);
}
