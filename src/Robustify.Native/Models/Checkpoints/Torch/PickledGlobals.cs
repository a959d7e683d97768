namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// Every global that a pickle may name. The list is the whole of what is known: what it lacks is refused by name. Nothing of a file is ever
/// run: tensors and containers are described, and the plain data that training scripts save beside them is passed over.
/// Source: torch/serialization.py and torch/_utils.py, what torch.save writes for a state dict;
/// torch/csrc/jit/serialization/pickler.cpp, what torch.jit.save writes for a module.
/// </summary>
internal static class PickledGlobals
{
    private const string ScriptModule = "__torch__";

    private static readonly Dictionary<string, object> Known = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = PickledGlobal.OrderedDictionary,
        ["collections.defaultdict"] = PickledGlobal.DefaultDictionary,
        ["torch._utils._rebuild_tensor"] = PickledGlobal.RebuildTensor,
        ["torch._utils._rebuild_tensor_v2"] = PickledGlobal.RebuildTensor,
        ["torch._utils._rebuild_tensor_v3"] = PickledGlobal.RebuildTypedTensor,
        ["torch._utils._rebuild_parameter"] = PickledGlobal.RebuildParameter,
        ["torch._utils._rebuild_parameter_with_state"] = PickledGlobal.RebuildParameter,
        ["torch._tensor._rebuild_from_type_v2"] = PickledGlobal.RebuildSubclass,
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
        ["torch.ComplexFloatStorage"] = new PickledStorageClass(StoredDType.C64),
        ["torch.QInt8Storage"] = new PickledStorageClass(StoredDType.I8),
        ["torch.QUInt8Storage"] = new PickledStorageClass(StoredDType.U8),
        ["torch.QInt32Storage"] = new PickledStorageClass(StoredDType.I32),
        ["torch.storage.UntypedStorage"] = new PickledStorageClass(StoredDType.U8),
        ["torch.uint16"] = new PickledStorageClass(StoredDType.U16),
        ["torch.uint32"] = new PickledStorageClass(StoredDType.U32),
        ["torch.uint64"] = new PickledStorageClass(StoredDType.U64),
        ["torch.float8_e4m3fn"] = new PickledStorageClass(StoredDType.F8_E4M3),
        ["torch.float8_e5m2"] = new PickledStorageClass(StoredDType.F8_E5M2),
        ["torch.float8_e8m0fnu"] = new PickledStorageClass(StoredDType.F8_E8M0),
    };

    // Options, scores and states of a training script, and tensors that are not dense: of no use here, and harmless, as none is ever made.
    private static readonly HashSet<string> Data = new(StringComparer.Ordinal)
    {
        "argparse.Namespace", "types.SimpleNamespace", "collections.Counter", "collections.deque", "_codecs.encode",
        "builtins.set", "builtins.frozenset", "builtins.list", "builtins.dict", "builtins.tuple", "builtins.int", "builtins.long", "builtins.float", "builtins.bool",
        "builtins.str", "builtins.bytes", "builtins.bytearray", "builtins.complex", "builtins.slice", "builtins.range",
        "numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray.scalar", "numpy._core.multiarray._reconstruct",
        "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer", "numpy.dtype", "numpy.ndarray",
        "yacs.config.CfgNode", "easydict.EasyDict", "pytorch_lightning.utilities.parsing.AttributeDict",
        "datetime.datetime", "datetime.timedelta", "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath",
        "torch.device", "torch.Tensor", "torch.nn.parameter.Parameter", "torch.serialization._get_layout",
        "torch.float64", "torch.float32", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32", "torch.int16", "torch.int8", "torch.uint8",
        "torch.bool", "torch.complex64", "torch.per_tensor_affine", "torch.per_channel_affine",
        "torch._utils._rebuild_qtensor", "torch._utils._rebuild_sparse_tensor", "torch._utils._rebuild_sparse_csr_tensor",
    };

    /// <summary>
    /// What a name stands for; null for any that is not listed. A class that TorchScript compiled is known by its module alone, whatever its
    /// name: all that is made of it is a holder of attributes.
    /// </summary>
    public static object? Find(string module, string name)
    {
        if (module == ScriptModule || module.StartsWith(ScriptModule + ".", StringComparison.Ordinal))
            return PickledGlobal.ScriptClass;
        string full = $"{(module == "__builtin__" ? "builtins" : module)}.{name}"; // As Python 2 and protocol 2 name it.
        return Known.TryGetValue(full, out object? known) ? known : Data.TryGetValue(full, out string? data) ? new PickledData(data) : null;
    }
}
