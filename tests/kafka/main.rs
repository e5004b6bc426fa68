//! ktui against real Apache Kafka brokers: 3.4.1 with ZooKeeper, 3.8.0 and 4.3.0 in KRaft mode.
//!
//! How to use the clusters: the text at the top of tests/support/kafka.rs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../support/lib.rs"]
mod support;

mod cli;
mod client;
mod configs;
mod decoders;
mod engine;
mod export;
mod groups;
mod harness;
mod import;
mod incident;
mod lag;
mod recording;
mod records;
mod reset;
mod scenes;
mod searches;
mod skip;
mod tails;
mod topics;
mod verdicts;
