#!/bin/bash
# Hundreds of kills and thousands of damaged files: the trials of tests/Editing/Store that are too long for every day.
#   scripts/store-trials.sh [KILLS [MUTANTS]]
set -euo pipefail
cd "$(dirname "$0")/.."
export SHARPFORMER_STORE_KILLS=${1:-300} SHARPFORMER_STORE_MUTANTS=${2:-2000}
dotnet test -c Release tests/Editing/Editing.Tests.csproj --filter "FullyQualifiedName~StoreKillTests|FullyQualifiedName~StoreMutantTests"
