#!/bin/bash
# pod.sh ROOT USER HOSTS [SOURCE TARGET ro|rw]... -- PROGRAM [ARGUMENT]...: runs a program as a container of a pod does: as its user, in a root file system that can't be written to, with
# volumes and names of other pods of its own. As root, in a mount namespace of its own (unshare --mount); ROOT is an empty folder.
set -euo pipefail
root=$1 user=$2 hosts=$3
shift 3
mount -t tmpfs -o mode=755 pod "$root"
for folder in usr bin sbin lib lib64; do
  if [ -L "/$folder" ]; then
    cp -P "/$folder" "$root/"
  elif [ -d "/$folder" ]; then
    mkdir "$root/$folder"
    mount --bind "/$folder" "$root/$folder"
    mount -o remount,bind,ro "$root/$folder"
  fi
done
mkdir "$root/etc" "$root/proc" "$root/dev"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
for file in ssl alternatives ld.so.cache nsswitch.conf host.conf passwd group; do
  [ ! -e "/etc/$file" ] || cp -rP "/etc/$file" "$root/etc/"
done
cp "$hosts" "$root/etc/hosts"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  if [ "$3" = rw ]; then chown "$user:$user" "$root$2"; else mount -o remount,bind,ro "$root$2"; fi
  shift 3
done
shift
mount -o remount,ro "$root"
# A user without a name has / for a home, as runtimes of containers set it.
exec chroot --userspec="$user:$user" "$root" /usr/bin/env -i PATH=/opt/remoteexec:/usr/bin:/bin HOME=/ "$@"
