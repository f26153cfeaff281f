#!/usr/bin/env bash
# Compiles every GPU kernel for NVIDIA's A100 (sm_80) and H100 (sm_90) and lets NVIDIA's assembler say what each takes; needs no GPU.
# Prints a table, its extremes by class as Markdown, and fails where a kernel spills registers to memory, has a stack or calls what is not there. ptxas is taken from PATH,
# else from Debian's nvidia-cuda-toolkit, which is put into artifacts/ptx/ for this script alone: nothing is installed. That needs
# apt-get and dpkg-deb. Without either only the compiler's own output is checked.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

suite=trixie
prefix=$PWD/artifacts/ptx
architectures=(sm_80 sm_90)
ptxas=$(command -v ptxas || true)

say() { echo "$*" >&2; }

fetch_ptxas() {
    scripts/debian-packages.sh "$suite" non-free "$prefix/packages" nvidia-cuda-toolkit || return 1
    dpkg-deb --fsys-tarfile "$prefix"/packages/nvidia-cuda-toolkit_*.deb | tar -x -C "$prefix" ./usr/bin/ptxas || return 1
    rm -rf "$prefix/packages"
}

if [ -z "$ptxas" ]; then
    [ -x "$prefix/usr/bin/ptxas" ] || fetch_ptxas || true
    [ -x "$prefix/usr/bin/ptxas" ] && ptxas=$prefix/usr/bin/ptxas
fi

dotnet build -c Release src/Cli -v quiet
for arch in "${architectures[@]}"; do
    rm -rf "$prefix/$arch"
    dotnet src/Cli/bin/Release/net10.0/sharpformer.dll devices kernels --arch "$arch" --output "$prefix/$arch"
done

# Tensor cores' sums leave inline assembly through a stack of 16 bytes, once for each product.
if grep -l '\.extern' "$prefix"/sm_*/*.ptx || grep -L 'mma\.sync' "$prefix"/sm_*/*.ptx | tr '\n' '\0' | xargs -0 grep -l '\.local'; then
    say "error: the kernels above call functions that are not there, or keep arrays in memory of their own."
    exit 1
fi
if [ -z "$ptxas" ]; then
    say "There is no ptxas: registers, spills and occupancy are not known. No kernel calls anything or has memory of its own."
    exit 0
fi

for arch in "${architectures[@]}"; do
    find "$prefix/$arch" -name '*.ptx' -print0 | xargs -0 -P "$(nproc)" -I '{}' \
        sh -c '"$1" -arch="$2" -v "$3" -o /dev/null > "$3.log" 2>&1 || { echo "error: $3 cannot be assembled:"; cat "$3.log"; exit 255; } >&2' \
        - "$ptxas" "$arch" '{}'
done

# Warps that fit a multiprocessor of at most 64, by its 65,536 registers (a warp gets them by 256) and its shared memory.
printf '%-72s %-6s %9s %7s %6s %9s\n' kernel arch registers shared spills occupancy
for log in "$prefix"/sm_*/*.log; do
    awk -v path="$log" '
        / bytes stack frame/ { stack = $1; spills = $5 + $9 }
        / registers/ { for (i = 2; i <= NF; i++) { if ($i ~ /^registers/) registers = $(i - 1); if ($i == "bytes" && $(i + 1) ~ /^smem/) shared = $(i - 1) } }
        END {
            n = split(path, part, "/"); name = part[n]; arch = part[n - 1]; sub(/\.ptx\.log$/, "", name)
            warps = name ~ /^GemmSmallTileKernels/ ? 2 : 8
            most = 64 / warps; if (most > 32) most = 32
            byRegisters = int(65536 / (int((registers * 32 + 255) / 256) * 256 * warps)); if (byRegisters < most) most = byRegisters
            byShared = int((arch == "sm_80" ? 164 : 228) * 1024 / (shared + 1024)); if (byShared < most) most = byShared
            if (name ~ /^GemmTensorCoreKernels/ && stack <= 16) stack = 0
            printf "%-72s %-6s %9d %7d %6d %8.0f%%\n", name, arch, registers, shared, spills + stack, 100 * most * warps / 64
        }' "$log"
done | tee "$prefix/table.txt"

# Of a pair, the first is of sm_80, the second of sm_90.
printf '\n| class | kernels | most registers | most shared memory, bytes | spills | lowest occupancy |\n|---|---|---|---|---|---|\n'
awk '{
        split($1, name, "."); class = name[1]; kernels[class]++; spills[class] += $5; at = class $2
        if ($3 > registers[at]) registers[at] = $3
        if ($4 > shared[at]) shared[at] = $4
        if (!(at in least) || $6 + 0 < least[at]) least[at] = $6 + 0
    }
    END {
        for (class in kernels) {
            a = class "sm_80"; b = class "sm_90"
            printf "| `%s` | %d | %d, %d | %d, %d | %d | %d %%, %d %% |\n", class, kernels[class] / 2, registers[a], registers[b], shared[a], shared[b], spills[class], least[a], least[b]
        }
    }' "$prefix/table.txt" | sort

awk '{ if ($3 > registers) { registers = $3; worst = $1 " " $2 } if ($5 > 0) spilling++; n++ }
    END { printf "%d kernels assembled; most registers %d (%s); %d with spills or a stack they should not have\n", n, registers, worst, spilling; exit spilling > 0 }' "$prefix/table.txt"
