#!/usr/bin/env bash
# Runs the program beside an OpenCL loader that has no driver to load, or a broken one: it must say and do what it does without.
#
#   scripts/opencl-loader.sh
#
# The loader is Debian's ocl-icd-libopencl1, which ffmpeg and others bring along, in a folder of its own, artifacts/opencl-loader:
# nothing is installed. Exit code 3: it cannot be tried here.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

work=$PWD/artifacts/opencl-loader
libraries=$work/usr/lib/x86_64-linux-gnu
generate=(generate --model models/facts-gpt2 --prompt "The capital of France is" --max-new-tokens 4)

cannot() {
    echo "An OpenCL loader without a driver cannot be tried here: $*" >&2
    exit 3
}

fetch() {
    [ "$(uname -m)" = x86_64 ] || cannot "this is no x86-64 machine."
    rm -rf "$work"
    scripts/debian-packages.sh bookworm main "$work/packages" ocl-icd-libopencl1 || cannot "see above."
    dpkg-deb -x "$work"/packages/*.deb "$work"
}

program() {
    env -u SHARPFORMER_DEVICE dotnet src/Cli/bin/Release/net10.0/sharpformer.dll "$@"
}

# What devices says, and a command that names no device: the results of each, and everything else with how they end.
say() { # folder
    mkdir -p "$1"
    local code=0
    program devices > "$1/devices" 2> "$1/notes" || code=$?
    program "${generate[@]}" > "$1/generate" 2>> "$1/notes" || code=$code,$?
    echo "exit code $code" >> "$1/notes"
}

# The same with the loader, which is told to find its drivers in one folder.
say_with_loader() { # vendors
    rm -rf "$work/with"
    LD_LIBRARY_PATH=$libraries OCL_ICD_VENDORS=$1 say "$work/with"
}

is_loaded() { # vendors
    LD_DEBUG=files LD_LIBRARY_PATH=$libraries OCL_ICD_VENDORS=$1 program devices > "$work/loaded" 2>&1
    grep -q "calling init: $libraries/libOpenCL.so.1" "$work/loaded"
}

as_without() { # what the loader finds, vendors
    say_with_loader "$2"
    diff -r "$work/without" "$work/with" || { echo "with $1 the program does not do as without a loader"; exit 1; }
    echo "with $1: as without a loader"
}

# A driver that takes the process along: a note says so, and nothing else changes.
passed_over() { # what the driver does, C code of its doing, exit code
    local vendors=$work/$1 found="no usable GPU was found, only opencl driver (crashes when it is asked for devices, exit code $3)."
    mkdir -p "$vendors"
    gcc -shared -fPIC -w -x c - -o "$vendors/driver.so" <<< "
        void abort(void);
        int clIcdGetPlatformIDsKHR(unsigned n, void **platforms, unsigned *count) { $2 }
        void *clGetExtensionFunctionAddress(const char *name) { return clIcdGetPlatformIDsKHR; }"
    echo "$vendors/driver.so" > "$vendors/driver.icd"
    say_with_loader "$vendors"
    grep -qxF "auto takes cpu: $found" "$work/with/devices" \
        && diff <(echo "note: Computing on cpu: $found"; cat "$work/without/notes") "$work/with/notes" \
        && diff "$work/without/generate" "$work/with/generate" \
        || { cat "$work/with/devices"; echo "a driver that $1 is not passed over"; exit 1; }
    echo "with a driver that $1: passed over, with a note"
}

fetch
dotnet build -c Release src/Cli -v quiet
say "$work/without"
grep -qx "exit code 0" "$work/without/notes" || { cat "$work/without/notes"; exit 1; }
grep -q "auto takes cpu: no accelerator was found" "$work/without/devices" || cannot "this machine has drivers of its own."

mkdir "$work"/{none,missing,text,other}
echo "$work/nowhere.so" > "$work/missing/driver.icd"
echo "no library" > "$work/text/driver.so"
echo "$work/text/driver.so" > "$work/text/driver.icd"
echo "libc.so.6" > "$work/other/driver.icd"
is_loaded "$work/none" || { echo "the loader is not loaded"; exit 1; }
as_without "no driver" "$work/none"
as_without "a driver that is missing" "$work/missing"
as_without "a driver that is a text" "$work/text"
as_without "a driver that is another library" "$work/other"
command -v gcc > /dev/null || { echo "drivers that crash are left out: there is no gcc to make them with"; exit 0; }
passed_over "crashes" "return *(volatile int *)0;" 139
passed_over "aborts" "abort();" 134
