#!/usr/bin/env bash
# Every corruption on one photograph at 224 pixels, severity 3, one thread, beside the figures of the reference Python; writes
# results/corruptions.json. Usage: benchmarks/corruptions.sh
set -euo pipefail
cd "$(dirname "$0")"
dotnet build Corruptions -c Release -v q --nologo >&2
dll=$(find Corruptions/bin/Release -name Corruptions.dll | head -1)
dotnet "$dll" ../tests/fixtures/corruptions/photos/astronaut_224.png peers/corruptions_reference_speed.json results/corruptions.json
