//! Records of topics into a file or a stream.
//!
//! ```text
//!   ExportSpec -> prepare: plan (topics, offsets, times), or the checkpoint of an interrupted one
//!              -> run:     kafka::scan ── lines, made by the workers ──▶ writer thread ──▶ FILE.partial ──▶ FILE
//!                                                                            └─ every second ──▶ FILE.checkpoint
//! ```
//!
//! A file is whole or has another name. Whatever interrupts an export, the checkpoint says how much of the partial
//! file counts, and where each partition goes on: nothing is lost, nothing is written twice.

pub mod format;

mod checkpoint;
mod lines;
mod notes;
mod options;
mod out;
mod plan;
mod prepare;
mod run;
mod topics;
mod writer;

use std::path::PathBuf;
use std::time::Duration;

use crate::filter::Filter;
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, PartitionId};
use crate::kafka::partial::Failure;
use crate::kafka::scan::PATIENCE;
use crate::position::{Start, Until};

pub use checkpoint::{Checkpoint, Gap, Part, Paths};
pub use format::Format;
pub use lines::Packing;
pub use notes::{Note, lines as note_lines};
pub use out::{Hex, Out};
pub use plan::Plan;
pub use prepare::{Export, Prepared};
pub use run::{Ending, Outcome, Progress};

/// What to export, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportSpec {
    /// Names of topics, or patterns with `*` and `?`.
    pub topics: Vec<String>,
    /// Partitions; empty means all of them.
    pub partitions: Vec<PartitionId>,
    /// Where to start.
    pub from: Start,
    /// Where to end.
    pub until: Until,
    /// Most records.
    pub limit: Option<u64>,
    /// Which records.
    pub filter: Option<Filter>,
    /// Whether records of open and aborted transactions are left out.
    pub isolation: Isolation,
    /// How they are written.
    pub format: Format,
    /// Start and end as they were typed: who resumes with the same words means what they meant when it began.
    pub typed: String,
    /// How long a partition may fail before it is given up.
    pub patience: Duration,
    /// The time of day when it began, in Unix milliseconds.
    pub now: i64,
}

impl ExportSpec {
    /// Everything that is committed in these topics, as JSON lines.
    pub fn new(topics: Vec<String>) -> Self {
        Self {
            topics,
            partitions: Vec::new(),
            from: Start::Begin,
            until: Until::End,
            limit: None,
            filter: None,
            isolation: Isolation::ReadCommitted,
            format: Format::default(),
            typed: String::new(),
            patience: PATIENCE,
            now: i64::MAX,
        }
    }

    /// Ends it there. A count is a limit.
    pub fn end_at(&mut self, until: Until) {
        if let Until::Count(count) = until {
            self.limit = Some(self.limit.map_or(count, |limit| limit.min(count)));
            self.until = Until::End;
        } else {
            self.until = until;
        }
    }
}

/// Where to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// A file.
    File {
        /// Its name; `.gz` and `.zst` pack it.
        path: PathBuf,
        /// What to do about a file of that name.
        existing: Existing,
    },
}

impl Output {
    /// Whether what is written is kept so that an export can go on with it.
    pub fn is_resumable(&self) -> bool {
        matches!(self, Self::File { path, .. } if Paths::of(path).checkpoint.exists())
    }
}

/// What to do about a file that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    #[default]
    Refuse,
    /// Go on with it, if it is the same export.
    Resume,
    /// Write it anew.
    Replace,
}

/// Why there is no export, or no more of it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// What is asked for cannot be.
    #[error("{0}")]
    Refused(String),
    /// The cluster does not answer.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// What a file is to hold cannot be learned as a whole.
    #[error("not all of it can be asked for")]
    Unplanned(Vec<Failure>),
    /// The output cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// ktui itself failed.
    #[error("a task of the export panicked")]
    Crashed,
}
