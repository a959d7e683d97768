using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;

namespace Robustify.Native.Training;

/// <summary>Memory that one part of a run takes.</summary>
/// <param name="Name">What for.</param>
/// <param name="Bytes">How much.</param>
public readonly record struct MemoryPart(string Name, long Bytes);

/// <summary>
/// Memory of a run by part, known before any of it is taken. All of it is held at once, so the peak is the sum. The runtime (some tens of
/// MiB), the scratch of the step's kernels and pictures being decoded are not in it.
/// </summary>
/// <param name="Parts">Each once.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPart> Parts)
{
    /// <summary>All parts.</summary>
    public long PeakBytes => Parts.Sum(part => part.Bytes);

    /// <summary>The plan of a training run whose stores and step were laid out with <see cref="ComputeTarget.ForPlanning"/>.</summary>
    /// <param name="step">The step.</param>
    /// <param name="optimizer">Whose state counts.</param>
    /// <param name="loader">Whose batches count.</param>
    /// <param name="isCuda">Whether a CUDA device makes the rows of batches.</param>
    /// <param name="others">Further models, by name.</param>
    internal static MemoryPlan Of(
        ITrainingStep step, OptimizerOptions optimizer, BatchLoaderOptions loader, bool isCuda, params ReadOnlySpan<(string Name, ParameterStore Parameters)> others)
    {
        var parameters = step.Parameters;
        long trained = parameters.TrainedCount * sizeof(float);
        var parts = new List<MemoryPart>
        {
            new("parameters, trained", trained),
            new("parameters, frozen", parameters.Bytes - parameters.GradientBytes - trained),
        };
        foreach (var (name, store) in others)
            parts.Add(new(name, store.Bytes));
        parts.Add(new("gradients", parameters.GradientBytes));
        parts.Add(new("optimizer state", Optimizer.StateLength(optimizer, parameters.TrainedCount) * sizeof(float)));
        parts.Add(new("step: activations and their gradients", step.ArenaBytes));
        parts.Add(new(isCuda ? "batches of images, in host memory" : "batches of images", LoaderMemory.HostBytes(loader, isCuda)));
        if (isCuda)
            parts.Add(new("batch of images and its augmentation", LoaderMemory.DeviceBytes(loader)));
        return new MemoryPlan(parts);
    }
}
