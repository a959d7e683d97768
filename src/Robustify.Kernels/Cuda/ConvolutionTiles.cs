using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// Which convolution kernels serve a problem and how they are launched (Sections/convolution*.cuh). Everything here follows from shapes, types
/// and alignment alone, and so does every order of addition.
/// </summary>
internal readonly struct ConvolutionTiles
{
    private const int Threads = 256;
    private const int Stages = 3;
    private const int StageDepth = 32;
    private const int Padding = 8;
    private const int ForwardRows = 128;
    private const int ExactSide = 64;

    // Blocks that fill a large card twice, and the least work a split must have to be worth its partial result.
    private const int WantedBlocks = 264;
    private const int FewestStagesPerSplit = 4;
    private const long MostPartialBytes = 64L << 20;

    private readonly Shape x, y;
    private readonly ConvolutionGeometry geometry;
    private readonly bool onTensorCores, vector;

    /// <param name="x">[N, H, W, C], or its gradient.</param>
    /// <param name="y">[N, OH, OW, O], or its gradient.</param>
    /// <param name="geometry">Window.</param>
    /// <param name="type">Storage of activations.</param>
    /// <param name="aligned">Whether the operands lie at multiples of 16 bytes.</param>
    public ConvolutionTiles(Shape x, Shape y, ConvolutionGeometry geometry, DType type, bool aligned)
    {
        (this.x, this.y, this.geometry) = (x, y, geometry);
        onTensorCores = type == DType.BFloat16;
        vector = onTensorCores && aligned && x[3] % 8 == 0 && y[3] % 8 == 0;
    }

    /// <summary>Whether the weight is a plain matrix applied to every position.</summary>
    public static bool IsPointwise(ConvolutionGeometry geometry) => geometry is { Kernel: 1, Stride: 1, Padding: 0 };

    /// <summary>Elements of one output's weights.</summary>
    public int Depth => geometry.Kernel * geometry.Kernel * x[3];

    /// <summary>Positions of y in all samples.</summary>
    public int Positions => y.Rows;

    /// <summary>Operations of any of the three products.</summary>
    public long Operations => 2L * Positions * y[3] * Depth;

    /// <summary>Kernel and launch of y = x * weight.</summary>
    public (string Kernel, LaunchGeometry Launch) Forward()
    {
        if (!onTensorCores)
            return ("convolution_forward_any_f32", new(Tiles(Positions, ExactSide), Tiles(y[3], ExactSide), 1, Threads));
        int columns = vector && y[3] > 64 ? 128 : 64;
        string kernel = !vector ? "convolution_forward_any_bf16" : columns == 128 ? "convolution_forward_c128_bf16" : "convolution_forward_c64_bf16";
        return (kernel, Product(Positions, y[3], columns, 1, columns * (StageDepth + Padding)));
    }

    /// <summary>Kernel and launch of the gradient of x: one product for every pair of remainders modulo the stride.</summary>
    public (string Kernel, LaunchGeometry Launch) InputGradient()
    {
        int remainders = geometry.Stride * geometry.Stride;
        int rows = x[0] * Ceiling(x[1], geometry.Stride) * Ceiling(x[2], geometry.Stride);
        if (!onTensorCores)
            return ("convolution_input_gradient_any_f32", new(Tiles(rows, ExactSide), Tiles(x[3], ExactSide), (uint)remainders, Threads));
        int columns = vector && x[3] > 64 ? 128 : 64;
        string kernel = !vector ? "convolution_input_gradient_any_bf16"
            : columns == 128 ? "convolution_input_gradient_c128_bf16" : "convolution_input_gradient_c64_bf16";
        return (kernel, Product(rows, x[3], columns, remainders, StageDepth * (columns + Padding)));
    }

    /// <summary>Kernel and launch of the gradient of the weight; grid z is the number of splits, each with a partial result.</summary>
    public (string Kernel, LaunchGeometry Launch) WeightGradient()
    {
        int rows = vector && y[3] > 64 ? 128 : 64, columns = vector ? 128 : 64;
        uint across = Tiles(Depth, columns), down = Tiles(y[3], rows);
        long stages = Ceiling(Positions, StageDepth), partial = (long)y[3] * Depth * sizeof(float);
        long splits = Math.Min((WantedBlocks + across * down - 1) / (across * down), Math.Min(stages / FewestStagesPerSplit, MostPartialBytes / partial));
        int shared = onTensorCores ? Stages * StageDepth * (rows + columns + 2 * Padding) * sizeof(short) : 0;
        string kernel = !onTensorCores ? "convolution_weight_gradient_any_f32"
            : !vector ? "convolution_weight_gradient_any_bf16"
            : rows == 128 ? "convolution_weight_gradient_r128_bf16" : "convolution_weight_gradient_r64_bf16";
        return (kernel, new(across, down, (uint)Math.Max(1, splits), Threads, SharedBytes: (uint)shared));
    }

    private static int Ceiling(int value, int divisor) => (value + divisor - 1) / divisor;

    private static uint Tiles(int extent, int side) => (uint)Ceiling(extent, side);

    private static LaunchGeometry Product(int rows, int columns, int tileColumns, int products, int weightTile) => new(
        Tiles(rows, ForwardRows), Tiles(columns, tileColumns), (uint)products, Threads,
        SharedBytes: (uint)(Stages * (ForwardRows * (StageDepth + Padding) + weightTile) * sizeof(short)));
}
