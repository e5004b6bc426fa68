//! The shell: the terminal and what is written to it.

pub mod backend;
pub mod terminal;
