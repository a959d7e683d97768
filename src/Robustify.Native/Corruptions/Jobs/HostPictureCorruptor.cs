using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Jobs;

/// <summary>Corrupts on the calling thread.</summary>
internal sealed class HostPictureCorruptor : IPictureCorruptor
{
    private readonly CorruptionScratch scratch = new();
    private readonly PhiloxStream stream = new(0, RandomPurpose.Corruption, 0, 0);
    private Image8? picture;

    /// <inheritdoc/>
    public void Take(Image8 picture) => this.picture = picture;

    /// <inheritdoc/>
    public void Corrupt(Corruption corruption, int severity, ulong seed, uint sample, Image8 destination)
    {
        CorruptionSeed.Reset(stream, seed, corruption, severity, sample);
        corruption.Apply(picture!, destination, severity, stream, scratch);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
