#!/usr/bin/env bash
# In the emulated machine, with the root of the machine around it: runs each program in a control group that is handed over to it, as a service manager does it. The last line tells
# how it ended.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/mnt/home TMPDIR=/mnt/tmp DOTNET_EnableDiagnostics=0 CI=true
mount -t proc none /proc
mount -t sysfs none /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
mkdir -p /mnt/home /mnt/tmp
chmod 1777 /mnt/tmp
mount --bind /mnt/tmp /var/tmp
ip link set lo up
echo '+cpu +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
code=0
number=0
while read -r program; do
  echo "cgroups2: $program"
  group=/sys/fs/cgroup/service-$((++number))
  mkdir "$group"
  chown 60001 "$group" "$group/cgroup.procs" "$group/cgroup.subtree_control" # to be of use to a worker that is not root
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    eval "exec $program"
  )
  ended=$?
  find "$group" -mindepth 1 -type d
  echo "cgroups2: ended with $ended after ${SECONDS} s"
  [ "$code" -ne 0 ] || code=$ended
done </dev/shm/programs
echo "cgroups2: exit code $code"
sync
echo o >/proc/sysrq-trigger
while true; do true; done # until it is off
