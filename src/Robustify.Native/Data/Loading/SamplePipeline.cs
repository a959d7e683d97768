using System.Diagnostics;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Augment;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Data.Loading;

/// <summary>
/// Everything one worker does for one sample: read, channels, crop and flip, normalise, mix. Holds the worker's buffers. What it writes
/// depends on (seed, epoch, sample) alone.
/// </summary>
internal sealed class SamplePipeline
{
    private readonly IImageSource source;
    private readonly BatchLoaderOptions options;
    private readonly EvaluationTransform evaluation;
    private readonly StandardAugmentation standard;
    private readonly PillowResizer? resizer;
    private readonly AugMix augMix;
    private readonly PixMix? pixMix;
    private readonly AugMixScratch scratch;
    private readonly NoiseNetwork? noise;
    private readonly PhiloxStream random;
    private readonly Image8 raw = new(1, 1, 1);
    private readonly Image8 converted = new(1, 1, 1);

    public SamplePipeline(IImageSource source, BatchLoaderOptions options, PixMix? pixMix)
    {
        this.source = source;
        this.options = options;
        this.pixMix = pixMix;
        var resizer = options.CreateResizer?.Invoke();
        this.resizer = resizer as PillowResizer;
        int shorterSide = options.ShorterSide ?? EvaluationTransform.DefaultShorterSide(options.ImageSize);
        evaluation = new EvaluationTransform(options.ImageSize, shorterSide, resizer);
        var crop = options.Mode == LoaderMode.Training ? options.StandardAugmentation : StandardAugmentationOptions.None;
        standard = new StandardAugmentation(crop, options.ImageSize, shorterSide, resizer);
        augMix = new AugMix(options.AugMix);
        scratch = new AugMixScratch(options.AugMix);
        noise = options.Noise is { } network ? new NoiseNetwork(network) : null;
        random = new PhiloxStream(options.Seed, RandomPurpose.StandardAugmentation, 0, 0);
    }

    private RandomPurpose Purpose => options.Mixture switch
    {
        MixtureKind.Pixmix => RandomPurpose.PixMix,
        MixtureKind.Standard => RandomPurpose.StandardAugmentation,
        _ => RandomPurpose.AugMix,
    };

    /// <summary>Time this worker took to read and decode, of <see cref="Stopwatch.Frequency"/> a second.</summary>
    public long DecodeTicks { get; private set; }

    /// <summary>Time it took for everything after that.</summary>
    public long AugmentTicks { get; private set; }

    /// <summary>Fills the rows, label and identity at <paramref name="position"/> of the batch with sample <paramref name="index"/>.</summary>
    public void Prepare(int index, Batch batch, int position)
    {
        uint epoch = (uint)(options.AugmentBank > 0 ? batch.Epoch % options.AugmentBank : batch.Epoch), sample = (uint)index;
        int label = source.Label(index);
        if (label < 0 || label >= source.ClassNames.Count)
            throw new RobustifyException($"{source.Description}: image {index} has label {label}, 0..{source.ClassNames.Count - 1} expected; mend the data set");
        batch.Labels[position] = label;
        batch.SampleIds[position] = sample;
        if (batch.Views == 0)
            return;
        long start = Stopwatch.GetTimestamp();
        source.Read(index, raw);
        long read = Stopwatch.GetTimestamp();
        Transform(batch, position, epoch, sample);
        DecodeTicks += read - start;
        AugmentTicks += Stopwatch.GetTimestamp() - read;
    }

    private void Transform(Batch batch, int position, uint epoch, uint sample)
    {
        var image = ChannelConversion.Convert(raw, options.Normalization.Channels, converted);
        if (options.Mode == LoaderMode.Evaluation)
        {
            options.Normalization.Apply(evaluation.Apply(image), batch.Row(0, position));
            return;
        }

        Restart(0, epoch, sample);
        if (batch.DeviceImages is { } device)
        {
            Leave(device, image, batch, position, epoch, sample);
            return;
        }

        var whole = image;
        image = standard.Apply(whole, random);
        options.Normalization.Apply(image, batch.Row(0, position));
        for (int view = 1; view < batch.Views; view++)
        {
            var row = batch.Row(view, position);
            Restart(view, epoch, sample);
            switch (options.Mixture)
            {
                case MixtureKind.Augmix:
                    augMix.Mix(image, row, options.Normalization, random, scratch);
                    break;
                case MixtureKind.Pixmix:
                    pixMix!.Mix(image, row, options.Normalization, random, scratch);
                    break;
                case MixtureKind.Standard:
                    options.Normalization.Apply(standard.Apply(whole, random), row);
                    break;
                default:
                    options.Normalization.Apply(image, row);
                    break;
            }

            noise?.Apply(row, options.ImageSize, options.ImageSize, image.Channels, random);
        }

        if (batch.Views == 1)
            noise?.Apply(batch.Row(0, position), options.ImageSize, options.ImageSize, image.Channels, random);
    }

    /// <summary>Leaves a sample to the device: its bytes, and the draws of what is done to them.</summary>
    private void Leave(DeviceImages device, Image8 image, Batch batch, int position, uint epoch, uint sample)
    {
        Leave(0);
        for (int view = 1; view < batch.Views; view++)
        {
            Restart(view, epoch, sample);
            if (options.Crops > 1)
                Leave(view);
            int row = (view - 1) * batch.Count + position;
            device.Mixtures?.Draw(row, random, scratch);
            device.Noise?.Draw(row, random);
        }

        if (batch.Views == 1)
            device.Noise?.Draw(position, random);

        void Leave(int crop)
        {
            var draw = standard.Draw(image.Width, image.Height, random);
            device.Put(crop * batch.Count + position, image, draw, standard, resizer);
        }
    }

    /// <summary>The view goes into the high half of the purpose, as a layer's number does for dropout: each view has its own draws.</summary>
    private void Restart(int view, uint epoch, uint sample) => random.Reset(
        options.Seed, view == 0 ? (uint)RandomPurpose.StandardAugmentation : (uint)Purpose | ((uint)view << 16), epoch, sample);
}
