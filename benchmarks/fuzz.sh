#!/usr/bin/env bash
# Mutated files of every format, each of which must be read as it stands or refused in one line, and what came of it as a table.
#
#   benchmarks/fuzz.sh [FILES] [PYTHON] > benchmarks/results/fuzz.md
#
# FILES of each format, 10000 by default; PYTHON has torch, to read what was read of PyTorch's files a second time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
files=${1:-10000} python=${2:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/kept"
dotnet build tests/Native.Tests -c Release --nologo -v quiet >&2
outcome=passed
ROBUSTIFY_FUZZ=$files ROBUSTIFY_FUZZ_REPORT=$folder/report ROBUSTIFY_FUZZ_KEEP=${python:+$folder/kept} \
    dotnet test tests/Native.Tests -c Release --nologo --no-build --filter "FullyQualifiedName~Fuzzing" >&2 || outcome=FAILED
cat <<EOF
# Mutated files

\`benchmarks/fuzz.sh $*\`, $(date -u +%F), seed 20260917: $outcome. A file is mutated by bytes that change, go or are doubled and by words put in,
or, as often, by what is known of its format: values, names and offsets of a JSON text, operations of a pickle, entries and the directory of an
archive, checksums and lengths kept true. \`./test\` does the same with 250 files of each.

- *Read*: what is read was held against the file by another reader (safetensors), or byte by byte where elements alone differ (PyTorch); of
  data sets against the bytes; converted, it is the same again. *Refused*: in one line.
- Processor time is that of the thread, the worst file in milliseconds; a second is the limit.
- Memory is all that is allocated while a file is read three times over (its tensors, its description, its weights), garbage included, and
  the weights: the most that it was beyond twice the size of the file and of those beside it, in KiB; 384 is the limit (what small objects,
  an exception and its stack trace take). Of configurations 10 times stands in place of twice (read up to four times), of what is packed and of
  pictures the best that its format can pack.

| format | files | read | refused | worst ms | beyond KiB |
|---|---|---|---|---|---|
EOF
sort "$folder/report"
if [[ -n $python ]]; then
    printf '\nThe files of PyTorch that were read, read by PyTorch too (`benchmarks/peers/torch_fuzz.py`); where it refuses, it is stricter or dies of the file:\n\n'
    "$python" benchmarks/peers/torch_fuzz.py "$folder/kept" > "$folder/peer" || outcome=FAILED
    cat "$folder/peer" >&2
    grep -v '^PyTorch refuses' "$folder/peer" | sed 's/^/- /'
fi
[[ $outcome == passed ]]
