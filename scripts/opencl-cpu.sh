#!/usr/bin/env bash
# Runs the engine's GPU code through OpenCL on this machine's processor, by PoCL: slow, but real OpenCL at real sizes.
#
#   scripts/opencl-cpu.sh                 the device tests, then facts taught and evaluated on --device opencl and on the CPU
#   scripts/opencl-cpu.sh run COMMAND …   one command with PoCL in reach, for example: run dotnet test --filter Device
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

# The machine's own mirror with another suite; what comes from it is checked with Debian's keys as usual.
fetch_packages() {
    [ "$(uname -m)" = x86_64 ] && command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || cannot "this is no x86-64 Debian."
    local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg apt=$prefix/apt package
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 'Created-By: Packages' \
        | awk '$2 == "Debian" && $3 == "main" && $1 !~ /security/ { print $1; exit }')
    [ -n "$mirror" ] && [ -e "$keys" ] || cannot "apt knows no Debian mirror to get $suite from."
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d" "$prefix/packages"
    echo "deb [arch=amd64 signed-by=$keys] $mirror $suite main" > "$apt/sources.list"
    : > "$apt/status"
    local apt_get=(apt-get -qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/sources.d"
        -o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
        -o APT::Sandbox::User=root)
    timeout 120 "${apt_get[@]}" update || cannot "the package list of $suite does not come from $mirror."
    (cd "$prefix/packages" && timeout 300 "${apt_get[@]}" download "${packages[@]}") || cannot "PoCL of $suite does not come from $mirror."
    for package in "$prefix"/packages/*.deb; do dpkg-deb -x "$package" "$prefix"; done
}

# PoCL's libraries need the new glibc, so dotnet itself must start with it: a copy of the program with another loader named in it.
# Everything else of dotnet is linked, file by file: it looks for its runtime beside where it really lies.
make_prefix() {
    rm -rf "$prefix"
    fetch_packages
    mkdir -p "$prefix/vendors" "$prefix/cache"
    ls "$libraries"/libpocl.so.2.*.* | head -1 > "$prefix/vendors/pocl.icd"
    local root loader=$libraries/ld-linux-x86-64.so.2
    root=$(dirname "$(readlink -f "$(command -v dotnet)")")
    cp -al "$root" "$prefix/dotnet" 2> /dev/null || { rm -rf "$prefix/dotnet"; cp -a "$root" "$prefix/dotnet"; } # links do not cross disks
    rm "$prefix/dotnet/dotnet"
    "$loader" --library-path "$libraries" "$prefix/usr/bin/patchelf" --set-interpreter "$loader" \
        --force-rpath --set-rpath "$libraries" --output "$prefix/dotnet/dotnet" "$root/dotnet"
    rm -rf "$prefix/apt" "$prefix/packages"
    touch "$prefix/complete"
}

[ -e "$prefix/complete" ] || make_prefix
