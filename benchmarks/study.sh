#!/usr/bin/env bash
# Makes docs/study: pretrains the small model, runs recipes/study.json (an hour and twenty minutes on two cores that had other work; goes on
# where it stopped), and copies the tables and the picture. Needs the whole of Fashion-MNIST (Debian: dataset-fashion-mnist).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
data=/usr/share/datasets/fashion-mnist
[[ -d $data ]] || { echo "study.sh: $data not found; install Debian's package dataset-fashion-mnist" >&2; exit 2; }
[[ -f runs/small/checkpoint.safetensors ]] || ./robustify pretrain --model resnet_fashion --data "$data" --epochs 4 --out runs/small
./robustify compare recipes/study.json --out runs/study
cp runs/study/results.md runs/study/results.csv runs/study/heads.csv runs/study/accuracy-cost.svg docs/study/
