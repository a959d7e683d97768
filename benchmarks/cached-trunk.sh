#!/usr/bin/env bash
# Epochs over a cached trunk beside the same epochs without it, in one run: distill with the last 2 of 12 blocks of a ViT-Tiny/16 tuned and 10
# frozen, a ResNet-18 teacher, images of 224 pixels. Both compute the same numbers: the checkpoints are compared. Writes
# results/cached-trunk.json: seconds of the fastest epoch of each, their ratio, and what filling the cache took.
# Usage: benchmarks/cached-trunk.sh [images] [epochs] [workers]
set -euo pipefail
cd "$(dirname "$0")/.."
images=${1:-32} epochs=${2:-3} workers=${3:-2}
dotnet build src/Robustify.Cli -c Release -v q --nologo >&2
robustify() { dotnet src/Robustify.Cli/bin/Release/net10.0/robustify.dll "$@" >&2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The presets have 1000 classes, and so has the data: pictures of the fixtures in turn, two of each class, as the split needs.
pictures=(tests/fixtures/jpeg/baseline_*.jpg)
mkdir -p "$work"/data/{000..999}
for i in "${!pictures[@]}"; do
    copies=()
    for ((class = i; class < 1000; class += ${#pictures[@]})); do
        printf -v folder '%s/data/%03d' "$work" "$class"
        copies+=("$folder/1.jpg" "$folder/2.jpg")
    done
    tee "${copies[@]}" <"${pictures[i]}" >/dev/null
done
common=(--data "$work/data" --test-limit 1 --batch 16 --device cpu --workers "$workers")
# Untrained weights cost what trained ones do: a step at rate 0 makes a checkpoint of each preset.
robustify pretrain --model vit_tiny_patch16_224 --epochs 1 --rate 0 "${common[@]}" --limit 16 --out "$work/student"
robustify teach --model resnet18 --epochs 1 --rate 0 --augmix-views 0 "${common[@]}" --limit 16 --out "$work/teacher"
distill=(distill --student "$work/student" --teacher "$work/teacher" --tuned last --tail-blocks 2 --augment-bank 1 --held-out 0 --limit "$images" --epochs "$epochs" "${common[@]}")
# Twice in turn, and the fastest epoch of each: another program's burst hits one run, not both.
for turn in 1 2; do
    robustify "${distill[@]}" --trunk-cache none --out "$work/uncached$turn"
    robustify "${distill[@]}" --trunk-cache memory --out "$work/cached$turn"
    cmp "$work/uncached$turn/checkpoint.safetensors" "$work/cached$turn/checkpoint.safetensors"
done
fastest() { cat "$work/$1"?/metrics.jsonl | sed -n '/"kind":"epoch"/s/.*"timing":{"seconds":\([0-9.]*\).*/\1/p' | sort -g | head -1; }
fill=$(cat "$work"/cached?/ledger.json | sed -n '/"trunk_cache"/,/}/s/.*"seconds": \([0-9.]*\).*/\1/p' | sort -g | head -1)
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
awk -v a="$(fastest uncached)" -v b="$(fastest cached)" -v fill="$fill" -v images="$images" -v workers="$workers" -v cpu="$cpu" -v date="$(date -u +%F)" 'BEGIN {
    printf "{\n  \"cpu\": \"%s\",\n  \"date\": \"%s\",\n  \"workers\": %d,\n", cpu, date, workers
    printf "  \"student\": \"vit_tiny_patch16_224, 10 of 12 blocks frozen\",\n  \"teacher\": \"resnet18\",\n  \"images\": %d,\n", images
    printf "  \"uncached_epoch_seconds\": %.3f,\n  \"cached_epoch_seconds\": %.3f,\n  \"fill_seconds\": %.3f,\n  \"ratio\": %.2f\n}\n", a, b, fill, a / b }' |
    tee benchmarks/results/cached-trunk.json
