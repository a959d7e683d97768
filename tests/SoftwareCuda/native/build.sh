#!/usr/bin/env bash
# build.sh FOLDER: builds the software CUDA device into the folder, under the names of NVIDIA's libraries.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: build.sh FOLDER" >&2; exit 2; }
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)

objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
flags="-std=gnu++17 -O2 -g1 -march=native -Wall -Wextra -Wno-format-truncation -fPIC -fvisibility=hidden -fno-strict-aliasing -pthread"
parts="runtime check driver nvrtc cublas"

# One translation unit a folder: the standard library's headers are read five times instead of thirty.
for part in $parts; do
    for file in "$source/$part"/*.cpp; do echo "#include \"$file\""; done > "$objects/$part.cpp"
    # shellcheck disable=SC2086
    "${CXX:-g++}" $flags -c "$objects/$part.cpp" -o "$objects/$part.o" &
done
failed=0
for job in $(jobs -p); do wait "$job" || failed=1; done
[ $failed -eq 0 ] || exit 1

cd "$objects"
"${CXX:-g++}" -shared -pthread runtime.o check.o driver.o nvrtc.o cublas.o -o libswcuda.so -Wl,-soname,libswcuda.so -ldl
cp libswcuda.so "$folder/"
cp -R "$source/abi.h" "$source/device" "$folder/"
for name in libcuda.so.1 libnvrtc.so.12 libcublas.so.12 libcublasLt.so.12; do ln -sf libswcuda.so "$folder/$name"; done
