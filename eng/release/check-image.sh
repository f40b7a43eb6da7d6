#!/bin/bash
# check-image.sh [SCRATCH]: builds deploy/Containerfile as it is written, step by step, with buildah, and tries what comes of it as its user. No registry is asked: the two images that it
# begins with are made here, out of Debian's packages and the .NET SDK of this machine. As root.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=$(realpath -m "${1:-artifacts/image}")
store=(--root "$scratch/store" --runroot "$scratch/run" --storage-driver vfs)
export BUILDAH_ISOLATION=chroot
mkdir -p "$scratch"

folder='' server=''
clean() {
  [ -z "$server" ] || { kill -KILL "$server" && wait "$server"; } 2>/dev/null || true
  [ -z "$folder" ] || ! mountpoint -q "$scratch/root" || umount -R "$scratch/root"
  buildah "${store[@]}" rm --all >/dev/null
  buildah "${store[@]}" rmi --all --force >/dev/null
}
trap clean EXIT

say() { echo "check-image.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

# base NAME COMMAND…: makes the image NAME out of the folder that COMMAND, which is given the folder, fills.
base() {
  local name=$1 container
  shift
  container=$(buildah "${store[@]}" from scratch)
  "$@" "$(buildah "${store[@]}" mount "$container")"
  buildah "${store[@]}" config --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$container" # instead of libicu, for the SDK
  buildah "${store[@]}" commit -q --rm "$container" "$name" >/dev/null
}

debian() { tar -x -C "$1" -f "$scratch/debian.tar"; }

sdk() {
  local dotnet
  dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
  debian "$1"
  mkdir -p "$1/usr/share"
  cp -a "$dotnet" "$1/usr/share/dotnet"
  ln -s /usr/share/dotnet/dotnet "$1/usr/bin/dotnet"
}

[ -e "$scratch/debian.tar" ] || mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$scratch/debian.tar"
base docker.io/library/debian:12-slim debian
base mcr.microsoft.com/dotnet/sdk:10.0 sdk

# What this machine trusts, and has fetched before, so that nothing is fetched twice.
packages=$(dotnet nuget locals global-packages --list)
say "building deploy/Containerfile"
buildah "${store[@]}" bud --quiet --pull-never --format docker -f deploy/Containerfile -t remoteexec \
  --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "${packages#*: }:/root/.nuget/packages" . >"$scratch/build.log" 2>&1 \
  || { tail -n 30 "$scratch/build.log" >&2; fail "the build failed"; }

inspect() { buildah "${store[@]}" inspect --type image --format "$1" remoteexec; }
[ "$(inspect '{{.Docker.Config.User}}')" = 65532:65532 ] || fail "the image's user is not 65532:65532"
[ "$(inspect '{{.Docker.Config.Healthcheck.Test}}')" = '[CMD remoteexec health]' ] || fail "the image has no health check"

container=$(buildah "${store[@]}" from --pull-never remoteexec)
folder=$(buildah "${store[@]}" mount "$container")
say "its own bytes: $(du -sm "$folder/opt/remoteexec" | cut -f1) MB, all: $(du -sm "$folder" | cut -f1) MB"
[ -x "$folder/opt/remoteexec/remoteexec-launcher" ] || fail "the image has no launcher"

# As a container with a root file system that can't be written to (--read-only): a volume and /tmp are what it may write to.
root=$scratch/root
rm -rf "$scratch/volume"
mkdir -p "$root" "$scratch/volume"
chown 65532:65532 "$scratch/volume"
mount --bind "$folder" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount --bind "$scratch/volume" "$root/var/lib/remoteexec"

# Entry point and command as the image has them, as its user. Its ports are those of this machine here: free ones are taken.
mapfile -t entry < <(inspect '{{range .Docker.Config.Entrypoint}}{{println .}}{{end}}{{range .Docker.Config.Cmd}}{{println .}}{{end}}' | sed '/^$/d')
inside=(chroot --userspec=65532:65532 "$root" /usr/bin/env -i PATH=/opt/remoteexec:/usr/bin:/bin HOME=/var/lib/remoteexec)
! chroot "$root" /usr/bin/touch /opt/remoteexec/x 2>/dev/null || fail "the root file system can be written to" # as root: nobody can
"${inside[@]}" "${entry[@]}" --grpc unix:/var/lib/remoteexec/grpc.sock --http unix:/var/lib/remoteexec/http.sock >"$scratch/serve.log" 2>&1 &
server=$!
for _ in $(seq 600); do
  grep -q '^ready' "$scratch/serve.log" && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
grep -q '^ready' "$scratch/serve.log" || { cat "$scratch/serve.log" >&2; fail "the server did not start"; }
[ "$("${inside[@]}" remoteexec health --server unix:/var/lib/remoteexec/grpc.sock)" = SERVING ] || fail "the health check fails"
digest=$(printf 'an image' | sha256sum | cut -d' ' -f1)
cd "$scratch/volume" # paths of sockets must be short
curl -fsS --unix-socket http.sock -X PUT --data-binary 'an image' "http://server/cas/$digest" || fail "a blob can't be written"
[ "$(curl -fsS --unix-socket http.sock "http://server/cas/$digest")" = 'an image' ] || fail "a blob can't be read"
cd - >/dev/null
kill -TERM "$server"
wait "$server" || fail "the server did not stop well: $?"
server=''
say "the image serves, is well, and stops as it is told, in a root file system that can't be written to"
