#!/usr/bin/env bash
# A topic that gets 50,000 records a second, followed on screen, on a real cluster of this machine: Kafka 4.3.0 with 3
# brokers, one topic of 12 partitions. Prints one markdown table; benches/README.md says how it is measured.
#
#   [RATE=50000] benches/follow.sh
#
# Needs what scripts/test sets up, and kcat, which writes the records. Takes about a minute and a half.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/cluster.sh
# The build is not part of what is measured, and no load beside it.
ours cargo bench -q --locked --bench follow --no-run
start_cluster
ours scripts/kafka run --dir "$dir/cluster" org.apache.kafka.tools.TopicCommand --bootstrap-server "$bootstrap" \
  --create --topic follow --partitions 12 --replication-factor 1 \
  --config retention.bytes=100000000 --config segment.bytes=20000000 >&2
ours cargo bench -q --locked --bench follow -- "$bootstrap" follow "${RATE:-50000}"
