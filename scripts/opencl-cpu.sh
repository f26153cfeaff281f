#!/usr/bin/env bash
# Runs the engine's GPU code through OpenCL on this machine's processor, by PoCL: slow, but real OpenCL at real sizes.
#
#   scripts/opencl-cpu.sh [check [N [F]]] the device tests, or those of them that filter F takes, then N facts (50) on --device opencl and on the CPU
#   scripts/opencl-cpu.sh run COMMAND …   one command with PoCL in reach: run dotnet test --filter Gemm, run dotnet run --project src/Cli -- devices
#   scripts/opencl-cpu.sh prefix          only fetches what is needed
#
# ILGPU needs PoCL 6, which comes with Debian's next release. It and the libraries it stands on are put into a folder of their
# own, artifacts/opencl or what SHARPFORMER_OPENCL_PREFIX names: nothing is installed. Exit code 3: it cannot be had here.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

suite=trixie
prefix=${SHARPFORMER_OPENCL_PREFIX:-$PWD/artifacts/opencl}
libraries=$prefix/usr/lib/x86_64-linux-gnu
packages=(pocl-opencl-icd libpocl2t64 libpocl2-common libllvm18 libclang-cpp18 libclang-common-18-dev libllvmspirvlib18.1 llvm-spirv-18
    libc6 libstdc++6 libgcc-s1 libhwloc15 libudev1 libffi8 libedit2 libz3-4 zlib1g libzstd1 libtinfo6 libxml2 libcap2 libbsd0
    liblzma5 libmd0 ocl-icd-libopencl1 patchelf)

cannot() {
    echo "OpenCL on the processor cannot be had here: $*" >&2
    exit 3
}

fetch_packages() {
    [ "$(uname -m)" = x86_64 ] || cannot "this is no x86-64 machine."
    command -v ld > /dev/null && command -v gcc > /dev/null || cannot "PoCL links its kernels with ld and GCC's libraries, and there are none."
    scripts/debian-packages.sh "$suite" main "$prefix/packages" "${packages[@]}" || cannot "see above."
    local package
    for package in "$prefix"/packages/*.deb; do dpkg-deb -x "$package" "$prefix"; done
}

# PoCL's libraries need the new glibc, so dotnet itself must start with it: a copy of the program with another loader named in it.
# Everything else of dotnet is linked, file by file: it looks for its runtime beside where it really lies.
make_prefix() {
    rm -rf "$prefix"
    fetch_packages
    ln -sf libOpenCL.so.1 "$libraries/libOpenCL.so" # the name that ILGPU asks for
    mkdir -p "$prefix/vendors" "$prefix/cache"
    ls "$libraries"/libpocl.so.2.*.* | head -1 > "$prefix/vendors/pocl.icd"
    local root loader=$libraries/ld-linux-x86-64.so.2
    root=$(dirname "$(readlink -f "$(command -v dotnet)")")
    cp -al "$root" "$prefix/dotnet" 2> /dev/null || { rm -rf "$prefix/dotnet"; cp -a "$root" "$prefix/dotnet"; } # links do not cross disks
    rm "$prefix/dotnet/dotnet"
    "$loader" --library-path "$libraries" "$prefix/usr/bin/patchelf" --set-interpreter "$loader" \
        --force-rpath --set-rpath "$libraries" --output "$prefix/dotnet/dotnet" "$root/dotnet"
    rm -rf "$prefix/packages"
    touch "$prefix/complete"
}

# A command that starts dotnet starts the one of the prefix.
with_opencl() {
    env PATH="$prefix/dotnet:$PATH" DOTNET_ROOT="$prefix/dotnet" OCL_ICD_VENDORS="$prefix/vendors" POCL_CACHE_DIR="$prefix/cache" "$@"
}

device_tests() { # further filter
    local output
    dotnet build Sharpformer.sln -v quiet
    output=$(with_opencl env SHARPFORMER_TEST_DEVICES=opencl dotnet test Sharpformer.sln --no-build --filter "DisplayName~opencl$1" 2>&1) \
        || { echo "$output"; return 1; }
    grep "^Passed!" <<< "$output" || { echo "no device test ran on OpenCL"; return 1; } # a line for each project that has some
}

program() {
    with_opencl dotnet src/Cli/bin/Release/net10.0/sharpformer.dll "$@"
}

# Facts taught on each device and evaluated there; those of OpenCL on the CPU as well, as a store belongs to no device.
end_to_end() { # facts
    local work=$prefix/check model=models/facts-gpt2 records=(--input data/facts/zsre.json --limit "$1" --answer-trigger " Answer:") device
    rm -rf "$work"
    mkdir -p "$work"
    dotnet build -c Release src/Cli -v quiet
    program devices
    for device in cpu opencl; do
        program edits add --model $model --edits "$work/$device.db" "${records[@]}" --theta 0.85 --alpha 1 --rec-weight 0.1 --device $device 2>&1 | tail -1
        evaluate "$device" "$device" "$device"
        program model logits --model $model --tokens 1,2,3,4,5,6,7,8 --device $device --json > "$work/logits-$device.json"
    done
    evaluate opencl cpu opencl-on-cpu
    same_numbers 1 "$work/cpu.json" "$work/opencl.json" "scores in percent"
    same_numbers 1 "$work/cpu.json" "$work/opencl-on-cpu.json" "scores of OpenCL's edits on the CPU"
    same_numbers 1e-3 "$work/logits-cpu.json" "$work/logits-opencl.json" "logits and predictions"
}

evaluate() { # edits of, device, name
    program evaluate edits --model $model --edits "$work/$1.db" "${records[@]}" --device "$2" --json > "$work/$3.json" 2> "$work/errors" \
        || { cat "$work/errors"; return 1; }
    echo "$3: $(cat "$work/$3.json")"
}

# Two JSON documents of one form: numbers may differ by so much, whole ones too, so that 1e-3 allows no other token.
same_numbers() { # tolerance, file, file, what
    paste <(numbers "$2") <(numbers "$3") | awk -v tolerance="$1" -v what="$4" '
        NF != 2 { print what ": one document has more numbers than the other"; wrong = 1; exit }
        { difference = $1 < $2 ? $2 - $1 : $1 - $2; if (difference > most) most = difference }
        END {
            if (wrong || NR == 0) exit 1
            printf "%s: the largest difference of %d numbers is %.2g, allowed is %g\n", what, NR, most, tolerance
            exit most > tolerance
        }'
}

numbers() { # file; the name of a device may have some, as avx512 in PoCL's
    sed 's/"device": *"[^"]*"//g' "$1" | grep -oE -- '-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?'
}

[ -e "$prefix/complete" ] || make_prefix
case ${1:-check} in
    check) device_tests "${3:+&$3}"; end_to_end "${2:-50}" ;;
    run) shift; with_opencl "$@" ;;
    prefix) echo "$prefix" ;;
    *) echo "error: '$1' is none of check, run, prefix; see the head of $0." >&2; exit 2 ;;
esac
