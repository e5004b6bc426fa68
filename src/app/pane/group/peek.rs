//! The record at the commit under the cursor, opened for the preview.

use super::{Group, GroupTab, View, Want};
use crate::app::slot::SlotId;
use crate::decode::{self, Format, Part};
use crate::kafka::lag::tail::{NextRecord, Place};
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::Offset;
use crate::kafka::model::record::Row;
use crate::kafka::query::Query;

/// An opened value.
#[derive(Clone, Debug)]
pub struct Peek {
    pub(super) place: Place,
    columns: u16,
    format: Format,
    /// The value.
    pub value: decode::View,
    /// Whether only its head was opened.
    pub is_head: bool,
}

/// Why there is no record to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// There is no row.
    NoRow,
    /// The commit is at the end.
    Waits,
    /// The commit lies past the end.
    Ahead,
    /// There is no commit.
    NoCommit,
    /// Commit or end are unknown.
    Unknown,
}

impl Nothing {
    fn of(row: &PartitionLag) -> Self {
        match row.case {
            LagCase::Known { .. } | LagCase::Expired { .. } => Self::Waits,
            LagCase::Ahead { .. } => Self::Ahead,
            LagCase::NoCommit { .. } => Self::NoCommit,
            LagCase::Unknown(_) => Self::Unknown,
        }
    }
}

impl Group {
    /// The opened value of the record that is shown.
    pub fn peek(&self) -> Option<&Peek> {
        self.peek.as_deref()
    }

    /// The commit under the cursor, or why nothing lies there.
    pub fn place(&self, view: View<'_>) -> Result<Place, Nothing> {
        let row = self.partition(self.list.cursor, view.store).ok_or(Nothing::NoRow)?;
        Place::of(row).ok_or(Nothing::of(row))
    }

    /// The commit under the cursor as the coordinator has it, also where it lies before the log start.
    pub fn committed(&self, view: View<'_>) -> Option<Offset> {
        self.partition(self.list.cursor, view.store)?.committed
    }

    /// What was read of the partition under the cursor; of an earlier commit while the newest is read.
    pub fn next_record<'a>(&self, view: View<'a>) -> Option<&'a NextRecord> {
        let place = self.place(view).ok()?;
        let known = view.store.derived.watches.next_record.value()?;
        (known.place.partition == place.partition).then_some(&**known)
    }

    /// The record on screen.
    pub(super) fn shown_record<'a>(&self, view: View<'a>) -> Option<&'a Row> {
        let is_shown = self.is_peeking && self.tab == GroupTab::Partitions;
        self.next_record(view).filter(|_| is_shown)?.row.as_ref()
    }

    /// A record lies where it lies: it is read once. What waits for a transaction is looked at again.
    pub(super) fn wants_record(&self, view: View<'_>) -> Option<Want> {
        if !self.is_peeking || self.tab != GroupTab::Partitions {
            return None;
        }
        let place = self.place(view).ok()?;
        let known = self
            .next_record(view)
            .filter(|known| known.place.committed == place.committed);
        if known.is_some_and(|known| known.tail.next.is_some()) {
            return None;
        }
        let want = Want::every(10, SlotId::NextRecord, Query::NextRecord(place));
        Some(want.replacing(known.is_none()))
    }

    /// Opens the value of the record on screen, unless it is open already.
    pub(super) fn open_peek(&mut self, view: View<'_>) {
        let area = self.parts(view.body).preview;
        let found = self.next_record(view).filter(|_| !area.is_empty());
        let Some((NextRecord { place, .. }, row)) = found.and_then(|found| Some((found, found.row.as_ref()?))) else {
            self.peek = None;
            return;
        };
        let topic = place.partition.topic.as_str();
        let format = view.memory.decoder(topic, Part::Value);
        let is_open = |peek: &Peek| (&peek.place, peek.columns, peek.format) == (place, area.width, format);
        if self.peek.as_deref().is_some_and(is_open) {
            return;
        }
        let (value, is_head) = super::super::messages::peek::open_value(row, topic, format, area.width);
        self.peek = Some(Box::new(Peek {
            place: place.clone(),
            columns: area.width,
            format,
            value,
            is_head,
        }));
    }
}
