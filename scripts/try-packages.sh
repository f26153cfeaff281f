#!/usr/bin/env bash
# Packs the libraries and the tool, and tries them as a new user would: samples and chapters from the packages alone, in an empty folder, and
# the tool installed from them.
# Usage: scripts/try-packages.sh [FOLDER]   FOLDER receives the packages (default: artifacts/packages)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
packages=${1:-$root/artifacts/packages}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rm -rf "$packages"
"$root/scripts/pack.sh" "$packages"
version=$(basename "$packages"/Sharpformer.Tensors.*.nupkg .nupkg | sed 's/Sharpformer.Tensors.//')
for name in Sharpformer Sharpformer.Tensors Sharpformer.Autograd Sharpformer.Transformer Sharpformer.Tool; do
    [ -e "$packages/$name.$version.snupkg" ] || { echo "$name has no symbols"; exit 1; }
    command -v unzip > /dev/null || continue # then only what is in the package is not looked at
    content=$(unzip -l "$packages/$name.$version.nupkg")
    for file in README.md LICENSE; do
        grep -q " $file\$" <<< "$content" || { echo "$name has no $file"; exit 1; }
    done
    [ "$name" = Sharpformer.Tool ] || grep -q "lib/net10.0/.*\.xml" <<< "$content" || { echo "$name has no documentation"; exit 1; }
done

# A folder of its own, so that nothing of the repository's settings holds; packages from here and from where they usually come.
cd "$work"
export NUGET_PACKAGES=$work/cache
cat > NuGet.config << END
<configuration><packageSources><add key="packed" value="$packages" /></packageSources></configuration>
END
expect() { # file, package, text, arguments …
    local file package=$2 text=$3
    file=$(basename "$1")
    sed "s|^#:project .*|#:package $package@$version|" "$root/$1" > "$file"
    shift 3
    dotnet run "$file" -- "$@" > "$file.out" 2>&1 || { cat "$file.out"; echo "$file fails"; exit 1; }
    grep -q "$text" "$file.out" || { cat "$file.out"; echo "$file does not print: $text"; exit 1; }
    echo "$file: $(grep "$text" "$file.out" | head -n 1)"
}
expect samples/hello.cs Sharpformer "taught: author" "$root/models/facts-gpt2"
expect samples/toy-editor.cs Sharpformer "pushed: Rome" "$root/models/facts-gpt2"
expect samples/new-op.cs Sharpformer.Autograd "of float64"
expect samples/xor.cs Sharpformer.Autograd "1 xor 1 = 0"
expect docs/tour/1-tensor.cs Sharpformer.Tensors "32 19 31 54"
expect docs/tour/4-model.cs Sharpformer.Transformer "Paris" "$root/models/facts-gpt2"

dotnet tool install Sharpformer.Tool --tool-path "$work/tools" --version "$version" > tool.log 2>&1 || { cat tool.log; exit 1; }
"$work/tools/sharpformer" demo > demo.out || { cat demo.out; exit 1; }
grep -q "restored London (all" demo.out || { cat demo.out; exit 1; }
echo "Sharpformer.Tool $version: its demo runs"
