namespace Robustify.Native.Training;

/// <summary>What a line of metrics tells. All but <see cref="Seconds"/> and what is derived from it is a function of the seed.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Step">Finished steps.</param>
/// <param name="Loss">Mean loss of the steps since the line before (of the epoch at its end).</param>
/// <param name="Accuracy">
/// Share of labelled rows that the last loss's logits had right; on a device that queues its work of the steps that were looked at. NaN where
/// none was.
/// </param>
/// <param name="GradientNorm">Global norm of the last gradients before clipping.</param>
/// <param name="Rate">Learning rate of the last step.</param>
/// <param name="Images">Images seen in these steps by this process, not counting views.</param>
/// <param name="Seconds">Wall time of these steps.</param>
public readonly record struct TrainingRecord(
    int Epoch, long Step, double Loss, double Accuracy, double GradientNorm, double Rate, long Images, double Seconds)
{
    /// <summary>Images a second.</summary>
    public double ImagesPerSecond => Images / Math.Max(1e-9, Seconds);
}
