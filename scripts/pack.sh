#!/usr/bin/env bash
# Packs the libraries and the tool, with their symbols.
# Usage: scripts/pack.sh FOLDER [dotnet pack's arguments …]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
packages=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for project in Tensors Autograd Transformer Editing Cli; do
    dotnet pack -c Release "$root/src/$project/$project.csproj" -o "$packages" "$@" > "$log" || { cat "$log"; exit 1; }
done
