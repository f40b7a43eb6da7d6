#!/usr/bin/env bash
# run.sh DIR PROGRAM…: runs programs, each with its arguments in one word, on a Linux kernel of Debian's in an emulated machine, where control groups are those of version 2, with all
# their controllers. The machine sees this one's files, read-only, at the same paths; what it writes goes to a disk of its own, which is empty in the beginning. DIR keeps the kernel.
# The exit code is that of the first program that fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

# The kernel, and what of its modules is needed to see files of this machine and a disk.
if [ ! -e "$dir/kernel/ready" ]; then
  rm -rf "$dir/kernel"
  mkdir -p "$dir/kernel"
  package=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
  (cd "$dir/kernel" && apt-get download -qq "${package:?there is no package linux-image-amd64}" && dpkg-deb -x ./*.deb . && rm ./*.deb && find lib -name '*.ko.xz' -exec xz -d {} + && busybox depmod -b . "${package#linux-image-}")
  touch "$dir/kernel/ready"
fi
version=$(basename "$dir"/kernel/lib/modules/*)
modules="$dir/kernel/lib/modules/$version"

# modules_for NAME…: the paths of modules, each after those that it needs.
modules_for() {
  local name path
  for name in "$@"; do
    path=$(grep -m 1 "/$name\.ko:" "$modules/modules.dep") || continue # built in
    for needed in ${path#*:}; do
      modules_for "$(basename "$needed" .ko)"
    done
    echo "${path%%:*}"
  done
}

# What it starts with: busybox, the modules, and what is to be run.
start=$dir/start
rm -rf "$start"
mkdir -p "$start"/{bin,lib,proc,root}
cp "$(command -v busybox)" "$start/bin/busybox"
cp "$here/init.sh" "$start/init"
for module in $(modules_for virtio_pci virtio_blk 9pnet_virtio 9p ext4 crc32c_generic overlay | awk '!seen[$0]++'); do
  cp "$modules/$module" "$start/lib/"
  basename "$module" >>"$start/lib/order"
done
printf '%s\n' "$@" >"$start/programs"
printf '%s\n' "$here/inside.sh" >"$start/inside"
(cd "$start" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$dir/start.gz"
rm -f "$dir/disk"
truncate -s 8G "$dir/disk"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 "$dir/disk"

# The machine is emulated, as machines on which tests run seldom let others run in them.
qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 -nographic -no-reboot -nic none \
  -kernel "$dir"/kernel/boot/vmlinuz-* -initrd "$dir/start.gz" -append 'console=ttyS0 quiet panic=-1 cgroup_no_v1=all' \
  -virtfs local,path=/,mount_tag=machine,security_model=none,readonly=on,multidevs=remap \
  -drive "file=$dir/disk,format=raw,if=virtio,cache=unsafe" </dev/null | tr -d '\r' | tee "$dir/console"
code=$(sed -n 's/^cgroups2: exit code \([0-9]*\)$/\1/p' "$dir/console")
exit "${code:-1}"
