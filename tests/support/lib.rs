//! What the integration test crates share: real Kafka clusters, Kafka's own clients and tools, the program in a pseudo
//! terminal, waiting with a deadline.
//!
//! A test crate takes it in with `#[path = "../support/lib.rs"] mod support;`.
#![allow(dead_code, reason = "each test crate uses its part of it")]

pub mod java;
pub mod kafka;
pub mod kcat;
pub mod terminal;
pub mod wait;
