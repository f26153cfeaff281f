#!/usr/bin/env bash
# Downloads packages of another Debian release, from the mirror that this machine's apt uses, and installs nothing.
#
#   scripts/debian-packages.sh SUITE COMPONENT FOLDER PACKAGE …
#
# Leaves FOLDER/*.deb, checked with Debian's own keys. Where they cannot be had it says why in one sentence and ends with 1.
set -euo pipefail

suite=$1 component=$2 folder=$3 keys=/usr/share/keyrings/debian-archive-keyring.gpg
shift 3

give_up() {
    echo "$* of Debian's $suite cannot be had." >&2
    exit 1
}

command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || give_up "This is no Debian, so $1"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 'Created-By: Packages' \
    | awk '$2 == "Debian" && $3 == "main" && $1 !~ /security/ { print $1; exit }')
# Where apt has no lists yet, it still knows where they would come from.
[ -n "$mirror" ] || mirror=$(apt-get update --print-uris 2> /dev/null \
    | awk -F "'" '$2 ~ /\/debian\/dists\// && !found++ { sub("dists/.*", "", $2); print $2 }') || true
[ -n "$mirror" ] && [ -e "$keys" ] || give_up "apt knows no Debian mirror, so $1"

mkdir -p "$folder"
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d"
echo "deb [arch=amd64 signed-by=$keys] $mirror $suite $component" > "$apt/sources.list"
: > "$apt/status"
apt_get=(apt-get -qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/sources.d"
    -o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20)
timeout 60 "${apt_get[@]}" update || give_up "The package list"
(cd "$folder" && timeout 300 "${apt_get[@]}" download "$@") || give_up "$*"
