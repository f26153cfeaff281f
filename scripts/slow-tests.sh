#!/usr/bin/env bash
# The tests of minutes, which 'dotnet test' shows as skipped. Arguments go to 'dotnet test'.
set -euo pipefail
cd "$(dirname "$0")/.."
export SHARPFORMER_SLOW_TESTS=1
dotnet test tests/FactsCorpus --filter FullyQualifiedName~RecipeTests "$@"
dotnet test tests/Cli --filter FullyQualifiedName~SameBitsTests "$@"
