namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// Packs filters into panels of two vectors of outputs (the last of one where that holds the rest): panel[depth][outputs], zero beyond the
/// last output. Depth runs over (tap row, tap column, input), which is the order in which a window lies in an image.
/// </summary>
internal unsafe struct FilterPanels : IParallelBody
{
    // Small enough that the panels of one narrow layer still share out over a crew.
    private const int DepthPerPiece = 256;

    public required Filters Filters;
    public required int VectorWidth;
    public required float* Destination;

    /// <summary>Panels of that many outputs.</summary>
    public static int Count(int outputs, int vectorWidth) => (outputs + 2 * vectorWidth - 1) / (2 * vectorWidth);

    /// <summary>Outputs side by side in panel <paramref name="index"/>: one or two vectors.</summary>
    public static int Width(int index, int outputs, int vectorWidth) =>
        outputs - index * 2 * vectorWidth <= vectorWidth ? vectorWidth : 2 * vectorWidth;

    /// <summary>Floats of all panels.</summary>
    public static long Floats(in Filters filters, int vectorWidth) =>
        (long)filters.Depth * ((filters.Outputs + vectorWidth - 1) / vectorWidth * vectorWidth);

    public readonly void Run(CpuThreads threads)
    {
        var body = this;
        threads.For(Count(Filters.Outputs, VectorWidth) * Slices, ref body);
    }

    private readonly int Slices => (Filters.Depth + DepthPerPiece - 1) / DepthPerPiece;

    public readonly void Invoke(int index, int worker)
    {
        int panel = index / Slices, slice = index % Slices;
        int first = panel * 2 * VectorWidth, width = Width(panel, Filters.Outputs, VectorWidth);
        int outputs = Math.Min(width, Filters.Outputs - first);
        int end = Math.Min(Filters.Depth, (slice + 1) * DepthPerPiece);
        float* destination = Destination + (long)first * Filters.Depth + (long)slice * DepthPerPiece * width;
        for (int depth = slice * DepthPerPiece; depth < end; depth++, destination += width)
        {
            int tap = depth / Filters.Inputs, input = depth % Filters.Inputs;
            float* source = Filters.Weight + Filters.FirstTap + tap / Filters.TapColumns * Filters.RowStride
                + tap % Filters.TapColumns * Filters.ColumnStride + input * Filters.InputStride + first * Filters.OutputStride;
            for (int output = 0; output < outputs; output++)
                destination[output] = source[output * Filters.OutputStride];
            for (int output = outputs; output < width; output++)
                destination[output] = 0;
        }
    }
}
