"""Joins the parts that device.sh leaves in a folder into one JSON: ours beside the twin's, with ratios above 1 where ours is faster.

Usage: join_device.py PARTS DATE CARD_AND_DRIVER.
"""
import json
import pathlib
import sys

parts, date, card = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def read(name):
    try:
        return json.loads((parts / name).read_text())
    except (OSError, ValueError):
        return None


def ratio(theirs, ours):
    return round(theirs / ours, 3) if theirs and ours else None


reference = json.loads((pathlib.Path(__file__).parent / "corruptions_reference_speed.json").read_text())["corruptions"]
selftest, doctor, works, versions = read("selftest.json"), read("doctor.json") or {}, [], {}
for line in (parts / "works").read_text().split("\n"):
    if not line:
        continue
    name, batch = line.split()
    ours, twin = read(f"{name}.ours.json"), read(f"{name}.twin.json")
    entry = {"work": name, "batch": int(batch), "precision": "bf16"}
    if ours:
        entry["milliseconds"] = ours["milliseconds"]
        entry["images_per_second"] = ours["images_per_second"]
        entry["ceilings"] = {"gigabytes_per_second": ours["ceiling_gigabytes_per_second"], "teraflops_per_second": ours["ceiling_teraflops_per_second"]}
        entry["slowest_kernels"] = [{"name": k["name"], "share": k["share"]} for k in ours["kernels"][:3]]
    if twin:
        versions = {k: twin[k] for k in ("torch", "cuda", "cudnn")}
        entry["pytorch_eager_milliseconds"], entry["pytorch_compiled_milliseconds"] = twin["eager_milliseconds"], twin["compiled_milliseconds"]
        if ours:
            entry["ratio_to_eager"] = ratio(twin["eager_milliseconds"], ours["milliseconds"])
            entry["ratio_to_compiled"] = ratio(twin["compiled_milliseconds"], ours["milliseconds"])
    stored = reference.get(name.removeprefix("corruption."), {}).get("images_per_s") if name.startswith("corruption.") else None
    if stored:
        entry["precision"] = "8 bit"
        entry["reference_images_per_second_on_one_cpu_core"] = stored
        if ours:
            entry["ratio_to_reference"] = ratio(ours["images_per_second"], stored)
    works.append(entry)

json.dump({
    "date": date, "card_and_driver": card, "device": (selftest or {}).get("device"), "robustify": (selftest or {}).get("version"),
    "libraries": {k: doctor.get(k) for k in ("cuda_driver", "nvrtc", "cublaslt")}, "pytorch": versions,
    "selftest": {k: selftest[k] for k in ("cases", "passed", "failed", "parity", "gradient", "images", "determinism", "seconds")} if selftest else None, "works": works,
}, sys.stdout, indent=2)
print()
