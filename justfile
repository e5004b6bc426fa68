# Recipes for people (https://just.systems); a test machine runs .ci/run.

# The recipes.
default:
    @just --list

# Format, lints and unit tests: seconds, before every commit.
check:
    scripts/test fmt lint unit

# Everything, or some stages: fmt lint unit it e2e kafka.
test *STAGES:
    scripts/test {{STAGES}}

# A real Kafka cluster with topics and groups, on port 9092 and up.
kafka-up VERSION="4.3.0":
    scripts/kafka up --version {{VERSION}}
    scripts/kafka seed

# Its nodes.
kafka-status:
    scripts/kafka status

# Ends it and removes its data.
kafka-down:
    scripts/kafka down

# Pictures of the screen, from real runs; with names only those.
screenshots *NAMES:
    scripts/screenshots {{NAMES}}

# Licences, advisories, banned crates and sources (cargo install cargo-deny).
deny:
    cargo deny check
