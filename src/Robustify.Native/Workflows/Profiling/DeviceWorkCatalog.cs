using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Models;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>Works by their names: a preset with <c>.forward</c> or <c>.train</c>, one operation, a corruption, or a kind of augmentation.</summary>
internal static class DeviceWorkCatalog
{
    private const string Forward = ".forward";
    private const string Train = ".train";

    /// <summary>The names, for help.</summary>
    public static string Names => $"PRESET{Forward}, PRESET{Train}, {string.Join(", ", OperationWork.Names)}, {AugmentationWork.Prefix}KIND, or {CorruptionWork.Prefix}NAME (CUDA)";

    /// <summary>The work of that name, its memory taken.</summary>
    /// <exception cref="RobustifyException">There is none of that name, or the device has not enough memory.</exception>
    public static DeviceWork Create(string name, int batch, ComputeTarget target)
    {
        if (OperationWork.Names.Contains(name))
            return OperationWork.Create(name, batch, target);
        if (name.StartsWith(CorruptionWork.Prefix, StringComparison.Ordinal))
            return new CorruptionWork(name, batch, target);
        if (name.StartsWith(AugmentationWork.Prefix, StringComparison.Ordinal))
            return new AugmentationWork(name, batch, target);
        bool training = name.EndsWith(Train, StringComparison.Ordinal);
        string preset = training ? name[..^Train.Length] : name.EndsWith(Forward, StringComparison.Ordinal) ? name[..^Forward.Length] : "";
        if (!ModelPresets.Contains(preset))
            throw new RobustifyException($"profile: work '{name}' found, {Names} expected (presets: {string.Join(", ", ModelPresets.Names)})");
        return new ModelWork(name, ModelPresets.Create(preset), batch, training, target);
    }
}
