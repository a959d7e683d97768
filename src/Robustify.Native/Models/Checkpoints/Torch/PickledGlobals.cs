namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// Every global that a pickle may name. The list is the whole of what is trusted: what it lacks is refused by name, so nothing in a file
/// can run code. Source: torch/serialization.py and torch/_utils.py, what torch.save writes for a state dict;
/// torch/csrc/jit/serialization/pickler.cpp, what torch.jit.save writes for a module.
/// </summary>
internal static class PickledGlobals
{
    private const string ScriptModule = "__torch__";

    private static readonly Dictionary<string, object> Known = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = PickledGlobal.OrderedDictionary,
        ["torch._utils._rebuild_tensor"] = PickledGlobal.RebuildTensor,
        ["torch._utils._rebuild_tensor_v2"] = PickledGlobal.RebuildTensor,
        ["torch._utils._rebuild_parameter"] = PickledGlobal.RebuildParameter,
        ["torch.Size"] = PickledGlobal.Size,
        ["torch.DoubleStorage"] = new PickledStorageClass(StoredDType.F64),
        ["torch.FloatStorage"] = new PickledStorageClass(StoredDType.F32),
        ["torch.HalfStorage"] = new PickledStorageClass(StoredDType.F16),
        ["torch.BFloat16Storage"] = new PickledStorageClass(StoredDType.BF16),
        ["torch.LongStorage"] = new PickledStorageClass(StoredDType.I64),
        ["torch.IntStorage"] = new PickledStorageClass(StoredDType.I32),
        ["torch.ShortStorage"] = new PickledStorageClass(StoredDType.I16),
        ["torch.CharStorage"] = new PickledStorageClass(StoredDType.I8),
        ["torch.ByteStorage"] = new PickledStorageClass(StoredDType.U8),
        ["torch.BoolStorage"] = new PickledStorageClass(StoredDType.BOOL),
    };

    /// <summary>
    /// What a name stands for; null for any that is not listed. A class that TorchScript compiled is known by its module alone, whatever its
    /// name: all that is made of it is a holder of attributes.
    /// </summary>
    public static object? Find(string module, string name) =>
        module == ScriptModule || module.StartsWith(ScriptModule + ".", StringComparison.Ordinal)
            ? PickledGlobal.ScriptClass
            : Known.GetValueOrDefault($"{module}.{name}");
}
