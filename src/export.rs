//! Records of topics into a file or a stream.

pub mod format;
mod out;

pub use format::Format;
pub use out::{Hex, Out};
