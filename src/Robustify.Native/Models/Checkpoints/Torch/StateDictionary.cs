using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// Finds the state dict in what a training script saved: one that lies under a usual key, the object itself, the only one there is, or the
/// tensors of a TorchScript module.
/// </summary>
internal static class StateDictionary
{
    // The moving average first, as timm prefers it; then what training scripts call the weights.
    private static readonly string[] UsualKeys = ["state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "module", "net", "teacher"];

    // Wrappers put these before every name: DataParallel, torch.compile, Lightning, and what puts other heads on a model.
    private static readonly string[] WrapperPrefixes = ["module.", "_orig_mod.", "model.", "backbone."];

    // What torch.optim.swa_utils.AveragedModel counts, beside "module." and the averaged model.
    private const string AveragedCount = "n_averaged";

    /// <summary>The tensors by name, in order.</summary>
    /// <exception cref="RobustifyException">No tensors with names, one that is not dense, or a name twice.</exception>
    public static List<(string Name, PickledTensor Tensor)> Find(string path, object? root)
    {
        var tensors = root is PickledModule module ? ScriptModules.Tensors(path, module) : Of(path, Choose(path, root as PickledDictionary));
        if (tensors.Count > SafetensorsHeader.MaxTensors)
            throw new RobustifyException($"{path}: has {tensors.Count} tensors, at most {SafetensorsHeader.MaxTensors} expected; save the state dict alone");
        tensors = WithoutWrappers(tensors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, _) in tensors)
        {
            if (!names.Add(name))
                throw new RobustifyException($"{path}: tensor '{OneLine.Of(name)}' occurs twice, every name once expected; use an intact file of torch.save");
        }

        return tensors.Count > 0 ? tensors : throw NoTensors(path, "");
    }

    // Scores of a training script may be tensors beside the state dict, so that is looked for first.
    private static PickledDictionary Choose(string path, PickledDictionary? root)
    {
        if (root is null)
            throw NoTensors(path, "");
        foreach (string key in UsualKeys)
        {
            if (root.Entries.LastOrDefault(e => e.Key is string k && k == key).Value is PickledDictionary usual && HasTensors(usual))
                return usual;
        }

        if (HasTensors(root))
            return root;
        var others = root.Entries.Where(e => e.Key is string && e.Value is PickledDictionary other && HasTensors(other)).Take(9).ToList();
        return others.Count == 1
            ? (PickledDictionary)others[0].Value!
            : throw NoTensors(path, others.Count == 0 ? "" : $" but under {string.Join(", ", others.Select(o => $"'{OneLine.Of((string)o.Key!, 40)}'"))}");
    }

    private static bool HasTensors(PickledDictionary dictionary) => dictionary.Entries.Exists(e => e is (string, PickledTensor));

    private static List<(string Name, PickledTensor Tensor)> Of(string path, PickledDictionary dictionary)
    {
        var tensors = new List<(string, PickledTensor)>();
        foreach (var (key, item) in dictionary.Entries)
        {
            if (key is not string name)
                continue;
            if (item is PickledTensor tensor)
                tensors.Add((name, tensor));
            else if (item is PickledData { Global: var global } && global.StartsWith("torch._utils._rebuild_", StringComparison.Ordinal))
            {
                throw new RobustifyException(
                    $"{path}: tensor '{OneLine.Of(name)}' is quantized or sparse ({global}), a dense one expected; save tensor.dequantize() or tensor.to_dense()");
            }
        }

        return tensors;
    }

    private static List<(string Name, PickledTensor Tensor)> WithoutWrappers(List<(string Name, PickledTensor Tensor)> tensors)
    {
        while (true)
        {
            string? wrapper = Array.Find(WrapperPrefixes, prefix => tensors.TrueForAll(
                t => t.Name == AveragedCount || t.Name.StartsWith(prefix, StringComparison.Ordinal)));
            if (wrapper is null || tensors.TrueForAll(t => t.Name == AveragedCount))
                return tensors;
            tensors.RemoveAll(t => t.Name == AveragedCount);
            tensors = tensors.ConvertAll(t => (t.Name[wrapper.Length..], t.Tensor));
        }
    }

    private static RobustifyException NoTensors(string path, string where) => new(
        $"{path}: holds no tensors by name{where}; a state dict or a TorchScript module expected, or a state dict under "
        + $"{string.Join(", ", UsualKeys)}; save model.state_dict()");
}
