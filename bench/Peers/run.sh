#!/usr/bin/env bash
# Builds and runs the comparison with libtorch, llama.cpp and ONNX Runtime; arguments go to the program (--help lists them).
# libtorch needs a newer libstdc++ than Debian 12 has, and that one a newer glibc. Where the system's are too old, those of
# the next release are put into artifacts/peers/ for this program alone: nothing is installed. That needs apt-get and dpkg-deb.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

suite=trixie
prefix=$PWD/artifacts/peers
libraries=$prefix/usr/lib/x86_64-linux-gnu
program=bench/Peers/bin/Release/net10.0/peers.dll
dotnet=$(readlink -f "$(command -v dotnet)")

give_up() {
    echo "error: $*" >&2
    exit 1
}

fetch_libraries() {
    scripts/debian-packages.sh "$suite" main "$prefix/packages" libc6 libstdc++6 libgcc-s1 \
        || give_up "libstdc++ is too old for libtorch: run this where GCC 13's (GLIBCXX_3.4.32) is installed."
    for package in "$prefix"/packages/*.deb; do dpkg-deb -x "$package" "$prefix"; done
}

# The new glibc's loader runs the unchanged dotnet. That finds its runtime beside the file the process was started from,
# so the loader is called dotnet too and stands beside links to the runtime.
make_root() {
    rm -rf "$prefix"
    fetch_libraries
    mkdir -p "$prefix/dotnet"
    cp "$libraries/ld-linux-x86-64.so.2" "$prefix/dotnet/dotnet"
    ln -s "$(dirname "$dotnet")/host" "$(dirname "$dotnet")/shared" "$prefix/dotnet/"
    rm -rf "$prefix/packages"
}

# Processes of their own are of a program compiled ahead, as releases are, for the widest vectors of this processor.
publish_alone() {
    local platform vectors=x86-64-v3
    platform=$(dotnet msbuild bench/Peers/Alone/Alone.csproj -getProperty:NETCoreSdkPortableRuntimeIdentifier)
    ! grep -q avx512bw /proc/cpuinfo || vectors=x86-64-v4
    [[ $platform == *-x64 ]] || vectors=
    dotnet publish -c Release bench/Peers/Alone -r "$platform" -p:IlcInstructionSet=$vectors -o artifacts/peers-alone -v quiet \
        || give_up "processes of their own take clang or gcc, and zlib's headers; --part names the other parts."
}

[[ " $* " == *" --part "* && " $* " != *process* ]] || publish_alone
dotnet build -c Release bench/Peers -v quiet || give_up "the program cannot be built; its packages come from the package source."
{ "$dotnet" "$program" --version; } > /dev/null 2>&1 && exec "$dotnet" "$program" "$@"

private=("$prefix/dotnet/dotnet" --library-path "$libraries" "$dotnet" "$program")
"${private[@]}" --version > /dev/null 2>&1 || make_root
"${private[@]}" --version > /dev/null || give_up "libtorch does not start with the libraries of $suite either; see above."
exec "${private[@]}" "$@"
