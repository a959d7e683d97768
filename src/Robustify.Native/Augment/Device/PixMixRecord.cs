using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment.Device;

/// <summary>The rounds of PixMix.</summary>
internal sealed class PixMixRecord : MixtureRecord
{
    private readonly PixMix pixMix;
    private readonly int side;
    private readonly int rowCount;
    private readonly ImageStep[] layers; // [rounds, rows]
    private readonly PixBlend[] blends; // [rounds, rows]

    /// <param name="pixMix">Its pictures are all of one size, and square.</param>
    /// <param name="side">Of the images, in pixels.</param>
    /// <param name="rows">Rows of a batch.</param>
    public PixMixRecord(PixMix pixMix, int side, int rows)
    {
        (this.pixMix, this.side, rowCount) = (pixMix, side, rows);
        layers = new ImageStep[pixMix.MostRounds * rows];
        blends = new PixBlend[layers.Length];
    }

    /// <inheritdoc/>
    public override void Draw(int row, IRandomStream random, AugMixScratch scratch)
    {
        var recipe = scratch.PixMixRecipe;
        pixMix.Draw(recipe, random);
        for (int i = 0; i < pixMix.MostRounds; i++)
        {
            var round = i < recipe.Rounds.Count ? recipe.Rounds[i] : default;
            layers[i * rowCount + row] = round.Picture is { } picture
                ? new(ImageStepKind.Crop, round.Number, round.Top, round.Left, picture.Width)
                : round.Operation?.OnDevice(round.Value, side, side) ?? default;
            blends[i * rowCount + row] = round.Blend;
        }
    }

    /// <inheritdoc/>
    public override void Queue(
        CudaBackend backend, DeviceTables tables, TensorView images, int firstRow, TensorView rows, Normalization normalization)
    {
        ReadOnlySpan<byte> layerBytes = MemoryMarshal.AsBytes<ImageStep>(layers), blendBytes = MemoryMarshal.AsBytes<PixBlend>(blends);
        backend.PixMix(
            images, rows, tables.Upload(layerBytes, new(layerBytes.Length)), tables.Upload(blendBytes, new(blendBytes.Length)),
            tables.Keep(pixMix, "pictures", Pictures), firstRow, rowCount, pixMix.MostRounds, normalization.Scales, normalization.Shifts);
    }

    private byte[] Pictures() => [.. Enumerable.Range(0, pixMix.Pictures.Count).SelectMany(i => pixMix.Pictures[i].Pixels.ToArray())];
}
