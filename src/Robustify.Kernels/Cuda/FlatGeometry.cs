using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>How elementwise kernels are launched: a thread for 16 bytes of the narrowest operand, each going on in strides of the grid.</summary>
internal static class FlatGeometry
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 256;

    // Enough to fill any card several times over; beyond it a thread takes more than one turn.
    private const int MostBlocks = 1 << 14;

    /// <summary>Geometry for a flat range.</summary>
    public static LaunchGeometry For(long count, DType type) => new(Blocks(count, Lanes(type)), 1, 1, Threads);

    /// <summary>Geometry for samples that are each a flat range, a row of blocks for each of up to 65535 samples.</summary>
    public static LaunchGeometry ForSamples(int samples, long sampleLength, int lanes) =>
        new(Blocks(sampleLength, lanes), (uint)Math.Min(samples, 65535), 1, Threads);

    /// <summary>Elements in one 16-byte access.</summary>
    public static int Lanes(DType type) => 16 / type.Size();

    /// <summary>Whether kernels may access all of these in 16 bytes; an absent operand never hinders.</summary>
    public static bool Aligned(params ReadOnlySpan<TensorView> views)
    {
        foreach (ref readonly var view in views)
        {
            if ((view.Pointer & 15) != 0)
                return false;
        }

        return true;
    }

    private static uint Blocks(long count, int lanes) => (uint)Math.Clamp((count + (long)Threads * lanes - 1) / ((long)Threads * lanes), 1, MostBlocks);
}
