#!/usr/bin/env bash
# Measures the connection layer on a real cluster: Kafka 4.3.0 with 3 brokers, and a topic of 12 partitions with
# RECORDS (2000000) JSON records of about 168 bytes, written by kcat with CODEC (lz4).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/cluster.sh
records=${RECORDS:-2000000} codec=${CODEC:-lz4}

produce() {
  awk -v n="$records" 'BEGIN {
    srand(1)
    for (i = 0; i < n; i++)
      printf "{\"id\":%d,\"customer\":\"c%06d\",\"status\":\"%s\",\"amount\":%.2f,\"currency\":\"EUR\",\"created\":\"2026-03-%02dT%02d:%02d:%02dZ\",\"note\":\"lot %d of %d\"}\n",
        i, rand() * 1000000, substr("paid  open  failedlate  ", 6 * int(rand() * 4) + 1, 6), rand() * 1000,
        1 + rand() * 28, rand() * 24, rand() * 60, rand() * 60, rand() * 100000, n
  }' | kcat -q -P -F /dev/null -b "$bootstrap" -t floor -z "$codec" -X linger.ms=50 -X batch.size=1000000
}

ours cargo bench -q --locked --bench fetch_floor --no-run
start_cluster
ours scripts/kafka run --dir "$dir/cluster" org.apache.kafka.tools.TopicCommand --bootstrap-server "$bootstrap" \
  --create --topic floor --partitions 12 --replication-factor 1
ours produce
ours cargo bench -q --locked --bench fetch_floor -- "$bootstrap" floor
