#!/usr/bin/env bash
# Checks and times a CUDA device, beside PyTorch on the same card in the same run.
#
#   benchmarks/device.sh bundle DIR        builds the bundle: needs the .NET SDK and gcc, no GPU
#   DIR/benchmarks/device.sh run [OUT]     runs it: needs a GPU, no .NET and no network; writes OUT (default device.json) and OUT.parts/
#   benchmarks/device.sh [OUT]             both, on one machine
#
# SECONDS_A_CASE (3) is how long each work is timed; BATCH_MODEL and BATCH_OPERATION (256) are its images, WORKS is a list of its own.
# The twin needs python3 with torch (and timm or torchvision); without them its columns stay empty. Nothing here touches the card's clocks,
# power or partitions.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
most_mebibytes=60

bundle() {
    local folder=$1
    mkdir -p "$folder"
    dotnet publish "$root/src/Robustify.Cli" -c Release -r linux-x64 -p:Bundle=true -o "$folder/bin" -v quiet --nologo >&2
    rm -f "$folder"/bin/*.dbg "$folder"/bin/*.pdb "$folder"/bin/*.xml
    mkdir -p "$folder/benchmarks/peers" "$folder/src/Robustify.Kernels/Cuda" "$folder/models" "$folder/data"
    cp "$here/device.sh" "$folder/benchmarks/"
    cp "$here/peers/torch_device.py" "$here/peers/join_device.py" "$here/peers/corruptions_reference_speed.json" "$folder/benchmarks/peers/"
    # The program carries its kernels; these are for those who read them beside ncu and compute-sanitizer.
    cp "$root/kernels.cu" "$folder/"
    cp -r "$root/src/Robustify.Kernels/Cuda/Sections" "$folder/src/Robustify.Kernels/Cuda/"
    cp "$root"/models/*.safetensors "$folder/models/"
    cp -r "$root/data/fashion-mnist" "$folder/data/"
    local size
    size=$(du -sm "$folder" | cut -f1)
    echo "bundle: $folder, $size MiB" >&2
    if ((size > most_mebibytes)); then
        echo "device.sh: the bundle has $size MiB, at most $most_mebibytes expected" >&2
        return 1
    fi
}

works() {
    local name
    if [[ -n ${WORKS:-} ]]; then
        for name in $WORKS; do echo "$name ${BATCH_OPERATION:-256}"; done
        return
    fi
    for name in vit_base_patch16_224.forward vit_base_patch16_224.train resnet50.forward resnet50.train; do
        echo "$name ${BATCH_MODEL:-256}"
    done
    for name in attention.forward attention.backward matmul layernorm.forward layernorm.backward convolution.forward convolution.backward adamw; do
        echo "$name ${BATCH_OPERATION:-256}"
    done
    # Their peers are the stored speeds of the reference generators on one CPU core.
    for name in gaussian_noise shot_noise impulse_noise defocus_blur glass_blur motion_blur zoom_blur snow frost fog brightness contrast \
        elastic_transform pixelate jpeg_compression speckle_noise gaussian_blur spatter saturate; do
        echo "corruption.$name ${BATCH_OPERATION:-256}"
    done
    # These have none: what they are held against is the same work with --device cpu.
    for name in standard augmix pixmix noise2net; do
        echo "augment.$name ${BATCH_OPERATION:-256}"
    done
}

run() {
    local program=$1 out=$2 seconds=${SECONDS_A_CASE:-3} side=${CEILING_SIDE:-8192} python='' card failed=0 name batch
    local parts=$out.parts
    mkdir -p "$parts"
    works >"$parts/works"
    command -v python3 >/dev/null && python=python3
    card=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -1) || card=''

    "$program" doctor --json >"$parts/doctor.json"
    echo "selftest ..." >&2
    "$program" selftest --device cuda --json >"$parts/selftest.json" || failed=1
    while read -r name batch; do
        echo "$name ..." >&2
        # One work's failure (such as too little memory) leaves the others their numbers.
        "$program" profile "$name" --batch "$batch" --precision bf16 --seconds "$seconds" --ceiling-side "$side" --json >"$parts/$name.ours.json" || failed=1
        if [[ $name != corruption.* && $name != augment.* && -n $python ]] && "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
            "$python" "$here/peers/torch_device.py" "$name" "$batch" "$seconds" >"$parts/$name.twin.json" || rm -f "$parts/$name.twin.json"
        fi
    done <"$parts/works"
    if [[ -z $python ]]; then
        echo "device.sh: no python3 to join the parts; they lie in $parts" >&2
        return 1
    fi
    "$python" "$here/peers/join_device.py" "$parts" "$(date -u +%F)" "$card" >"$out.unfinished"
    mv "$out.unfinished" "$out"
    echo "results: $out" >&2
    return $failed
}

case ${1:-} in
bundle)
    bundle "${2:?usage: device.sh bundle DIR}"
    ;;
run)
    run "$root/bin/robustify" "${2:-device.json}"
    ;;
*)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    bundle "$folder"
    run "$folder/bin/robustify" "${1:-device.json}"
    ;;
esac
