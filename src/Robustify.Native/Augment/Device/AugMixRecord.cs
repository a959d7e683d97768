using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment.Device;

/// <summary>The chains and weights of AugMix.</summary>
internal sealed class AugMixRecord : MixtureRecord
{
    private readonly AugMixOptions options;
    private readonly int side;
    private readonly int rowCount;
    private readonly int depth;
    private readonly ImageStep[] steps; // [depth, rows, chains]
    private readonly float[] weights; // [rows, chains + 2]

    public AugMixRecord(AugMixOptions options, int side, int rows)
    {
        (this.options, this.side, rowCount) = (options, side, rows);
        depth = DepthOf(options);
        steps = new ImageStep[depth * rows * options.Width];
        weights = new float[rows * (options.Width + 2)];
    }

    /// <summary>Bytes of a record of so many rows.</summary>
    public static long BytesOf(AugMixOptions options, int rows) =>
        (long)rows * (DepthOf(options) * options.Width * ImageStep.Bytes + (options.Width + 2) * sizeof(float));

    /// <inheritdoc/>
    public override void Draw(int row, IRandomStream random, AugMixScratch scratch)
    {
        var recipe = scratch.Recipe;
        recipe.Draw(options, side, side, random);
        for (int chain = 0; chain < recipe.Width; chain++)
        {
            var operations = recipe.Chain(chain);
            for (int step = 0; step < depth; step++)
            {
                steps[(step * rowCount + row) * recipe.Width + chain] =
                    step < operations.Length ? operations[step].Operation.OnDevice(operations[step].Value, side, side) : default;
            }
        }

        recipe.WriteWeights(weights.AsSpan(row * (recipe.Width + 2), recipe.Width + 2));
    }

    /// <inheritdoc/>
    public override void Queue(
        CudaBackend backend, DeviceTables tables, TensorView images, int firstRow, TensorView rows, Normalization normalization)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes<ImageStep>(steps);
        backend.AugMix(
            images, rows, tables.Upload(bytes, new(bytes.Length)), tables.Upload<float>(weights, new(rowCount, options.Width + 2)), firstRow, depth,
            normalization.Scales, normalization.Shifts);
    }

    private static int DepthOf(AugMixOptions options) => options.Depth > 0 ? options.Depth : AugMixRecipe.RandomDepth;
}
