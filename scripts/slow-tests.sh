#!/usr/bin/env bash
# The tests of minutes, which 'dotnet test' shows as skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
# What the JIT, ReadyToRun and native AOT say and store is compared by scripts/same-bits.sh, which publishes all three.
SHARPFORMER_SLOW_TESTS=1 exec dotnet test tests/FactsCorpus --filter FullyQualifiedName~RecipeTests "$@"
