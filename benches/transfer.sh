#!/usr/bin/env bash
# How fast ktui searches, exports and imports beside its peers, on a real cluster of this machine: Kafka 4.3.0 with 3 brokers, and
# per codec (lz4, zstd) a topic of 12 partitions with RECORDS (2000000) JSON records of about 168 bytes. Prints one
# markdown table; benches/README.md says how it is measured.
#
# Needs what scripts/test sets up, and jq. Peers on PATH are measured too (kcat, kcl); none is installed. Takes about five
# minutes, and says nothing true while something else runs on the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. benches/cluster.sh
records=${RECORDS:-2000000}

generate() {
  awk -v n="$records" 'BEGIN {
    srand(1)
    for (i = 0; i < n; i++)
      printf "{\"id\":%d,\"customer\":\"c%06d\",\"status\":\"%s\",\"amount\":%.2f,\"currency\":\"EUR\",\"created\":\"2026-03-%02dT%02d:%02d:%02dZ\",\"note\":\"lot %d of %d\"}\n",
        i, rand() * 1000000, substr("paid  open  failedlate  ", 6 * int(rand() * 4) + 1, 6), rand() * 1000,
        1 + rand() * 28, rand() * 24, rand() * 60, rand() * 60, rand() * 100000, n
  }'
}

produce() {
  generate | kcat -q -P -F /dev/null -b "$bootstrap" -t "$1" -z "$2" -X linger.ms=50 -X batch.size=1000000
}

# The build is not part of what is measured, and no load beside it.
ours cargo bench -q --locked --bench transfer --no-run
start_cluster
for codec in lz4 zstd; do
  ours scripts/kafka run --dir "$dir/cluster" org.apache.kafka.tools.TopicCommand --bootstrap-server "$bootstrap" \
    --create --topic "transfer-$codec" --partitions 12 --replication-factor 1 >&2
  ours scripts/kafka run --dir "$dir/cluster" org.apache.kafka.tools.TopicCommand --bootstrap-server "$bootstrap" \
    --create --topic "imported-$codec" --partitions 12 --replication-factor 1 >&2
  ours produce "transfer-$codec" "$codec"
done
ours cargo bench -q --locked --bench transfer -- "$bootstrap" "$dir" "$records"
