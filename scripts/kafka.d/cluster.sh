# Starting, stopping and probing the nodes of one cluster. Sourced by scripts/kafka.
# shellcheck shell=bash disable=SC1007,SC2034,SC2154 # shares the variables of scripts/kafka
#
# Everything about a cluster is below $dir: `cluster` (version, brokers, ...), and per node NAME (zk, n1, n2, ...)
# NAME.properties, NAME.port, NAME.pid, NAME.log and the folder NAME with its data.

# ---- processes ------------------------------------------------------------------------------------------------------

# Is process $1 one of this cluster? Its command line names $dir, so that a reused process id is never taken for ours.
is_ours() {
  if [ -r "/proc/$1/cmdline" ]; then
    grep -qaF -- "$dir/" "/proc/$1/cmdline" 2>/dev/null # no pipe: with pipefail grep -q would fail now and then
  else
    case $(ps -o command= -p "$1") in *"$dir/"*) ;; *) return 1 ;; esac
  fi
}

# Is the process of node $1 there?
alive() {
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && is_ours "$pid"
}

# Is process $1 not there, or ended and not yet collected by its parent? While it exits it has no command line any more,
# but still holds its ports.
gone() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"; }

# Starts a JVM for node $1; the rest of the line is what follows `java`.
launch() {
  local name=$1
  shift
  log_flags "${level:-info}"
  mkdir -p "$dir/tmp" # Java unpacks libraries there, and a killed broker leaves them
  (
    trap '' INT HUP # Ctrl-C and a closed terminal are for the script to answer
    cd "$dir" && exec "$java" "${small_jvm[@]}" "${log_flags[@]}" "-Djava.io.tmpdir=$dir/tmp" -cp "$path" "$@"
  ) </dev/null >>"$dir/$name.log" 2>&1 &
  echo $! >"$dir/$name.pid"
  # until then it has this script's command line, and would be taken for ended
  while kill -0 $! 2>/dev/null && ! is_ours $!; do sleep 0.01; done
  disown 2>/dev/null || true # one that ended at once is no job any more: await says so
}

# Sends signal $2 to node $1 and waits until the process is gone.
end() {
  local name=$1 signal=$2 pid tries=0
  if alive "$name"; then
    pid=$(cat "$dir/$name.pid")
    kill "-$signal" "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true # a stopped process would not see TERM
    until gone "$pid"; do
      tries=$((tries + 1))
      [ $tries -lt 600 ] || { problem="process $pid of $name does not end"; return 1; }
      sleep 0.05
    done
  fi
  rm -f "$dir/$name.pid"
}

