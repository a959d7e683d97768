using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Augment;

/// <summary>
/// Convolutions of planes with few channels, zero outside: four outputs of sixteen pixels at a time stay in registers over all inputs and taps. Each
/// product is fused with its sum, inputs and taps in order, so every machine gives the same bits. One instance a worker.
/// </summary>
internal sealed class NoiseConvolution
{
    /// <summary>Outputs that are computed together.</summary>
    public const int Outputs = 4;

    private const int Lanes = 8;
    private const int Pixels = 2 * Lanes;

    private readonly int[] offsets = new int[9];
    private readonly float[] sums = new float[Outputs * Pixels];
    private float[] padded = [];
    private int inputs;
    private int taps;
    private int width;
    private int height;
    private int stride;
    private int plane;

    /// <summary>Takes the planes that are convolved, and the window.</summary>
    /// <param name="from">[inputs, height, width].</param>
    /// <param name="inputs">Planes.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="kernel">Side of the window: 1 or 3.</param>
    /// <param name="dilation">Pixels from tap to tap.</param>
    public void Begin(ReadOnlySpan<float> from, int inputs, int width, int height, int kernel, int dilation)
    {
        // Without neighbours a plane is one long row.
        if (kernel == 1)
            (width, height) = (width * height, 1);
        int margin = kernel / 2 * dilation;
        (this.inputs, this.width, this.height, taps) = (inputs, width, height, kernel * kernel);
        stride = width + 2 * margin;
        plane = stride * (height + 2 * margin);
        for (int tap = 0; tap < taps; tap++)
            offsets[tap] = (tap / kernel * stride + tap % kernel) * dilation;

        // What is read past the last row is computed with and thrown away.
        if (padded.Length < inputs * plane + Pixels)
            padded = new float[inputs * plane + Pixels];
        Span<float> target = padded.AsSpan(0, inputs * plane + Pixels);
        target.Clear();
        for (int row = 0; row < inputs * height; row++)
            from.Slice(row * width, width).CopyTo(target[(row / height * plane + (row % height + margin) * stride + margin)..]);
    }

    /// <summary>to[o] = sum over inputs and taps of weights[input, tap, o] from[input].</summary>
    /// <param name="weights">[inputs, taps, 4].</param>
    /// <param name="to">[outputs, height, width].</param>
    /// <param name="outputs">How many of the four are wanted.</param>
    public void Apply(ReadOnlySpan<float> weights, Span<float> to, int outputs)
    {
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x += Pixels)
            {
                Sum(weights, y * stride + x);
                int count = Math.Min(Pixels, width - x);
                for (int output = 0; output < outputs; output++)
                    sums.AsSpan(output * Pixels, count).CopyTo(to[((output * height + y) * width + x)..]);
            }
        }
    }

    private void Sum(ReadOnlySpan<float> weights, int first)
    {
        ref float source = ref MemoryMarshal.GetArrayDataReference(padded);
        Vector256<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        int at = 0;
        for (int input = 0; input < inputs; input++, first += plane)
        {
            foreach (int offset in offsets.AsSpan(0, taps))
            {
                var own = weights.Slice(at, Outputs);
                at += Outputs;
                var low = Vector256.LoadUnsafe(ref source, (nuint)(first + offset));
                var high = Vector256.LoadUnsafe(ref source, (nuint)(first + offset + Lanes));
                Vector256<float> a = Vector256.Create(own[0]), b = Vector256.Create(own[1]), c = Vector256.Create(own[2]), d = Vector256.Create(own[3]);
                (a0, a1) = (Vector256.FusedMultiplyAdd(low, a, a0), Vector256.FusedMultiplyAdd(high, a, a1));
                (b0, b1) = (Vector256.FusedMultiplyAdd(low, b, b0), Vector256.FusedMultiplyAdd(high, b, b1));
                (c0, c1) = (Vector256.FusedMultiplyAdd(low, c, c0), Vector256.FusedMultiplyAdd(high, c, c1));
                (d0, d1) = (Vector256.FusedMultiplyAdd(low, d, d0), Vector256.FusedMultiplyAdd(high, d, d1));
            }
        }

        Store(0, a0, a1);
        Store(1, b0, b1);
        Store(2, c0, c1);
        Store(3, d0, d1);
    }

    private void Store(int output, Vector256<float> low, Vector256<float> high)
    {
        low.CopyTo(sums, output * Pixels);
        high.CopyTo(sums, output * Pixels + Lanes);
    }
}
