#!/usr/bin/env bash
# Loading a checkpoint of 346 MB (ViT-B/16, F32) beside reading it with cat, in turn: first from the page cache, then from the disk (the
# system's caches are dropped before each, which needs root). "Ready" is from the file's name to weights in memory, checked for NaN and
# infinity, that a forward pass can use; the start of the process is not in it. Processor seconds (user + system) stand beside wall time:
# on a busy machine they say what an idle one would take, divided by its cores for the load.
#
#   benchmarks/checkpoint-load.sh        as ./robustify runs: compiled when it runs, which is in the time
#   benchmarks/checkpoint-load.sh aot    compiled ahead of time, as a published binary is (needs gcc or clang)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ ${1:-} == aot ]]; then
    dotnet publish benchmarks/CheckpointLoad -c Release -r linux-x64 -p:PublishAot=true -o "$folder/bin" -v q --nologo
    program=$folder/bin/CheckpointLoad
else
    dotnet build benchmarks/CheckpointLoad -c Release -v q --nologo
    program=benchmarks/CheckpointLoad/bin/Release/net10.0/CheckpointLoad
fi
file=$folder/vit_base.safetensors
"$program" make "$file"
nproc; grep -m1 'model name' /proc/cpuinfo; cut -d' ' -f1-3 /proc/loadavg
TIMEFORMAT='    process: %3R s wall, %3U s user, %3S s system'

# What is measured: "cat" or "load".
measure() {
    echo "$1 $2"
    if [[ $2 == cat ]]; then time cat "$file" > /dev/null; else time "$program" load "$file"; fi
}

for _ in 1 2 3 4 5 6 7; do
    measure cached cat
    measure cached load
done
if sync && echo 3 2> /dev/null > /proc/sys/vm/drop_caches; then
    for _ in 1 2 3 4 5; do
        for what in cat load; do
            sync
            echo 3 > /proc/sys/vm/drop_caches
            measure disk "$what"
        done
    done
else
    echo "from the disk: skipped, /proc/sys/vm/drop_caches cannot be written (run as root)"
fi
"$program" forward vit_large_patch16_224
