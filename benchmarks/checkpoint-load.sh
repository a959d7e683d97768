#!/usr/bin/env bash
# Loading a checkpoint of 346 MB against reading it with cat, five times each in turn; the file is in the page cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build benchmarks/CheckpointLoad -c Release -v q --nologo
program=benchmarks/CheckpointLoad/bin/Release/net10.0/CheckpointLoad
file=$(mktemp -d)/vit_base.safetensors
trap 'rm -rf "$(dirname "$file")"' EXIT
"$program" make "$file"
nproc; grep -m1 'model name' /proc/cpuinfo
for i in 1 2 3 4 5; do
    start=$(date +%s%N); cat "$file" > /dev/null; end=$(date +%s%N)
    echo "cat to /dev/null: $(((end - start) / 1000000)) ms"
    start=$(date +%s%N); cat "$file" | cat > /dev/null; end=$(date +%s%N)
    echo "cat through a pipe: $(((end - start) / 1000000)) ms"
    "$program" load "$file"
done
