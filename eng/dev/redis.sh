#!/usr/bin/env bash
# Redis on loopback for development and tests, all state under DIR.
#   redis.sh start|stop|status standalone|cluster|sentinel DIR [BASEPORT]
# standalone: BASEPORT. cluster: three masters and three replicas on BASEPORT..BASEPORT+5 (their bus is 10000 higher).
# sentinel: a master on BASEPORT, replicas on +1 and +2, sentinels on +10..+12 (the master is called "mymaster").
set -euo pipefail

usage="usage: redis.sh start|stop|status standalone|cluster|sentinel DIR [BASEPORT]"
command=${1:?$usage}
mode=${2:?$usage}
dir=$(realpath -m "${3:?$usage}")
base=${4:-16400}
host=127.0.0.1

cli() { redis-cli -h $host -p "$@" 2>/dev/null | tr -d '\r'; }

# wait_until SECONDS COMMAND…: repeats the command until it succeeds.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || { echo "redis.sh: timed out: $*" >&2; return 1; }
    sleep 0.05
  done
}

answers() { [ "$(cli "$1" ping)" = PONG ]; }
# A server of another directory is not taken for one of this.
require_ours() {
  [ -f "$dir/$1.pid" ] && kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null && return 0
  echo "redis.sh: a Redis that was not started for $dir listens on port $1: stop it, or run ./dev down in the other working copy" >&2
  exit 1
}

cluster_is_ok() { cli "$1" cluster info | grep -q cluster_state:ok; }
replicas_are_known() { [ "$(cli "$base" cluster nodes | grep -c slave)" = 3 ]; }
is_in_sync() { cli "$1" info replication | grep -q 'role:master\|master_link_status:up'; }
sentinel_knows_all() { cli $((base + 10)) sentinel master mymaster | tr '\n' ' ' | grep -q 'num-slaves 2 num-other-sentinels 2'; }

node() {
  local port=$1
  shift
  if answers "$port"; then
    require_ours "$port"
    return 0
  fi
  mkdir -p "$dir/$port"
  redis-server --port "$port" --bind $host --protected-mode no --dir "$dir/$port" --pidfile "$dir/$port.pid" --logfile "$dir/$port.log" \
    --daemonize yes --save '' --appendonly no --repl-diskless-sync-delay 0 --shutdown-timeout 0 "$@" >/dev/null
  wait_until 5 answers "$port"
}

start_cluster() {
  local offset nodes=()
  for offset in 0 1 2 3 4 5; do
    node $((base + offset)) --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 2000
    nodes+=("$host:$((base + offset))")
  done
  if [ "$(cli "$base" cluster info | sed -n 's/cluster_known_nodes://p')" = 1 ]; then
    redis-cli --cluster create "${nodes[@]}" --cluster-replicas 1 --cluster-yes >"$dir/create.log"
  fi
  for offset in 0 1 2 3 4 5; do wait_until 10 cluster_is_ok $((base + offset)); done
  # A master that is killed before its replica has synced takes its slots with it.
  wait_until 10 replicas_are_known
  for offset in 0 1 2 3 4 5; do wait_until 10 is_in_sync $((base + offset)); done
}

start_sentinel() {
  local offset port
  node "$base"
  for offset in 1 2; do node $((base + offset)) --replicaof $host "$base"; done
  for offset in 10 11 12; do
    port=$((base + offset))
    if answers $port; then
      require_ours $port
      continue
    fi
    mkdir -p "$dir/$port"
    [ -f "$dir/$port/sentinel.conf" ] || cat >"$dir/$port/sentinel.conf" <<TXT
port $port
bind $host
protected-mode no
dir $dir/$port
pidfile $dir/$port.pid
logfile $dir/$port.log
daemonize yes
sentinel monitor mymaster $host $base 2
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 5000
TXT
    redis-server "$dir/$port/sentinel.conf" --sentinel >/dev/null
    wait_until 5 answers $port
  done
  wait_until 10 sentinel_knows_all
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

stop_all() {
  local file pid
  for file in "$dir"/*.pid; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null || true
  done
  for file in "$dir"/*.pid; do
    [ -f "$file" ] || continue
    wait_until 5 is_gone "$(cat "$file")"
    rm -f "$file"
  done
  echo "redis: stopped"
}

case $command in
  start)
    command -v redis-server >/dev/null || { echo "redis.sh: redis-server is missing: apt-get install redis-server" >&2; exit 1; }
    mkdir -p "$dir"
    case $mode in
      standalone) node "$base" ;;
      cluster) start_cluster ;;
      sentinel) start_sentinel ;;
      *) echo "$usage" >&2; exit 2 ;;
    esac
    echo "redis: $mode on $host:$base"
    ;;
  stop) stop_all ;;
  status)
    for file in "$dir"/*.pid; do
      [ -f "$file" ] || continue
      port=$(basename "$file" .pid)
      echo "$port pid $(cat "$file") $(cli "$port" role | head -n 1 | grep . || echo down)"
    done
    ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
