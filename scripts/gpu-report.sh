#!/usr/bin/env bash
# Everything there is to know about a GPU in one go: the device tests on it, its speed beside the processor's, and facts taught
# and evaluated on both. Writes artifacts/gpu-report/report.json and report.md. Nothing stops at a failure: it is in the report.
#
#   scripts/gpu-report.sh [cuda|opencl] [MODEL …]
#
# MODEL is 'bundled', or a shape of 'model random' (gpt2, gpt2-xl, gpt-neo-2.7b, gpt-j-6b, …), whose weights are made up: F16, or F32
# with '-f32' appended (gpt2-f32), for cuBLAS takes no others. Without any: bundled, gpt2, gpt2-f32 and gpt2-xl, which take 5 GB
# of disk and of both memories. On CUDA speed is also measured with each of the ways to multiply, see --gpu-gemm.
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

device=${1:-cuda}
shift || true
models=("$@")
[ ${#models[@]} -gt 0 ] || models=(bundled gpt2 gpt2-f32 gpt2-xl)
[[ $device =~ ^(cuda|opencl)$ ]] || { echo "error: '$device' is no GPU device, expected cuda or opencl." >&2; exit 2; }
ways=(cpu "$device")
[ "$device" != cuda ] || ways+=(cuda-tf32 cuda-bf16 cuda-cublas)
report=artifacts/gpu-report
model=models/facts-gpt2
records=(--input data/facts/zsre.json --limit 50 --answer-trigger " Answer:")
errors=$report/errors.log

program() {
    echo "\$ sharpformer $*" >> "$errors"
    dotnet src/Cli/bin/Release/net10.0/sharpformer.dll "$@" 2>> "$errors"
}

document() { # file, command …: its JSON, or null
    local file=$report/$1
    shift
    program "$@" --json > "$file" && [ -s "$file" ] || echo null > "$file"
}

# The number called KEY in the object called OBJECT; documents have no spaces and these objects no inner ones.
figure() { # file, object, key
    local value
    value=$(grep -oE "\"$2\":\{[^}]*\}" "$report/$1" | head -1 | grep -oE "\"$3\":[-+.0-9eE]+" | head -1 | cut -d: -f2)
    [ -n "$value" ] && printf '%.4g' "$value" || printf -- '-'
}

device_tests() {
    SHARPFORMER_TEST_DEVICES=$device dotnet test Sharpformer.sln \
        --filter "DisplayName~$device|FullyQualifiedName~CublasTests|FullyQualifiedName~GemmTensorCoreTests" > "$report/tests.log" 2>&1
    tests=$(grep -oE 'Failed: +[0-9]+, Passed: +[0-9]+, Skipped: +[0-9]+' "$report/tests.log" | tr -d ',' \
        | awk '{ f += $2; p += $4; s += $6 } END { if (NR) printf "Failed: %d, Passed: %d, Skipped: %d", f, p, s }') # of all projects
    tests=${tests:-none ran}
}

speed() {
    local name folder dtype way gemm
    for name in "${models[@]}"; do
        folder=$model
        if [ "$name" != bundled ]; then
            folder=$report/$name
            rm -rf "$folder"
            dtype=f16
            [[ $name != *-f32 ]] || dtype=f32
            program model random --shape "${name%-f32}" --dtype $dtype --output "$folder" > /dev/null || continue
        fi
        for way in "${ways[@]}"; do
            gemm=f32
            [[ $way != *-* ]] || gemm=${way#*-}
            document "bench-$name-$way.json" bench --model "$folder" --device "${way%-*}" --gpu-gemm "$gemm" --edits 20 --seconds 10
        done
        [ "$name" = bundled ] || rm -rf "$folder"
    done
}

end_to_end() {
    local where
    for where in cpu "$device"; do
        document "add-$where.json" edits add --model $model --edits "$report/$where.db" "${records[@]}" --theta 0.85 --alpha 1 --rec-weight 0.1 --device "$where"
        document "evaluate-$where.json" evaluate edits --model $model --edits "$report/$where.db" "${records[@]}" --device "$where"
    done
}

write_json() {
    local file separator=
    printf '{"date":"%s","commit":"%s","device":"%s","card":"%s","tests":"%s"' "$date" "$commit" "$device" "$card" "$tests"
    for file in "$report"/{devices,bench-*,add-*,evaluate-*}.json; do
        [ -e "$file" ] && printf ',"%s":%s' "$(basename "$file" .json)" "$(cat "$file")"
    done
    echo "}"
}

write_markdown() {
    local name where way row object key unit
    echo "# GPU report: $device"
    printf '\n- %s, commit %s\n- card: %s\n- device tests: %s\n' "$date" "$commit" "${card:-unknown}" "$tests"
    printf '\n## Speed\n\n| model | figure |%s\n|---|---|%s\n' "$(printf ' %s |' "${ways[@]}")" "$(printf -- '---|%.0s' "${ways[@]}")"
    for name in "${models[@]}"; do
        for row in "forward tokensPerSecond tokens/s" "decode tokensPerSecond tokens/s" "retrofit editsPerSecond edits/s" "evaluation recordsPerSecond records/s"; do
            read -r object key unit <<< "$row"
            printf '| %s | %s, %s |' "$name" "$object" "$unit"
            for way in "${ways[@]}"; do printf ' %s |' "$(figure "bench-$name-$way.json" "$object" "$key")"; done
            echo
        done
    done
    printf '\n## 50 facts, taught and evaluated\n\n| on | ES | PS | NS | score |\n|---|---|---|---|---|\n'
    for where in cpu "$device"; do
        echo "| $where | $(figure "evaluate-$where.json" edited es) | $(figure "evaluate-$where.json" edited ps) | $(figure "evaluate-$where.json" edited ns) | $(figure "evaluate-$where.json" edited score) |"
    done
    printf '\nA dash is a run that failed; what it said is in errors.log.\n'
}

rm -rf "$report"
mkdir -p "$report"
date=$(date -u +%Y-%m-%dT%H:%M:%SZ)
commit=$(git rev-parse --short HEAD 2> /dev/null || echo unknown)
card=$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2> /dev/null | head -1 | tr -d '"')
dotnet build -c Release src/Cli -v quiet || exit 1
document devices.json devices
device_tests
speed
end_to_end
rm -f "$report"/*.db*
write_json > "$report/report.json"
write_markdown > "$report/report.md"
cat "$report/report.md"
