//! How far a reader may see.

use serde::Serialize;

use super::record::{RecordKind, Row};

/// How far a reader may see, and whether it is handed what transactions have not committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Up to the high watermark.
    #[default]
    ReadUncommitted,
    /// Up to the first open transaction: the last stable offset.
    ReadCommitted,
}

impl Isolation {
    /// Whether a consumer with this isolation is handed the row. What cannot be read counts: nobody knows what it is.
    pub fn hands_over(self, row: &Row) -> bool {
        match row.record().map(|record| record.kind) {
            Some(RecordKind::Control(_)) => false,
            Some(RecordKind::Aborted | RecordKind::OpenTransaction) => self == Self::ReadUncommitted,
            Some(RecordKind::Data) | None => true,
        }
    }
}
