//! ktui: a terminal UI for Kafka clusters.

pub mod app;
pub mod cli;
pub mod count;
pub mod decode;
pub mod durable;
pub mod exit;
pub mod export;
pub mod filter;
pub mod input;
pub mod kafka;
pub mod layout;
pub mod ops;
pub mod position;
pub mod recording;
pub mod runtime;
pub mod settings;
pub mod shell;
pub mod sim;
pub mod task;
pub mod ui;

// The allocator of the binary and of every test: a hostile length in a response is granted virtually and then fails
// to decode, where the system allocator aborts the process (docs/adr/0004-mimalloc.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
