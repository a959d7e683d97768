using Robustify.Kernels.Backends;

namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// The weight [O, K, K, C] seen as the filters of a correlation: which of its axes are the outputs and the inputs, and which taps take
/// part in which order. The forward pass uses it as it lies; the input gradient turns it round and takes every stride-th tap.
/// </summary>
internal unsafe struct Filters
{
    /// <summary>The weight.</summary>
    public required float* Weight;

    /// <summary>Channels that come out of and go into the correlation.</summary>
    public required int Outputs, Inputs;

    /// <summary>Distances in memory between neighbouring outputs and inputs, and between rows and columns of taps.</summary>
    public required long OutputStride, InputStride, RowStride, ColumnStride;

    /// <summary>Taps that take part; 0 by 0 where none does.</summary>
    public required int TapRows, TapColumns;

    /// <summary>Where the first tap lies.</summary>
    public required long FirstTap;

    /// <summary>Multiply-adds that make one output.</summary>
    public readonly int Depth => TapRows * TapColumns * Inputs;

    /// <summary>y = x * weight.</summary>
    public static Filters Forward(float* weight, int outputs, int inputs, int kernel) => new()
    {
        Weight = weight, Outputs = outputs, Inputs = inputs, OutputStride = (long)kernel * kernel * inputs, InputStride = 1,
        RowStride = (long)kernel * inputs, ColumnStride = inputs, TapRows = kernel, TapColumns = kernel, FirstTap = 0,
    };

    /// <summary>
    /// dx from dy for the input positions whose padded coordinates leave <paramref name="rowPhase"/> and <paramref name="columnPhase"/>
    /// when divided by the stride: they meet the taps phase, phase + stride, ... alone, the last of them first.
    /// </summary>
    public static Filters InputGradient(float* weight, int outputs, int inputs, in ConvolutionGeometry geometry, int rowPhase, int columnPhase)
    {
        int kernel = geometry.Kernel, stride = geometry.Stride;
        int rows = Taps(kernel, stride, rowPhase), columns = Taps(kernel, stride, columnPhase);
        if (rows == 0 || columns == 0)
            rows = columns = 0;
        long lastRow = rowPhase + (long)stride * (rows - 1), lastColumn = columnPhase + (long)stride * (columns - 1);
        return new Filters
        {
            Weight = weight, Outputs = inputs, Inputs = outputs, OutputStride = 1, InputStride = (long)kernel * kernel * inputs,
            RowStride = -(long)stride * kernel * inputs, ColumnStride = -(long)stride * inputs, TapRows = rows, TapColumns = columns,
            FirstTap = (lastRow * kernel + lastColumn) * inputs,
        };
    }

    /// <summary>Taps phase, phase + stride, ... below <paramref name="kernel"/>.</summary>
    public static int Taps(int kernel, int stride, int phase) => phase < kernel ? (kernel - phase + stride - 1) / stride : 0;
}
