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
    private readonly PictureWindows? windows; // null where whole pictures lie on the device

    /// <param name="pixMix">Draws.</param>
    /// <param name="side">Of the images, in pixels.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="rows">Rows of a batch.</param>
    public PixMixRecord(PixMix pixMix, int side, int channels, int rows)
    {
        windows = pixMix.Pictures.AreAlike ? null : new PictureWindows(side, channels);
        (this.pixMix, this.side, rowCount) = (pixMix, side, rows);
        layers = new ImageStep[pixMix.MostRounds * rows];
        blends = new PixBlend[layers.Length];
    }

    /// <summary>Bytes of a record of so many rows.</summary>
    public static long BytesOf(PixMixOptions options, int rows) => (options.Rounds + 1L) * rows * (ImageStep.Bytes + PixBlend.Bytes);

    /// <inheritdoc/>
    public override void Begin() => windows?.Begin();

    /// <inheritdoc/>
    public override void Draw(int row, IRandomStream random, AugMixScratch scratch)
    {
        var recipe = scratch.PixMixRecipe;
        pixMix.Draw(recipe, random);
        for (int i = 0; i < pixMix.MostRounds; i++)
        {
            var round = i < recipe.Rounds.Count ? recipe.Rounds[i] : default;
            layers[i * rowCount + row] = round.Picture is { } picture ? Crop(round, picture) : round.Operation?.OnDevice(round.Value, side, side) ?? default;
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
            windows is null ? tables.Keep(pixMix, "pictures", Pictures) : windows.Upload(backend, tables), firstRow, rowCount, pixMix.MostRounds,
            normalization.Scales, normalization.Shifts);
    }

    private ImageStep Crop(in PixMixRound round, Image8 picture) => windows is null
        ? new(ImageStepKind.Crop, round.Number, round.Top, round.Left, picture.Width)
        : new(ImageStepKind.Crop, windows.Add(picture, round.Top, round.Left), 0, 0, side);

    private byte[] Pictures() => [.. Enumerable.Range(0, pixMix.Pictures.Count).SelectMany(i => pixMix.Pictures[i].Pixels.ToArray())];
}
