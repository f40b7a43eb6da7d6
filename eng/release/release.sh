#!/bin/sh
# release.sh DIR: puts into DIR what is given away: the server as remoteexec-VERSION-linux-x64.tar.gz, with its examples, units and documents, what it is made of (CycloneDX)
# beside it, and SHA256SUMS of both. The same sources make the same bytes; files are as old as SOURCE_DATE_EPOCH, or the commit.
set -eu
mkdir -p "${1:?usage: release.sh DIR}"
target=$(realpath "$1")
cd "$(dirname "$0")/../.."
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
name=remoteexec-$version-linux-x64
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
eng/release/publish.sh "$work/$name"
eng/release/sbom.py "$work/$name" > "$target/$name.cdx.json"
cp "$target/$name.cdx.json" "$work/$name/sbom.cdx.json"
mkdir "$work/$name/share"
cp -r README.md CHANGELOG.md docs examples deploy "$work/$name/share"
chmod -R u=rwX,go=rX "$work/$name"
tar -C "$work" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$name" | gzip -n > "$target/$name.tar.gz"
(cd "$target" && sha256sum "$name.tar.gz" "$name.cdx.json" > SHA256SUMS)
echo "$target: $name.tar.gz, $name.cdx.json, SHA256SUMS" >&2
