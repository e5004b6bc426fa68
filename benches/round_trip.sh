#!/usr/bin/env bash
# Exports RECORDS (1000000) mixed records of a real Kafka 4.3.0, imports them into another topic, exports that: with both
# commands killed (kill -9) and resumed on the way. Nothing may be lost, doubled or changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
KTUI_ROUND_TRIP=${RECORDS:-1000000} cargo test --release --locked --test kafka -- --nocapture \
  import::a_round_trip_that_is_killed_on_both_ways
