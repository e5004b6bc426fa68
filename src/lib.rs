//! ktui: a terminal UI for Kafka clusters.

pub mod kafka;
pub mod task;

// The allocator of the binary and of every test: a hostile length in a response is granted virtually and then fails
// to decode, where the system allocator aborts the process (docs/adr/0004-mimalloc.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
