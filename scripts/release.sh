#!/usr/bin/env bash
# Makes all that is handed out: the packages, for each platform the tool's, compiled ahead (ReadyToRun), and an archive with the program as
# one file that needs no .NET, compiled ahead too; for the platform it runs on also an archive with a program of machine code alone (native
# AOT: nothing links it for another platform; it takes clang or gcc, and zlib's headers); a software bill of materials (CycloneDX), and
# checksums of all of them. Nothing is uploaded.
# Usage: scripts/release.sh [FOLDER [PLATFORM …]]
#   FOLDER receives the files (default: artifacts/release); it must be empty or new
#   PLATFORM is a .NET runtime identifier (default: linux-x64 linux-arm64 osx-arm64 win-x64)
# The same commit gives the same bytes, but for the packages and the bill, which carry the time.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
release=${1:-$root/artifacts/release}
platforms=("${@:2}")
[ ${#platforms[@]} -gt 0 ] || platforms=(linux-x64 linux-arm64 osx-arm64 win-x64)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
command -v zip > /dev/null || [[ ${platforms[*]} != *win-* ]] || { echo "archives for Windows need the program zip"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$release"
release=$(cd "$release" && pwd)
[ -z "$(ls -A "$release")" ] || { echo "$release is not empty; files of an older release would get checksums too"; exit 2; }
cd "$root"
project=src/Cli/Cli.csproj
property() { dotnet msbuild "$project" -getProperty:"$1"; }
host=$(property NETCoreSdkPortableRuntimeIdentifier) version=$(property Version) runtime=$(property BundledNETCoreAppPackageVersion)
date=$(git log -1 --format=%cI 2> /dev/null || echo 2000-01-01T00:00:00Z) # of every file in the archives

quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log"; echo "FAILED: $*"; exit 1; }; }

echo "packages of $version"
quietly scripts/pack.sh "$release" -p:ContinuousIntegrationBuild=true -p:ToolPlatforms="$(IFS=+; echo "${platforms[*]}")"

archive() { # name, profile, platform
    local name=$1 platform=$3
    echo "$name"
    quietly dotnet publish "$project" -p:PublishProfile="$2" -r "$platform" -p:ContinuousIntegrationBuild=true -o "$work/$name"
    cp LICENSE "$work/$name"
    cp src/Cli/PACKAGE.md "$work/$name/README.md"
    find "$work/$name" -exec touch --no-dereference --date="$date" {} +
    if [[ $platform == win-* ]]; then
        (cd "$work" && find "$name" -type f | LC_ALL=C sort | quietly xargs zip -X -q "$release/$name.zip")
    else
        tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="$date" -c "$name" \
            | gzip -9n > "$release/$name.tar.gz"
    fi
}
for platform in "${platforms[@]}"; do
    archive "sharpformer-$version-$platform" SingleFile "$platform"
    [ "$platform" != "$host" ] || archive "sharpformer-$version-$platform-native" NativeAot "$platform"
done

echo "bill of materials"
cat > "$work/metadata.xml" << END
<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><metadata><component type="application" bom-ref="sharpformer">
<name>Sharpformer</name><version>$version</version><licenses><license><id>MIT</id></license></licenses>
<components><component type="framework" bom-ref="dotnet"><name>Microsoft.NETCore.App.Runtime</name><version>$runtime</version>
<licenses><license><id>MIT</id></license></licenses></component></components></component></metadata></bom>
END
quietly dotnet tool restore
quietly dotnet restore "$project"
quietly dotnet tool run dotnet-CycloneDX -- "$project" --output "$release" --filename "sharpformer-$version.cdx.json" --output-format Json \
    --exclude-dev --import-metadata-path "$work/metadata.xml"

cd "$release"
LC_ALL=C sha256sum -- * > "$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
sha256sum --check --quiet SHA256SUMS
ls -l
