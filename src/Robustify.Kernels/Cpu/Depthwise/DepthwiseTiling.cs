using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu.Depthwise;

/// <summary>A piece of work: rows of one image, and some of their channels.</summary>
internal readonly record struct DepthwisePiece(int Image, int FirstRow, int Rows, int FirstChannel, int Channels);

/// <summary>
/// How a depthwise convolution is cut: bands of rows of an image, a block of channels at a time. Each piece is copied with its border of
/// zeros and in whole blocks of channels, so that the inner loops know no edge. It follows from the shapes alone.
/// </summary>
internal readonly unsafe struct DepthwiseTiling
{
    /// <summary>Channels of a block: whole vectors of every width, and few enough that the taps of a run stay in the first-level cache.</summary>
    public const int Block = 32;

    /// <summary>
    /// Positions side by side that are summed at once, in registers. Published images leave maps of 56, 28, 14 and 7 positions a row, which
    /// it divides.
    /// </summary>
    public const int Run = 7;

    // Half of a small second-level cache.
    private const int BandFloats = 65536;

    private readonly int bands, blocks;

    /// <param name="images">[N, H, W, C].</param>
    /// <param name="kernel">Side of the filters.</param>
    public DepthwiseTiling(Shape images, int kernel)
    {
        (Images, Height, Width, Channels, Kernel) = (images[0], images[1], images[2], images[3], kernel);
        BandColumns = WholeRuns(Width) + WholeRuns(kernel) - 1;
        BandRows = Math.Clamp(BandFloats / (BandColumns * Block) - kernel + 1, 1, Height);
        bands = (Height + BandRows - 1) / BandRows;
        blocks = (Channels + Block - 1) / Block;
    }

    public int Images { get; }

    public int Height { get; }

    public int Width { get; }

    public int Channels { get; }

    public int Kernel { get; }

    /// <summary>Rows of a band that are computed.</summary>
    public int BandRows { get; }

    /// <summary>Columns of a band with its border.</summary>
    public int BandColumns { get; }

    /// <summary>Channels rounded up to whole blocks.</summary>
    public int PaddedChannels => blocks * Block;

    /// <summary>Bands of all images.</summary>
    public int Units => checked(Images * bands);

    /// <summary>Blocks of channels.</summary>
    public int Blocks => blocks;

    /// <summary>Floats of a band with its border.</summary>
    public int CopyFloats => (BandRows + Kernel - 1) * BandColumns * Block;

    /// <summary>That many positions, rounded up to whole runs.</summary>
    public static int WholeRuns(int positions) => (positions + Run - 1) / Run * Run;

    /// <summary>The piece of a unit and a block.</summary>
    public DepthwisePiece Piece(int unit, int block)
    {
        int firstRow = unit % bands * BandRows;
        return new(unit / bands, firstRow, Math.Min(BandRows, Height - firstRow), block * Block, Math.Min(Block, Channels - block * Block));
    }

    /// <summary>
    /// destination[rows, columns, Block]: rows <paramref name="firstRow"/> .. and columns <paramref name="firstColumn"/> .. of the piece's
    /// image and channels; what lies outside is zero.
    /// </summary>
    public void Copy(float* images, in DepthwisePiece piece, int firstRow, int rows, int firstColumn, int columns, float* destination)
    {
        float* image = images + (long)piece.Image * Height * Width * Channels + piece.FirstChannel;
        for (int row = firstRow; row < firstRow + rows; row++)
        {
            for (int column = firstColumn; column < firstColumn + columns; column++, destination += Block)
            {
                var block = new Span<float>(destination, Block);
                if ((uint)row >= (uint)Height || (uint)column >= (uint)Width)
                {
                    block.Clear();
                    continue;
                }

                new ReadOnlySpan<float>(image + ((long)row * Width + column) * Channels, piece.Channels).CopyTo(block);
                block[piece.Channels..].Clear();
            }
        }
    }
}