names() { # every node that has a process file
  local file
  for file in "$dir"/*.pid; do
    [ ! -e "$file" ] || basename "$file" .pid
  done
}

# ---- ports ----------------------------------------------------------------------------------------------------------

busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets port to a free one below the range of outgoing connections, so that nobody takes it while a broker is down.
pick_port() {
  while :; do
    port=$((12000 + (RANDOM * 32768 + RANDOM) % 20000))
    case " ${picked-} " in *" $port "*) continue ;; esac
    busy "$port" || break
  done
  picked="${picked-} $port"
}

# ---- readiness, asked in Kafka's own protocol -----------------------------------------------------------------------

# Runs a command for at most 5 s, where the machine can.
briefly() { if command -v timeout >/dev/null; then timeout 5 "$@"; else "$@"; fi; }

# Prints how many live brokers the broker at port $1 names: a Metadata request (v1, no topics), of whose answer only
# the length, the correlation id and the size of the broker array are read.
live_brokers() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
  printf '\0\0\0\016\0\003\0\001\0\0\0\001\377\377\0\0\0\0' >&3
  # shellcheck disable=SC2046 # twelve numbers
  set -- $(briefly head -c 12 <&3 | od -An -tu1)
  [ $# -eq 12 ] && echo $(((${9} << 24) + (${10} << 16) + (${11} << 8) + ${12}))
) 2>/dev/null

# ZooKeeper answers the four letters `srvr`.
zookeeper_answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
  printf 'srvr' >&3
  briefly grep -q '^Mode:' <&3
) 2>/dev/null

# Waits until the test "$3 ..." holds for node $1, at most $2 seconds; fails at once when the process ends.
await() {
  local name=$1 limit=$2 since=$SECONDS
  shift 2
  until "$@"; do
    alive "$name" || { problem="$name ended while starting (see $dir/$name.log)"; return 1; }
    [ $((SECONDS - since)) -lt "$limit" ] || { problem="$name is not ready after $limit s (see $dir/$name.log)"; return 1; }
    sleep 0.1
  done
}

sees() { [ "$(live_brokers "$1")" = "$2" ]; }

# ---- configuration --------------------------------------------------------------------------------------------------

# What every broker gets: no waiting for members, small internal topics, quick cleaning, little memory and few threads.
broker_properties() {
  local id=$1 copies=$2
  cat <<EOF
log.dirs=$dir/n$id
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
offsets.topic.num.partitions=10
offsets.topic.replication.factor=$copies
transaction.state.log.num.partitions=5
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=1
default.replication.factor=$copies
log.cleaner.backoff.ms=200
log.cleaner.dedupe.buffer.size=4194304
log.segment.delete.delay.ms=500
log.index.size.max.bytes=1048576
num.network.threads=2
num.io.threads=3
background.threads=3
controlled.shutdown.retry.backoff.ms=500
EOF
  [ "$brokers" -eq 1 ] || echo "broker.rack=rack-$id"
  case $version in
    3.*) ;;
    *)
      # KIP-848 members learn of a change with their next heartbeat: 5 s by default
      echo group.consumer.min.heartbeat.interval.ms=300
      echo group.consumer.heartbeat.interval.ms=300
      echo share.coordinator.state.topic.replication.factor="$copies"
      echo share.coordinator.state.topic.min.isr=1
      echo share.coordinator.state.topic.num.partitions=5
      ;;
  esac
}

write_properties() {
  local id voters= copies=$((brokers < 3 ? brokers : 3))
  for ((id = 1; id <= brokers; id++)); do
    if [ "$base" = auto ]; then pick_port; else port=$((base + id - 1)); fi
    echo "$port" >"$dir/n$id.port"
    [ "$mode" = zookeeper ] || { pick_port && echo "$port" >"$dir/c$id.port"; voters="$voters,$id@127.0.0.1:$port"; }
  done
  if [ "$mode" = zookeeper ]; then
    pick_port
    echo "$port" >"$dir/zk.port"
    printf '%s\n' "dataDir=$dir/zk" clientPortAddress=127.0.0.1 clientPort="$port" maxClientCnxns=0 \
      admin.enableServer=false tickTime=1000 4lw.commands.whitelist=srvr >"$dir/zk.properties"
  fi
  for ((id = 1; id <= brokers; id++)); do
    port=$(cat "$dir/n$id.port")
    {
      broker_properties "$id" "$copies"
      if [ "$mode" = zookeeper ]; then
        printf '%s\n' broker.id="$id" zookeeper.connect="127.0.0.1:$(cat "$dir/zk.port")" \
          listeners="PLAINTEXT://127.0.0.1:$port"
      else
        printf '%s\n' process.roles=broker,controller node.id="$id" controller.quorum.voters="${voters#,}" \
          listeners="PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$(cat "$dir/c$id.port")" \
          advertised.listeners="PLAINTEXT://127.0.0.1:$port" controller.listener.names=CONTROLLER \
          listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT \
          group.coordinator.rebalance.protocols="$([ "${version%%.*}" = 3 ] && echo classic || echo classic,consumer)"
      fi
      for setting in ${settings[@]+"${settings[@]}"}; do echo "$setting"; done
    } >"$dir/n$id.properties"
  done
}

# Formats the storage of every KRaft node.
format_storage() {
  local id cluster_id pids=()
  cluster_id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
  for ((id = 1; id <= brokers; id++)); do
    "$java" -Xmx128m "${small_jvm[@]}" "${log_flags[@]}" -cp "$path" \
      kafka.tools.StorageTool format -t "$cluster_id" -c "$dir/n$id.properties" </dev/null >>"$dir/n$id.log" 2>&1 &
    pids+=($!)
  done
  for id in "${pids[@]}"; do
    wait "$id" || { problem="formatting the storage failed (see $dir/n*.log)"; return 1; }
  done
}

# ---- nodes ----------------------------------------------------------------------------------------------------------

launch_broker() { launch "n$1" "-Xmx$((brokers > 1 ? 448 : 384))m" kafka.Kafka "$dir/n$1.properties"; }

# Starts the cluster described by version, brokers, mode, base and settings in the empty folder $dir.
start_cluster() {
  local id since=$SECONDS
  path=$(class_path "$version") || { problem="no jars"; return 1; }
  log_flags info
  write_properties
  printf '%s\n' "version=$version" "brokers=$brokers" "mode=$mode" >"$dir/cluster"
  if [ "$mode" = zookeeper ]; then
    launch zk -Xmx128m org.apache.zookeeper.server.quorum.QuorumPeerMain "$dir/zk.properties"
    await zk 60 zookeeper_answers "$(cat "$dir/zk.port")" || return 1
  else
    format_storage || return 1
  fi
  for ((id = 1; id <= brokers; id++)); do launch_broker "$id"; done
  for ((id = 1; id <= brokers; id++)); do await "n$id" 120 sees "$(cat "$dir/n$id.port")" "$brokers" || return 1; done
  took=$((SECONDS - since))
}

# Reads what `up` wrote.
load_cluster() {
  find_dir || { problem="no cluster is running: start one with scripts/kafka up"; return 1; }
  version=$(sed -n 's/^version=//p' "$dir/cluster")
  brokers=$(sed -n 's/^brokers=//p' "$dir/cluster")
  mode=$(sed -n 's/^mode=//p' "$dir/cluster")
  path=$(class_path "$version") || { problem="no jars"; return 1; }
}

broker_id() {
  case $1 in '' | *[!0-9]*) problem="'$1' is not a broker id"; return 1 ;; esac
  [ -f "$dir/n$1.properties" ] || { problem="the cluster has no broker $1"; return 1; }
}

# Starts a broker that was ended, and waits until every running broker names it again.
start_broker() {
  local id running=0
  broker_id "$1" || return 1
  if alive "n$1"; then problem="broker $1 is running"; return 1; fi
  launch_broker "$1"
  for ((id = 1; id <= brokers; id++)); do if alive "n$id"; then running=$((running + 1)); fi; done
  for ((id = 1; id <= brokers; id++)); do
    if alive "n$id"; then await "n$id" 120 sees_at_least "$(cat "$dir/n$id.port")" "$running" || return 1; fi
  done
}

sees_at_least() { local n; n=$(live_brokers "$1") && [ "${n:-0}" -ge "$2" ]; }

# One command about one broker: kill (-9), stop (clean), start, pause and resume (SIGSTOP, SIGCONT).
broker_command() {
  case $1 in
    start) start_broker "$2" ;;
    kill) broker_id "$2" && end "n$2" KILL ;;
    stop) broker_id "$2" && end "n$2" TERM ;;
    pause) broker_id "$2" && alive "n$2" && kill -STOP "$(cat "$dir/n$2.pid")" ;;
    resume) broker_id "$2" && alive "n$2" && kill -CONT "$(cat "$dir/n$2.pid")" ;;
    *) problem="unknown command '$1'"; return 1 ;;
  esac
}

bootstrap() {
  local id list=
  for ((id = 1; id <= brokers; id++)); do list="$list,127.0.0.1:$(cat "$dir/n$id.port")"; done
  echo "${list#,}"
}

# One line per node: kind, id, address, process id or `-`.
nodes() {
  local id
  [ "$mode" != zookeeper ] || echo "zookeeper 0 127.0.0.1:$(cat "$dir/zk.port") $(alive zk && cat "$dir/zk.pid" || echo -)"
  for ((id = 1; id <= brokers; id++)); do
    echo "broker $id 127.0.0.1:$(cat "$dir/n$id.port") $(alive "n$id" && cat "$dir/n$id.pid" || echo -)"
  done
}

# Fills the cluster and keeps it moving with scripts/kafka.d/Seed.java, which runs until the cluster is ended.
seed() {
  local classes newer=
  if alive seed; then problem="the cluster is seeded already"; return 1; fi
  classes=$(compiled "$version" "$here/kafka.d/Seed.java") || { problem="no Seed"; return 1; }
  case $version in 4.*) newer=kip848 ;; esac
  path=$classes:$path
  : >"$dir/seed.log"
  level=warn launch seed -Xmx384m "-Dktui.cluster=$dir/" Seed "$(bootstrap)" $newer
  await seed 180 grep -qx READY "$dir/seed.log"
}

# Ends every process of the cluster. What is left of the folder is for the caller to remove.
end_all() {
  local name left=0 IFS=$' \t\n' # a trap also runs inside `IFS= read`
  for name in $(names); do
    if alive "$name"; then kill -KILL "$(cat "$dir/$name.pid")" 2>/dev/null || true; fi
  done
  for name in $(names); do end "$name" KILL || left=1; done
  return $left
}
