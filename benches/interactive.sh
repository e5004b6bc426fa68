#!/usr/bin/env bash
# How ktui feels beside its peers, on a real cluster of this machine: Kafka 4.3.0 with 3 brokers, 10,000 topics of one
# partition, 500 groups on 60 partitions. Prints markdown tables; benches/README.md says how it is measured.
#
#   benches/interactive.sh        everything, in about ten minutes
#   benches/interactive.sh lag    the lag of the groups alone, without the 10,000 topics, in four
#
# Needs what scripts/test sets up. Peers on PATH are measured too (kcat, kcl, kafka-tui); none is installed. Says nothing
# true while something else runs on the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "$*" in
  '') topics=10000 ;;
  lag) topics=0 ;;
  *) sed -n '/^#  /s/^# *//p' benches/interactive.sh >&2 && exit 2 ;;
esac
. benches/cluster.sh
# The build is not part of what is measured, and no load beside it.
ours cargo bench -q --locked --bench interactive --no-run
start_cluster
echo "making $topics topics and 500 groups" >&2
ours scripts/kafka run --dir "$dir/cluster" benches/Scale.java "$bootstrap" "$topics" 500
ours cargo bench -q --locked --bench interactive -- "$bootstrap" "$dir/cluster" "$@"
