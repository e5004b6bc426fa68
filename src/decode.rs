//! From bytes to what a person reads: text, JSON, hex and what decoders make of them, never losing or changing a byte.
//!
//! ```text
//! bytes -> shape()          what they are, and why we think so     (null, empty, JSON, text, binary)
//!       -> choose()         the decoder that shows them best, and why
//!       -> preview()        one cell of a table, costs what is shown
//!       -> View::open()     rows of a chosen format, a window at a time
//! ```
//!
//! Everything that comes from a cluster passes [`sanitize`] before it reaches a terminal.

mod base64;
mod cbor;
mod coordinator;
mod hex;
mod json;
mod line;
mod messagepack;
mod number;
mod preview;
mod registry;
pub mod sanitize;
mod shape;
mod site;
mod text;
mod uuid;
mod view;
mod write;

pub use json::JsonError;
pub use line::{Line, Span, SpanKind};
pub use preview::{Preview, preview, preview_at};
pub use registry::{Choice, DECODERS, Decoded, DecoderRow, Format, choose, decode};
pub use sanitize::{is_hidden, sanitize};
pub use shape::{Shape, shape};
pub use site::{Part, Site};
pub use view::{MOST_COUNTED, Pattern, View};
