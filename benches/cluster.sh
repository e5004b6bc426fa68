# A real cluster for a bench: Kafka 4.3.0 with 3 brokers in a temporary folder, on free ports. Sourced by the scripts here.
# shellcheck shell=bash
#
# All of it is ended by process id and removed with the script, also when that is interrupted.

set -m # jobs are process groups of their own, so that a job is ended with its children
dir=$(mktemp -d)
job=''

# Runs a command that an interruption ends at once.
ours() {
  "$@" </dev/null &
  job=$!
  wait "$job"
  job=''
}

finish() {
  trap '' INT TERM HUP
  if [ -n "$job" ]; then kill -- "-$job" 2>/dev/null || true; fi
  wait
  scripts/kafka down --dir "$dir/cluster" >&2 || true
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Sets bootstrap to the brokers' addresses.
start_cluster() {
  ours scripts/kafka up --dir "$dir/cluster" --version 4.3.0 --brokers 3 --port auto >"$dir/nodes"
  # shellcheck disable=SC2034 # for the script that sources this
  bootstrap=$(awk '$1 == "broker" { list = list sep $3; sep = "," } END { print list }' "$dir/nodes")
}
