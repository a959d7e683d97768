namespace Robustify.Native.Corruptions;

/// <summary>The samplers of all 256 grey levels for the photon count last asked for; a worker rarely changes it.</summary>
internal sealed class PoissonTable
{
    private readonly PoissonSampler[] samplers = new PoissonSampler[256];
    private double photons = double.NaN;

    /// <summary>Element k draws from Poisson(k / 255 * photons).</summary>
    public ReadOnlySpan<PoissonSampler> ForPhotons(double count)
    {
        if (photons != count)
        {
            for (int level = 0; level < samplers.Length; level++)
                samplers[level] = new PoissonSampler(UnitRange.Levels[level] * count);
            photons = count;
        }

        return samplers;
    }
}
