#!/usr/bin/env bash
# An S3 service on loopback for development and tests: Ceph with one monitor, one OSD and the RADOS gateway. All state under DIR; needs no root.
#   s3.sh start|stop|status|wipe DIR [PORT]
# http on PORT (default 7480), https with a self-signed certificate (DIR/tls.pem) on PORT+2; leave PORT+1..PORT+40 free.
#   STORE=memstore|bluestore   memstore (default) survives a clean stop, bluestore also a kill
#   S3_ACCESS_KEY, S3_SECRET_KEY   default devaccess, devsecretdevsecret
# Needs: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw ceph-common ceph-base
set -euo pipefail

usage="usage: s3.sh start|stop|status|wipe DIR [PORT]"
command=${1:?$usage}
dir=$(realpath -m "${2:?$usage}")
port=${3:-7480}
store=${STORE:-memstore}
store_gb=${STORE_GB:-8}
access_key=${S3_ACCESS_KEY:-devaccess}
secret_key=${S3_SECRET_KEY:-devsecretdevsecret}
config=$dir/ceph.conf

write_config() {
  cat >"$config" <<TXT
[global]
fsid = $1
mon_initial_members = a
mon_host = [v2:127.0.0.1:$((port + 1))]
ms_bind_msgr1 = false
ms_bind_msgr2 = true
public_network = 127.0.0.0/8
ms_bind_port_min = $((port + 10))
ms_bind_port_max = $((port + 40))
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_mon_service_mode = crc
ms_mon_cluster_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_allow_pool_delete = true
mon_max_pg_per_osd = 1000
mon_pg_warn_min_per_osd = 0
mon_warn_on_pool_no_redundancy = false
run_dir = $dir
admin_socket = $dir/\$name.asok
log_file = $dir/log/\$name.log
log_to_stderr = false
err_to_stderr = true
crash_dir = $dir/crash
[mon]
mon_data = $dir/mon
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_cluster_log_file = $dir/log/cluster.log
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
[osd]
osd_data = $dir/osd
osd_objectstore = $store
memstore_device_bytes = $((store_gb << 30))
memstore_page_size = 65536
bluestore_block_size = $((store_gb << 30))
bluestore_block_create = true
bluestore_cache_autotune = false
bluestore_cache_size = 134217728
osd_memory_target = 939524096
osd_fast_shutdown = false
osd_class_load_list = *
osd_class_default_list = *
osd_journal_size = 100
osd_op_num_shards = 2
osd_op_num_threads_per_shard = 1
osd_max_object_name_len = 1024
osd_max_object_namespace_len = 256
[client.rgw]
rgw_frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:$port ssl_endpoint=127.0.0.1:$((port + 2)) ssl_certificate=$dir/tls.pem ssl_private_key=$dir/tls.key
rgw_thread_pool_size = 64
rgw_enable_usage_log = false
rgw_enable_ops_log = false
rgw_dynamic_resharding = false
rgw_override_bucket_index_max_shards = 1
rgw_run_sync_thread = false
rgw_init_timeout = 60
debug_rgw = 0
TXT
}

is_alive() { [ -f "$dir/$1.pid" ] && kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null; }

background() {
  local name=$1
  shift
  is_alive "$name" && return 0
  setsid "$@" >"$dir/log/$name.out" 2>&1 </dev/null &
  echo $! >"$dir/$name.pid"
}

# A daemon of another directory is not taken for one of this.
require_free_port() {
  is_alive "$1" && return 0
  if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
    echo "s3.sh: something that was not started for $dir listens on port $2: stop it, or run ./dev down in the other working copy" >&2
    exit 1
  fi
}

wait_for_port() {
  local deadline=$((SECONDS + 30))
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || { echo "s3.sh: nothing listens on port $1; see $dir/log" >&2; return 1; }
    sleep 0.05
  done
}

# What a cluster is before its first start: certificate, monitor.
make_cluster() {
  local fsid
  fsid=$(cat /proc/sys/kernel/random/uuid)
  rm -rf "$dir"
  mkdir -p "$dir"/{mon,osd,log,crash}
  write_config "$fsid"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$dir/tls.key" -out "$dir/tls.pem" 2>/dev/null
  monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$((port + 1))]" "$dir/monmap" >"$dir/log/monmap.out" 2>&1
  ceph-mon -c "$config" -i a --mkfs --monmap "$dir/monmap" >"$dir/log/mkfs-mon.out" 2>&1
  cat /proc/sys/kernel/random/uuid >"$dir/osd.uuid"
}

# What needs the monitor: the OSD is made known, then formatted. One connection for all of it, as each start of `ceph` takes half a second.
make_osd() {
  printf 'osd new %s 0\nosd crush add-bucket h host\nosd crush move h root=default\nosd crush add osd.0 1.0 host=h\n' "$(cat "$dir/osd.uuid")" \
    | ceph -c "$config" >>"$dir/log/cli.out" 2>&1
  ceph-osd -c "$config" -i 0 --mkfs --osd-uuid "$(cat "$dir/osd.uuid")" >"$dir/log/mkfs-osd.out" 2>&1
}

make_user() {
  radosgw-admin -c "$config" -n client.rgw user create --uid=dev --display-name=dev --access-key="$access_key" --secret-key="$secret_key" \
    >"$dir/log/user.json" 2>"$dir/log/user.err"
}

start() {
  command -v radosgw >/dev/null || {
    echo "s3.sh: ceph is missing: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw ceph-common ceph-base" >&2
    return 1
  }
  require_free_port mon $((port + 1))
  require_free_port rgw "$port"
  require_free_port rgw $((port + 2))
  local fresh=false
  [ -f "$dir/ready" ] || fresh=true
  if $fresh; then make_cluster; fi
  background mon ceph-mon -c "$config" -i a -f
  wait_for_port $((port + 1))
  if $fresh; then make_osd; fi
  background osd ceph-osd -c "$config" -i 0 -f --osd-crush-update-on-start=false
  if $fresh; then make_user; fi
  background rgw radosgw -c "$config" -n client.rgw -f
  wait_for_port "$port"
  touch "$dir/ready"
  echo "s3: http://127.0.0.1:$port and https://127.0.0.1:$((port + 2)), key $access_key, secret $secret_key"
}

stop() {
  local name pid deadline
  for name in rgw osd mon; do
    if is_alive $name; then
      pid=$(cat "$dir/$name.pid")
      kill -TERM "$pid"
      deadline=$((SECONDS + 10))
      while kill -0 "$pid" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { echo "s3.sh: $name does not stop; killing it" >&2; kill -KILL "$pid"; break; }
        sleep 0.05
      done
    fi
    rm -f "$dir/$name.pid"
  done
  echo "s3: stopped"
}

case $command in
  start) start ;;
  stop) stop ;;
  status) for name in mon osd rgw; do is_alive $name && echo "$name runs" || echo "$name is down"; done ;;
  wipe) stop; rm -rf "$dir" ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
