//! The `ktui` binary.

fn main() {}
