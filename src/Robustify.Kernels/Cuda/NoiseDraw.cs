using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// What was drawn for the noise network of one row, as kernels read it: they draw the weights themselves, from the same words of the stream as
/// the host would.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NoiseDraw
{
    /// <summary>Residual blocks of the network.</summary>
    public const int BlockCount = 4;

    /// <summary>Groups that a block's hidden channels fall into.</summary>
    public const int Groups = 4;

    /// <summary>Channels of a group.</summary>
    public const int GroupChannels = 16;

    /// <summary>Bytes of one.</summary>
    public static int Bytes => Unsafe.SizeOf<NoiseDraw>();

    /// <summary>The row's number among those that are made.</summary>
    public int Row { get; set; }

    /// <summary>What each block's result is multiplied by; 0 where the row is left as it is.</summary>
    public float Strength { get; init; }

    /// <summary>First word of the counter.</summary>
    public uint Purpose { get; init; }

    /// <summary>Second word of the counter.</summary>
    public uint Epoch { get; init; }

    /// <summary>Third word of the counter.</summary>
    public uint Sample { get; init; }

    /// <summary>In order.</summary>
    public NoiseBlocks Blocks;
}

/// <summary>The blocks of a noise network.</summary>
[InlineArray(NoiseDraw.BlockCount)]
internal struct NoiseBlocks
{
    private NoiseBlock first;
}

/// <summary>Side (1 or 3) and dilation of a block's grouped convolutions, and the words of the stream at which the weights before and after these draws begin.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NoiseBlock(int Kernel, int Dilation, uint First, uint Rest);
