"""Loads mutated files with PyTorch and compares what it reads with what this program read of them.

    mkdir kept; ROBUSTIFY_FUZZ=10000 ROBUSTIFY_FUZZ_KEEP=$PWD/kept ./test --filter "FullyQualifiedName~CheckpointFuzz"
    python3 benchmarks/peers/torch_fuzz.py kept

The folder holds pairs: NAME.pth, which was read, and NAME.safetensors, what was read. Only tensors and containers are unpickled. Written
for torch 1.13.0. TorchScript archives are left out: torch.load would run them.
"""
import argparse
import collections
import json
import pathlib
import pickle
import struct
import sys
import types
import warnings
import zipfile

import torch

ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("argparse", "Namespace"): argparse.Namespace,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
}


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) in ALLOWED:
            return ALLOWED[module, name]
        if module == "torch" and name.endswith("Storage"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")


DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64, "I32": torch.int32,
    "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool, "C64": torch.complex64,
}


def safetensors(path):
    data = path.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    return {
        name: (DTYPES[t["dtype"]], t["shape"], data[start + t["data_offsets"][0] : start + t["data_offsets"][1]])
        for name, t in header.items() if name != "__metadata__"
    }


def reference(path):
    """The state dict, found and freed of wrappers as docs/models.md says."""
    module = types.SimpleNamespace(Unpickler=Unpickler, load=lambda f, **_: Unpickler(f).load(), __name__="restricted")
    root = torch.load(path, map_location="cpu", pickle_module=module)
    tensors = lambda d: {k: v for k, v in d.items() if isinstance(k, str) and isinstance(v, torch.Tensor)} if isinstance(d, dict) else {}
    for key in ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "module", "net", "teacher", None):
        found = tensors(root if key is None else root.get(key))
        if found:
            break
    if not found:
        found = [t for t in map(tensors, root.values()) if t][0]
    while any(all(name.startswith(prefix) for name in found) for prefix in ("module.", "_orig_mod.", "model.", "backbone.")):
        found = {name.split(".", 1)[1]: tensor for name, tensor in found.items()}
    return {
        name: (t.dtype, list(t.shape), t.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b"")
        for name, t in found.items()
    }


def calls_a_folder(path):
    """Of an entry whose attributes say so PyTorch 1.13 reads nothing, and gives memory that nobody has set."""
    try:
        return any(entry.external_attr & 16 for entry in zipfile.ZipFile(path).infolist())
    except (NotImplementedError, zipfile.BadZipFile):
        return False


def main():
    warnings.simplefilter("ignore")
    counts, reasons = collections.defaultdict(collections.Counter), collections.Counter()
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.pth")):
        name = path.stem.rsplit("-", 1)[0]
        if name == "torchscript":
            continue
        ours = safetensors(path.with_suffix(".safetensors"))
        try:
            theirs = reference(path)
        except Exception as e:  # Anything may be wrong with the file.
            counts[name]["refused by PyTorch"] += 1
            reasons[f"{type(e).__name__} {str(e).splitlines()[0] if str(e) else ''}"[:100]] += 1
            continue
        same = ours.keys() == theirs.keys() and all(ours[k] == theirs[k] for k in ours)
        what = "equal" if same else "with an entry called a folder" if calls_a_folder(path) else "unlike"
        counts[name][what] += 1
        if what == "unlike":
            print(f"{path.name}: unlike")
    for reason, count in reasons.most_common():
        print(f"PyTorch refuses {count}: {reason}")
    for name, found in counts.items():
        print(f"{name}: {sum(found.values())} read, " + ", ".join(f"{n} {what}" for what, n in found.items()))
    sys.exit(any(found["unlike"] for found in counts.values()))


main()
