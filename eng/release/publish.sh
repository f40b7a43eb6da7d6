#!/bin/sh
# publish.sh DIR: puts a server that needs no .NET installed (linux-x64) into DIR. The same sources make the same bytes, wherever they lie, with the same SDK and C compiler.
set -eu
target=$(realpath -m "${1:?usage: publish.sh DIR}")
cd "$(dirname "$0")/../.."
root=$PWD
# Artifacts of its own: restoring for one platform must not disturb what the other commands restored.
dotnet publish src/Server -c Release -r linux-x64 --self-contained -o "$target" -v quiet -nodeReuse:false \
  --property:ArtifactsPath="$root/artifacts/publish" --property:PublishTrimmed=false \
  --property:PathMap="$root=/_" --property:EnableSourceControlManagerQueries=false --property:EnableSourceLink=false --property:PublishDocumentationFiles=false
