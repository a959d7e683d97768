#!/usr/bin/env bash
# Kills training runs without warning (SIGKILL) at random moments, resumes them, and compares what comes out with an undisturbed run, byte for
# byte: the model, the state and the metrics but for their timing. Prints "N of KILLS". The moments are drawn with the seed over the whole
# of a run; verbs take turns. Usage: benchmarks/kill-resume.sh [kills] [seed]
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-30} seed=${2:-1}
dotnet build src/Robustify.Cli -c Release -v q --nologo >&2
program=src/Robustify.Cli/bin/Release/net10.0/robustify.dll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
common=(--limit 96 --test-limit 10 --held-out 16 --epochs 3 --batch 16 --save-every 2 --log-every 3 --keep 1 --seed 7 --workers 1 --device cpu)
verbs=(teach distill finetune pretrain)

arguments() {
    case $1 in
        teach) echo teach --model resnet_fashion ;;
        distill) echo distill --teacher "$work/undisturbed-teach" --tail-blocks 1 ;;
        finetune) echo finetune --method partial --augmix-views 1 ;;
        pretrain) echo pretrain --model resnet_fashion ;;
    esac
}

run() { # verb directory [--resume]
    # shellcheck disable=SC2046
    exec dotnet "$program" $(arguments "$1") "${common[@]}" --out "$2" "${@:3}" >/dev/null 2>"$2.log"
}

seconds() { date +%s.%N; }

# The time from the beginning of run.json to the end of the process, in seconds.
declare -A duration
for verb in "${verbs[@]}"; do
    out=$work/undisturbed-$verb
    (run "$verb" "$out") &
    pid=$!
    until [[ -f $out/run.json ]]; do sleep 0.01; done
    start=$(seconds)
    wait "$pid" || { cat "$out.log" >&2; exit 1; }
    duration[$verb]=$(awk -v a="$start" -v b="$(seconds)" 'BEGIN { print b - a }')
done

same() { # undisturbed disturbed
    local file
    for file in checkpoint.safetensors state.safetensors best.safetensors; do
        [[ -f $1/$file ]] || continue
        cmp -s "$1/$file" "$2/$file" || { echo "$file differs" >&2; return 1; }
    done
    diff <(sed 's/,"timing".*//' "$1/metrics.jsonl") <(sed 's/,"timing".*//' "$2/metrics.jsonl") >/dev/null || { echo "metrics.jsonl differs" >&2; return 1; }
}

equal=0 done=0 draw=0
while ((done < kills)); do
    verb=${verbs[done % ${#verbs[@]}]} out=$work/disturbed
    rm -rf "$out"
    wait_for=$(awk -v seed="$seed" -v draw="$draw" -v most="${duration[$verb]}" 'BEGIN { srand(seed * 100003 + draw); rand(); print rand() * most }')
    ((++draw))
    (run "$verb" "$out") &
    pid=$!
    until [[ -f $out/run.json ]]; do sleep 0.01; done
    sleep "$wait_for"
    kill -KILL "$pid" 2>/dev/null || true
    # A run that was over before its moment came was not killed: another moment is drawn.
    if wait "$pid" 2>/dev/null; then continue; fi
    step=$(tail -1 "$out/metrics.jsonl" 2>/dev/null | sed -n 's/.*"step":\([0-9]*\).*/\1/p' || true)
    (run "$verb" "$out" --resume) || { cat "$out.log" >&2; }
    ((++done))
    if same "$work/undisturbed-$verb" "$out"; then ((++equal)); verdict=equal; else verdict=DIFFERENT; fi
    printf '%2d %-8s killed after %5.2f s, last line of metrics at step %s: %s\n' "$done" "$verb" "$wait_for" "${step:--}" "$verdict" >&2
done
echo "$equal of $kills"
((equal == kills))
