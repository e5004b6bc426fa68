//! Lines of a file or a pipe become records of a topic: what `ktui produce` and `ktui import` share.
//!
//! ```text
//!   cut (thread) ─ chunks ─▶ prepare (all cores) ─ batches ─▶ run ─▶ kafka::send ─▶ leaders
//!   at lines, bounded         parse, place, compress           │
//!                                                              └─▶ checkpoint, before each chunk is sent
//! ```
//!
//! Where a chunk ends is a function of the input alone, and so is what each partition gets of it: one batch. A process
//! that goes on where another was killed makes the same batches again.

pub mod checkpoint;
pub mod cut;
pub mod jsonl;
pub mod lines;
pub mod outcome;
pub mod prepare;
pub mod preparing;
pub mod run;
pub mod source;
pub mod spare;
pub mod survey;
pub mod tail;
pub mod target;

pub use checkpoint::Checkpoint;
pub use cut::Cut;
pub use outcome::{Outcome, Progress, Stopped};
pub use prepare::{Format, OnBad, Recipe};
pub use run::{Run, Spec};
pub use survey::Survey;
pub use target::Target;
