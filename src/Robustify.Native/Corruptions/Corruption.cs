using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>
/// One corruption of the ImageNet-C family: a new one is a file with a class like this and a line in <see cref="CorruptionCatalog"/>.
/// Arithmetic is double on x/255 in [0, 1]; results are clipped to [0, 1], multiplied by 255 and <b>truncated</b> to 8 bits, as the
/// published generators do. Grey images are treated as one channel: noise draws once a pixel, brightness takes the grey level as the
/// value of HSV, JPEG is coded with one component. Instances hold no state and are safe for several threads.
/// </summary>
public abstract class Corruption
{
    /// <summary>Severities run from 1 to this.</summary>
    public const int MaxSeverity = 5;

    /// <summary>
    /// Images of more pixels a side are refused: the published sets have 299, and frost and fog fill a square of the longer side, fog with
    /// four bytes a pixel.
    /// </summary>
    public const int MaxSide = 8192;

    private protected Corruption()
    {
    }

    /// <summary>Name as in the published data sets, for example <c>gaussian_noise</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The family it is averaged in.</summary>
    public abstract CorruptionGroup Group { get; }

    /// <summary>
    /// Place in the canonical order of the 19 corruptions (gaussian_noise 0 … jpeg_compression 14, speckle_noise 15 … saturate 18). It enters
    /// the random streams, so it never changes.
    /// </summary>
    public abstract int Index { get; }

    /// <summary>
    /// Whether it is one of the four kept for validation (speckle_noise, gaussian_blur, spatter, saturate): they never enter the mean
    /// corruption error.
    /// </summary>
    public bool IsHeldOut => Group == CorruptionGroup.Extra;

    /// <summary>
    /// Why figures under this corruption are not comparable with published ones; null where they are. A result that uses the corruption
    /// states it.
    /// </summary>
    public virtual string? Caveat => null;

    /// <summary>What its pictures depend on beside name, severity and draws, in a few words; null for nothing.</summary>
    internal virtual string? Ingredients => null;

    /// <summary>Makes <paramref name="destination"/> the corrupted <paramref name="source"/>, same size and channels.</summary>
    /// <param name="source">Grey or RGB, any size; the constants are those of <see cref="CorruptionVariants.ForSize"/>.</param>
    /// <param name="destination">Another image than the source; reshaped.</param>
    /// <param name="severity">1..5; 0 is refused (the original code silently takes it for 5).</param>
    /// <param name="random">Where draws come from, in row-major order (row, column, channel). Deterministic corruptions draw nothing.</param>
    /// <param name="scratch">The worker's buffers.</param>
    /// <exception cref="RobustifyException">Severity outside 1..5, an image of more than <see cref="MaxSide"/> a side, or source and destination are one.</exception>
    public void Apply(Image8 source, Image8 destination, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        CheckSeverity(severity);
        if (ReferenceEquals(source, destination))
            throw new RobustifyException($"{Name}: source and destination are the same image; pass two");
        CheckSide(source.Width, source.Height);
        destination.Reshape(source.Width, source.Height, source.Channels);
        var variant = CorruptionVariants.ForSize(source.Width, source.Height);
        Apply(source, destination, variant, severity, random, scratch);
    }

    /// <summary>
    /// Queues the corruption of a batch on a CUDA device: for each image the bytes that <see cref="Apply(Image8, Image8, int, IRandomStream, CorruptionScratch)"/>
    /// gives with the stream of <see cref="CorruptionSeed"/>.
    /// </summary>
    internal void Queue(DeviceBatch batch, int severity)
    {
        CheckSeverity(severity);
        CheckSide(batch.Width, batch.Height);
        Queue(batch, CorruptionVariants.ForSize(batch.Width, batch.Height), severity);
    }

    /// <summary>Throws unless <paramref name="severity"/> lies in 1..5.</summary>
    /// <exception cref="RobustifyException">It does not.</exception>
    public void CheckSeverity(int severity)
    {
        if (severity is < 1 or > MaxSeverity)
            throw new RobustifyException($"{Name}: severity {severity} found, 1..{MaxSeverity} expected");
    }

    private void CheckSide(int width, int height)
    {
        if (width > MaxSide || height > MaxSide)
            throw new RobustifyException($"{Name}: an image of {width}x{height} pixels found, at most {MaxSide} a side expected; reduce it first, for example with --prepare");
    }

    /// <summary>The corruption itself; <paramref name="destination"/> already has the source's shape, the severity is checked.</summary>
    private protected abstract void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch);

    /// <summary>The corruption on a device; the severity is checked.</summary>
    private protected abstract void Queue(DeviceBatch batch, CorruptionVariant variant, int severity);
}
