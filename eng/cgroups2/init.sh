#!/bin/busybox sh
# shellcheck shell=dash
# The first process of the emulated machine: makes the files of the machine around it the root, and goes on there with inside.sh.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc
while read -r module; do
  insmod "/lib/$module" || echo "cgroups2: module $module can't be loaded"
done </lib/order
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 machine /root || poweroff -f
inside=$(cat /inside)
mount -t devtmpfs none /root/dev
mkdir /root/dev/pts /root/dev/shm
mount -t tmpfs none /root/dev/shm
cp /programs /root/dev/shm/programs
mount -t ext4 /root/dev/vda /root/mnt || poweroff -f
umount /proc
exec switch_root /root /bin/bash "$inside"
