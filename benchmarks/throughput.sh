#!/usr/bin/env bash
# Training and inference throughput on the CPU beside PyTorch's, in turn on the same machine; writes results/throughput.json.
# The peer needs python3 with torch and torchvision (Debian: python3-torch python3-torchvision libopenblas0-pthread); without them the
# column stays empty. Usage: benchmarks/throughput.sh [workers] [seconds a case]
set -euo pipefail
cd "$(dirname "$0")"
workers=${1:-2} seconds=${2:-5}
dotnet build Throughput -c Release -v q --nologo >&2
dll=$(find Throughput/bin/Release -name Throughput.dll | head -1)
ours=$(mktemp) peer=$(mktemp)
trap 'rm -f "$ours" "$peer"' EXIT
# Twice in turn, the better of each: another program's burst hits one run, not both.
for _ in 1 2; do
  dotnet "$dll" "$workers" "$seconds" >>"$ours"
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import torch, torchvision' 2>/dev/null; then
      "$python" peers/torch_throughput.py "$workers" "$seconds" >>"$peer"
      break
    fi
  done
done
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
awk -v workers="$workers" -v cpu="$cpu" -v date="$(date -u +%F)" '
  function better(table, key, value) { if (value + 0 > table[key] + 0) table[key] = value }
  NR == FNR { better(peer, $1, $3); next }
  { if (!($1 in ours)) order[++n] = $1; batch[$1] = $2; better(ours, $1, $3) }
  END {
    printf "{\n  \"cpu\": \"%s\",\n  \"date\": \"%s\",\n  \"workers\": %d,\n  \"unit\": \"images per second\",\n  \"cases\": [\n", cpu, date, workers
    for (i = 1; i <= n; i++) {
      k = order[i]
      printf "    {\"name\": \"%s\", \"batch\": %d, \"robustify\": %s", k, batch[k], ours[k]
      if (k in peer) printf ", \"pytorch\": %s, \"ratio\": %.2f", peer[k], ours[k] / peer[k]
      printf "}%s\n", i < n ? "," : ""
    }
    print "  ]\n}"
  }' "$peer" "$ours" | tee results/throughput.json
