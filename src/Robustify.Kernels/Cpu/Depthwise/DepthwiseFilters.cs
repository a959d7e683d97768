namespace Robustify.Kernels.Cpu.Depthwise;

/// <summary>
/// Filters [C, K, K] as [block of channels][tap][channel of the block], one more row behind a block's taps for the bias (zero where there is
/// none): a vector of channels is then one access, and a block's taps lie together. Turned by half a circle they make the gradient with
/// respect to the input the same convolution.
/// </summary>
internal static unsafe class DepthwiseFilters
{
    /// <summary>Floats of a block's packed filters.</summary>
    public static int BlockFloats(int kernel) => (kernel * kernel + 1) * DepthwiseTiling.Block;

    /// <summary>Packs them into <see cref="BlockFloats"/> floats for each block.</summary>
    public static void Pack(in DepthwiseTiling tiling, float* weight, float* bias, bool turned, float* packed)
    {
        int taps = tiling.Kernel * tiling.Kernel;
        for (int block = 0; block < tiling.Blocks; block++)
        {
            int first = block * DepthwiseTiling.Block, channels = Math.Min(DepthwiseTiling.Block, tiling.Channels - first);
            for (int tap = 0; tap <= taps; tap++, packed += DepthwiseTiling.Block)
            {
                new Span<float>(packed, DepthwiseTiling.Block).Clear();
                float* from = tap < taps ? weight + (long)first * taps + (turned ? taps - 1 - tap : tap) : bias + first;
                for (int channel = 0; channel < channels && (tap < taps || bias != null); channel++)
                    packed[channel] = from[(long)channel * (tap < taps ? taps : 1)];
            }
        }
    }
}
