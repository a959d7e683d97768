#!/usr/bin/env bash
# Every corruption at every severity on one photograph at 224 pixels, on one core, in turn with a Python twin (peers/corruptions.py: numpy, SciPy,
# scikit-image, OpenCV, Pillow and wand of the system) and beside stored figures of the published functions; writes results/corruptions.json.
# Ours is wall-clock time, the twin's processor time. Where Python or one of its packages is missing only the stored figures stand beside. Usage: benchmarks/corruptions.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}
peer=("$python" peers/corruptions.py serve ../tests/fixtures/corruptions/photos/astronaut_224.png ../tests/fixtures/corruptions/frost_synthetic)
if ! "$python" -c 'import cv2, numpy, PIL, scipy, skimage, wand' 2>/dev/null; then
    echo "corruptions.sh: no Python twin: $python lacks cv2, numpy, PIL, scipy, skimage or wand" >&2
    peer=()
fi
dotnet build Corruptions -c Release -v q --nologo >&2
dll=$(find Corruptions/bin/Release -name Corruptions.dll | head -1)

# Both programs on one core, so that neither takes more than the other.
pin=()
if command -v taskset >/dev/null; then
    pin=(taskset -c "$(taskset -cp $$ | sed 's/.*[:, -]//')")
fi
exec "${pin[@]}" dotnet "$dll" ../tests/fixtures/corruptions/photos/astronaut_224.png peers/corruptions_reference_speed.json \
    results/corruptions.json "${1:-2}" "${peer[@]}"
