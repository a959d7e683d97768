using Robustify.Kernels;

namespace Robustify.Native.Training;

/// <summary>What a run writes down on its way. Counted in steps, never in time, so that one seed gives the same files.</summary>
public sealed record RecordOptions
{
    /// <summary>Steps between two savings of model and state, at least 1; the end of an epoch is saved too.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>Models of the last savings that stay in <c>checkpoints/</c> beside the newest, at least 0.</summary>
    public int Keep { get; init; }

    /// <summary>Steps between two lines of metrics, at least 1; the end of an epoch has a line too.</summary>
    public int LogEvery { get; init; } = 50;

    /// <summary>Refuses values outside their ranges.</summary>
    /// <exception cref="RobustifyException">Names the option, what was found and its range.</exception>
    public void Validate()
    {
        if (SaveEvery < 1)
            throw new RobustifyException($"--save-every: {SaveEvery} found, at least 1 step expected");
        if (Keep < 0)
            throw new RobustifyException($"--keep: {Keep} found, at least 0 expected");
        if (LogEvery < 1)
            throw new RobustifyException($"--log-every: {LogEvery} found, at least 1 step expected");
    }
}
