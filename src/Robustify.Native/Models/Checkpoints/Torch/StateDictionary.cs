using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// Finds the state dict in what a training script saved: the object itself, one that lies in it under a usual key, or the tensors of a
/// TorchScript module.
/// </summary>
internal static class StateDictionary
{
    // The moving average first, as timm prefers it; then what training scripts call the weights.
    private static readonly string[] UsualKeys = ["state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "module", "net", "teacher"];

    // Wrappers put these before every name: DataParallel and torch.compile.
    private static readonly string[] WrapperPrefixes = ["module.", "_orig_mod."];

    /// <summary>The tensors by name, in order.</summary>
    /// <exception cref="RobustifyException">No tensors with names, or a name twice.</exception>
    public static List<(string Name, PickledTensor Tensor)> Find(string path, object? root)
    {
        var tensors = root is PickledModule module ? ScriptModules.Tensors(path, module) : Of(root);
        if (tensors.Count == 0 && root is PickledDictionary outer)
        {
            foreach (string key in UsualKeys)
            {
                tensors = Of(outer.Entries.LastOrDefault(e => e.Key is string k && k == key).Value);
                if (tensors.Count > 0)
                    break;
            }
        }

        if (tensors.Count == 0)
        {
            throw new RobustifyException(
                $"{path}: holds no tensors by name, a state dict or a TorchScript module expected, or a state dict under {string.Join(", ", UsualKeys)}; save model.state_dict()");
        }

        if (tensors.Count > SafetensorsHeader.MaxTensors)
            throw new RobustifyException($"{path}: has {tensors.Count} tensors, at most {SafetensorsHeader.MaxTensors} expected; save the state dict alone");
        foreach (string prefix in WrapperPrefixes)
        {
            if (tensors.TrueForAll(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)))
                tensors = tensors.ConvertAll(t => (t.Name[prefix.Length..], t.Tensor));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, _) in tensors)
        {
            if (!names.Add(name))
                throw new RobustifyException($"{path}: tensor '{OneLine.Of(name)}' occurs twice, every name once expected; use an intact file of torch.save");
        }

        return tensors;
    }

    private static List<(string Name, PickledTensor Tensor)> Of(object? value)
    {
        var tensors = new List<(string, PickledTensor)>();
        foreach (var (key, item) in (value as PickledDictionary)?.Entries ?? [])
        {
            if (key is string name && item is PickledTensor tensor)
                tensors.Add((name, tensor));
        }

        return tensors;
    }
}
