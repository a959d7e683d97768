using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>Where a correlation reads and writes: images [count, height, width, channels] and a grid of positions over them.</summary>
internal unsafe struct CorrelationGrid
{
    /// <summary>Images that are read.</summary>
    public required float* Source;
    public required int Images, Height, Width, Channels;

    /// <summary>Positions of a whole image, the distance between two windows, and where the first window begins.</summary>
    public required int Rows, Columns, Step, FirstRow, FirstColumn;

    /// <summary>
    /// Images that are written, [count, height, width, outputs]: position (row, column) goes to (row, column) * step + first of them.
    /// </summary>
    public required float* Destination;
    public required int DestinationHeight, DestinationWidth, DestinationStep, DestinationRow, DestinationColumn;
}

/// <summary>
/// destination (+)= source correlated with packed filters. Implicit: no patch matrix is made. A piece of work is a band of rows of one
/// image, copied with its border into the worker's scratch where windows reach over the edge.
/// </summary>
internal unsafe struct Correlation<TLanes, TVector> : IParallelBody
    where TLanes : ILanes<TVector>
    where TVector : struct
{
    // Half of a small second-level cache; the panel takes part of the rest.
    private const int BandFloats = 32768;

    // With fewer pieces than this the outputs are shared out too, so that one image keeps a crew busy.
    private const int EnoughPieces = 16;

    private readonly CorrelationGrid grid;
    private readonly Filters filters;
    private readonly float* panels;
    private readonly bool accumulate;
    private readonly bool copies;
    private readonly int bandRows, bands, splits;
    private readonly float*[] scratch;

    public Correlation(in CorrelationGrid grid, in Filters filters, float* panels, bool accumulate, float*[] scratch)
    {
        this.grid = grid;
        this.filters = filters;
        this.panels = panels;
        this.accumulate = accumulate;
        this.scratch = scratch;
        copies = filters.Depth > 0 && (grid.FirstRow < 0 || grid.FirstColumn < 0
            || grid.FirstRow + (grid.Rows - 1) * grid.Step + filters.TapRows > grid.Height
            || grid.FirstColumn + (grid.Columns - 1) * grid.Step + filters.TapColumns > grid.Width);
        bandRows = Math.Clamp(BandFloats / Math.Max(1, BandColumns * grid.Channels * grid.Step), 1, grid.Rows);
        bands = (grid.Rows + bandRows - 1) / bandRows;
        long pieces = (long)bands * grid.Images;
        splits = (int)Math.Clamp((EnoughPieces + pieces - 1) / pieces, 1, FilterPanels.Count(filters.Outputs, TLanes.Width));
    }

    /// <summary>Floats of scratch each worker needs: two tables of offsets and the band.</summary>
    public readonly long WorkerFloats => 2L * bandRows * grid.Columns + 16 + (copies ? (long)BandHeight(bandRows) * BandColumns * grid.Channels : 0);

    private readonly int BandColumns => (grid.Columns - 1) * grid.Step + filters.TapColumns;

    private readonly int BandHeight(int rows) => (rows - 1) * grid.Step + filters.TapRows;

    public readonly void Run(CpuThreads threads)
    {
        var body = this;
        threads.For(checked(grid.Images * bands * splits), ref body);
    }

    public readonly void Invoke(int index, int worker)
    {
        int split = index % splits, band = index / splits % bands, image = index / splits / bands;
        int firstRow = band * bandRows, rows = Math.Min(bandRows, grid.Rows - firstRow);
        int positions = rows * grid.Columns;
        int* sourceOffsets = (int*)scratch[worker], destinationOffsets = sourceOffsets + positions;

        float* source = grid.Source + (long)image * grid.Height * grid.Width * grid.Channels;
        int width = grid.Width;
        int imageRow = grid.FirstRow + firstRow * grid.Step;
        if (copies)
        {
            float* copy = scratch[worker] + (2 * positions + 15) / 16 * 16;
            width = BandColumns;
            ImageBand.Copy(
                source, grid.Height, grid.Width, grid.Channels, imageRow, BandHeight(rows), grid.FirstColumn, width, copy);
            source = copy;
        }
        else
        {
            source += ((long)imageRow * width + grid.FirstColumn) * grid.Channels;
        }

        for (int row = 0, position = 0; row < rows; row++)
        {
            int target = ((firstRow + row) * grid.DestinationStep + grid.DestinationRow) * grid.DestinationWidth + grid.DestinationColumn;
            for (int column = 0; column < grid.Columns; column++, position++)
            {
                sourceOffsets[position] = (row * width + column) * grid.Step * grid.Channels;
                destinationOffsets[position] = (target + column * grid.DestinationStep) * filters.Outputs;
            }
        }

        float* destination = grid.Destination + (long)image * grid.DestinationHeight * grid.DestinationWidth * filters.Outputs;
        int count = FilterPanels.Count(filters.Outputs, TLanes.Width);
        for (int panel = count * split / splits; panel < count * (split + 1) / splits; panel++)
            RunPanel(panel, source, sourceOffsets, width * grid.Channels, destination, destinationOffsets, positions);
    }

    private readonly void RunPanel(
        int panel, float* source, int* sourceOffsets, nint rowStride, float* destination, int* destinationOffsets, int positions)
    {
        int firstOutput = panel * 2 * TLanes.Width;
        int panelWidth = FilterPanels.Width(panel, filters.Outputs, TLanes.Width);
        int outputs = Math.Min(panelWidth, filters.Outputs - firstOutput);
        float* packed = panels + (long)firstOutput * filters.Depth;
        destination += firstOutput;
        var tile = new CorrelationTile
        {
            TapRows = filters.TapRows, Run = filters.TapColumns * filters.Inputs, RowStride = rowStride,
            Accumulate = accumulate && outputs == panelWidth,
        };
        // The vectors of an edge panel are wider than what is left of the outputs: they land here first.
        float* whole = stackalloc float[CorrelationTile.Positions * 2 * TLanes.Width];
        int* wholeOffsets = stackalloc int[CorrelationTile.Positions];
        for (int i = 0; i < CorrelationTile.Positions; i++)
            wholeOffsets[i] = i * panelWidth;

        for (int position = 0; position < positions; position += CorrelationTile.Positions)
        {
            int count = Math.Min(CorrelationTile.Positions, positions - position);
            int* from = sourceOffsets + position, to = destinationOffsets + position;
            if (outputs == panelWidth)
            {
                RunTile(tile, panelWidth, source, from, packed, destination, to, count);
                continue;
            }

            RunTile(tile, panelWidth, source, from, packed, whole, wholeOffsets, count);
            for (int i = 0; i < count; i++)
                PutPart(whole + wholeOffsets[i], destination + to[i], outputs);
        }
    }

    private static void RunTile(
        in CorrelationTile tile, int panelWidth, float* source, int* from, float* packed, float* destination, int* to, int count)
    {
        if (panelWidth == TLanes.Width)
            tile.One<TLanes, TVector>(source, from, packed, destination, to, count);
        else
            tile.Two<TLanes, TVector>(source, from, packed, destination, to, count);
    }

    private readonly void PutPart(float* values, float* destination, int outputs)
    {
        for (int i = 0; i < outputs; i++)
            destination[i] = accumulate ? destination[i] + values[i] : values[i];
    }
}
