//! From bytes to what a person reads: text, JSON and hex, never losing or changing a byte on the way.
//!
//! ```text
//! bytes -> shape()          what they are, and why we think so     (null, empty, JSON, text, binary)
//!       -> preview()        one cell of a table, costs what is shown
//!       -> View::open()     rows of a chosen format, a window at a time
//! ```
//!
//! Everything that comes from a cluster passes [`sanitize`] before it reaches a terminal.

mod hex;
mod json;
mod line;
mod preview;
pub mod sanitize;
mod shape;
mod text;
mod view;

pub use json::JsonError;
pub use line::{Line, Span, SpanKind};
pub use preview::{Preview, preview};
pub use sanitize::sanitize;
pub use shape::{Shape, shape};
pub use view::{Format, View};
