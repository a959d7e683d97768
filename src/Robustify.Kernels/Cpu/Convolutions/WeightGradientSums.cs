using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// Partial sums of the weight gradient, each over its share of the positions: partial[part][tap row, tap column, input][output]. The
/// positions are walked in units small enough for the first cache (a band of rows of one image, or several small images); a part is a fixed
/// range of units. All of it follows from the shapes alone, so the bits are the same for any number of workers.
/// </summary>
internal unsafe struct WeightGradientSums<TLanes, TVector> : IParallelBody
    where TLanes : ILanes<TVector>
    where TVector : struct
{
    // A unit's x and dy together: the first-level cache of any current processor.
    private const int UnitFloats = 8192;

    // Fewer positions than this and the tiles would spend their time on being stored.
    private const int FewestPositions = 48;

    // The partial sums of all parts are held to 4 MiB where the weight itself is smaller; the rest of the pieces come from the outputs.
    private const int PartialBudget = 1 << 20;
    private const int EnoughPieces = 32;

    private readonly float* x, dy, partial;
    private readonly Shape input, output;
    private readonly ConvolutionGeometry geometry;
    private readonly bool copiesInput, copiesGradient;
    private readonly int unitImages, unitRows, bands, units, splits;
    private readonly float*[] scratch;

    public WeightGradientSums(TensorView dy, TensorView x, ConvolutionGeometry geometry, float*[] scratch)
    {
        this.x = x.Floats;
        this.dy = dy.Floats;
        this.geometry = geometry;
        this.scratch = scratch;
        input = x.Shape;
        output = dy.Shape;
        copiesInput = geometry.Padding > 0;
        copiesGradient = output[3] % TLanes.Width != 0;

        int perPosition = input[3] * geometry.Stride * geometry.Stride + output[3];
        int positions = Math.Max(UnitFloats / perPosition, FewestPositions);
        unitRows = Math.Clamp(positions / output[2], 1, output[1]);
        unitImages = Math.Clamp(positions / (output[1] * output[2]), 1, input[0]);
        bands = (output[1] + unitRows - 1) / unitRows;
        units = checked((input[0] + unitImages - 1) / unitImages * bands);
        Parts = (int)Math.Clamp(PartialBudget / ((long)Depth * output[3]), 1, Math.Min(units, EnoughPieces));
        splits = Math.Clamp(EnoughPieces / Parts, 1, FilterPanels.Count(output[3], TLanes.Width));
    }

    /// <summary>Number of partial sums.</summary>
    public int Parts { get; }

    /// <summary>Rows of a partial sum.</summary>
    public readonly int Depth => geometry.Kernel * geometry.Kernel * input[3];

    /// <summary>Columns of a partial sum: outputs rounded up to whole vectors.</summary>
    public readonly int PaddedOutputs => (output[3] + TLanes.Width - 1) / TLanes.Width * TLanes.Width;

    /// <summary>Floats of all partial sums.</summary>
    public readonly long PartialFloats => (long)Parts * Depth * PaddedOutputs;

    /// <summary>Floats of scratch each worker needs: a unit's x with its border, and its dy in whole vectors.</summary>
    public readonly long WorkerFloats => InputFloats + (copiesGradient ? (long)unitImages * unitRows * output[2] * PaddedOutputs : 0);

    private readonly long InputFloats => copiesInput ? (unitImages * (long)BandHeight(unitRows) * BandWidth * input[3] + 15) / 16 * 16 : 0;

    private readonly int BandWidth => (output[2] - 1) * geometry.Stride + geometry.Kernel;

    private readonly int BandHeight(int rows) => (rows - 1) * geometry.Stride + geometry.Kernel;

    public readonly void Run(CpuThreads threads, float* partial)
    {
        var body = new WeightGradientSums<TLanes, TVector>(this, partial);
        threads.For(Parts * splits, ref body);
    }

    private WeightGradientSums(in WeightGradientSums<TLanes, TVector> plan, float* partial)
    {
        this = plan;
        this.partial = partial;
    }

    public readonly void Invoke(int index, int worker)
    {
        int split = index % splits, part = index / splits;
        int panels = FilterPanels.Count(output[3], TLanes.Width);
        int firstPanel = panels * split / splits, endPanel = panels * (split + 1) / splits;
        float* sums = partial + (long)part * Depth * PaddedOutputs;
        int first = (int)((long)units * part / Parts), end = (int)((long)units * (part + 1) / Parts);
        for (int unit = first; unit < end; unit++)
            AddUnit(unit, firstPanel, endPanel, sums, accumulate: unit > first, scratch[worker]);
    }

    private readonly void AddUnit(int unit, int firstPanel, int endPanel, float* sums, bool accumulate, float* memory)
    {
        int firstImage = unit / bands * unitImages, images = Math.Min(unitImages, input[0] - firstImage);
        int firstRow = unit % bands * unitRows, rows = Math.Min(unitRows, output[1] - firstRow);
        int height = input[1], width = input[2], channels = input[3], outputs = output[3];
        int imageRow = firstRow * geometry.Stride - geometry.Padding;

        float* source = x + ((long)firstImage * height + imageRow) * width * channels;
        nint rowLength = (nint)width * channels, imageLength = rowLength * height;
        if (copiesInput)
        {
            source = memory;
            rowLength = (nint)BandWidth * channels;
            imageLength = rowLength * BandHeight(rows);
            for (int image = 0; image < images; image++)
            {
                ImageBand.Copy(
                    x + (long)(firstImage + image) * height * width * channels, height, width, channels, imageRow, BandHeight(rows),
                    -geometry.Padding, BandWidth, source + image * imageLength);
            }
        }

        float* gradient = dy + ((long)firstImage * output[1] + firstRow) * output[2] * outputs;
        nint step = outputs, gradientRow = (nint)output[2] * outputs, gradientImage = gradientRow * output[1];
        if (copiesGradient)
        {
            float* copy = memory + InputFloats;
            WidenGradient(gradient, gradientImage, images, rows * output[2], copy);
            gradient = copy;
            step = PaddedOutputs;
            gradientRow = output[2] * step;
            gradientImage = rows * gradientRow;
        }

        var tile = new OuterProductTile
        {
            Images = images, Rows = rows, Columns = output[2], ColumnStride = geometry.Stride * channels, RowStride = geometry.Stride * rowLength,
            ImageStride = imageLength, GradientColumnStride = step, GradientRowStride = gradientRow, GradientImageStride = gradientImage,
            ResultStride = PaddedOutputs,
        };
        int run = geometry.Kernel * channels;
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            int column = panel * 2 * TLanes.Width;
            bool one = FilterPanels.Width(panel, outputs, TLanes.Width) == TLanes.Width;
            for (int tapRow = 0; tapRow < geometry.Kernel; tapRow++)
            {
                float* window = source + tapRow * rowLength;
                for (int at = 0; at < run; at += OuterProductTile.Floats)
                {
                    float* result = sums + ((long)tapRow * run + at) * PaddedOutputs + column;
                    if (one)
                        tile.One<TLanes, TVector>(window, at, run, gradient + column, result, accumulate);
                    else
                        tile.Two<TLanes, TVector>(window, at, run, gradient + column, result, accumulate);
                }
            }
        }
    }

    private readonly void WidenGradient(float* gradient, nint imageStride, int images, int positions, float* copy)
    {
        int outputs = output[3], padded = PaddedOutputs;
        for (int image = 0; image < images; image++)
        {
            float* from = gradient + image * imageStride;
            for (int position = 0; position < positions; position++, from += outputs, copy += padded)
            {
                new Span<float>(from, outputs).CopyTo(new Span<float>(copy, padded));
                new Span<float>(copy + outputs, padded - outputs).Clear();
            }
        }
    }
}
