//! What comes of a run.

use std::collections::BTreeMap;

use super::cut::Mark;
use super::prepare::BadLine;
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, PartitionId};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records stored.
    pub records: u64,
    /// Bytes of the input that are settled.
    pub position: u64,
}

/// What one partition got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Got {
    /// Records stored.
    pub records: u64,
    /// Offset of the first, as far as the leader said.
    pub first: Option<Offset>,
    /// Offset of the last, as far as the leader said. Other producers may have written between the two.
    pub last: Option<Offset>,
}

/// Lines whose batch was not stored, as far as that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// Their partition.
    pub partition: PartitionId,
    /// Their numbers.
    pub lines: Vec<u64>,
    /// Why.
    pub error: Error,
    /// Lines that the broker blames, with its words.
    pub blamed: Vec<BadLine>,
    /// Whether they may have been stored nevertheless.
    pub is_unknown: bool,
}

/// Why a run ended before the input did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The input could not be read.
    Unreadable(String),
    /// A line that cannot be sent.
    BadLine,
    /// Some batch was not stored.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The checkpoint could not be written.
    NoCheckpoint(String),
    /// The input is not what it was when these batches were made first.
    Changed,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// By partition.
    pub got: BTreeMap<PartitionId, Got>,
    /// Records stored by this run.
    pub records: u64,
    /// Records that an earlier process had sent and that were found in the topic.
    pub found: u64,
    /// Lines that were not sent: the first of them.
    pub bad: Vec<BadLine>,
    /// How many of those there are.
    pub bad_count: u64,
    /// Batches that were not stored.
    pub failed: Vec<Failed>,
    /// Records that the target's retention removes soon.
    pub short_lived: u64,
    /// Every line up to here is stored, bad or failed; none behind it was sent. Of what an earlier process had under
    /// way it is not known here which.
    pub to: Mark,
    /// Why it ended early, if it did.
    pub stopped: Option<Stopped>,
}

impl Outcome {
    /// Whether of some batch nobody knows if it was stored.
    pub fn is_unknown(&self) -> bool {
        self.failed.iter().any(|failed| failed.is_unknown)
    }
}
