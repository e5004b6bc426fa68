//! The real program in a pseudo terminal; its screen is read back from the bytes it writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may panic"
)]

#[path = "../support/terminal.rs"]
mod terminal;
#[path = "../support/wait.rs"]
mod wait;

mod cluster;
mod command;
mod ending;
mod export;
mod keys;
mod lag;
#[cfg(target_os = "linux")]
mod memory;
mod messages;
mod moving;
mod quiet;
mod recording;
mod sending;
mod simulated;
