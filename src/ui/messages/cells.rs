//! Cells of a row. Null, empty, tombstone, binary and what consumers never see each have their own words.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::format::{Bytes, DateAndTime, NOT_APPLICABLE, TimeOfDay};
use super::super::table::CellText;
use super::super::theme::Role;
use crate::app::memory::Memory;
use crate::app::pane::View;
use crate::decode::{Part, Preview, Site, preview, preview_at};
use crate::kafka::model::record::{ControlType, Record, RecordKind, Row};

/// Columns of the bytes of a binary value before its size: a fifth of the screen, at least and at most so many.
const BINARY_COLUMNS: (usize, usize) = (12, 36);

/// Times in a zone: of today without their day.
pub(super) struct Days<'a> {
    zone: &'a TimeZone,
    today: Option<Date>,
}

impl<'a> Days<'a> {
    pub(super) fn new(view: View<'_>, zone: &'a TimeZone) -> Self {
        let now = view.store.derived.wall.as_ref().map(|wall| wall.time(view.now));
        Self {
            zone,
            today: now.map(|now| now.with_time_zone(zone.clone()).date()),
        }
    }

    pub(super) fn show(&self, row: &Row, cell: &mut CellText<'_>) {
        let Some(record) = row.record() else {
            cell.show(NOT_APPLICABLE);
            return;
        };
        let millis = record.timestamp.0;
        let day = jiff::Timestamp::from_millisecond(millis).map(|at| self.zone.to_datetime(at).date());
        let is_today = self.today.is_some() && day.ok() == self.today;
        if is_today || millis < 0 {
            cell.show(TimeOfDay(millis, self.zone));
        } else {
            cell.show(DateAndTime(millis, self.zone));
        }
    }
}

/// A topic whose rows are shown, and the decoders chosen for it.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) topic: &'a str,
    pub(super) memory: &'a Memory,
}

impl Of<'_> {
    /// What stands for a key. A marker has bytes of its own there, which no decoder was chosen for.
    pub(super) fn key(self, row: &Row, columns: usize) -> Preview {
        match row {
            Row::Unreadable(_) => Preview::Null,
            Row::Record(record) if matches!(record.kind, RecordKind::Control(_)) => {
                preview(record.key.as_deref(), columns)
            }
            Row::Record(record) => self.preview(record, Part::Key, columns),
        }
    }

    /// What fits the cell of a part of a record.
    fn preview(self, record: &Record, part: Part, columns: usize) -> Preview {
        let site = Site {
            topic: self.topic,
            part,
            key: record.key.as_deref(),
        };
        let bytes = if part == Part::Key { &record.key } else { &record.value };
        preview_at(bytes.as_deref(), columns, &site, self.memory.decoder(self.topic, part))
    }
}

/// The key of a row.
pub(super) fn key(of: Of<'_>, row: &Row, cell: &mut CellText<'_>, columns: usize) {
    let record = match row {
        Row::Record(record) => record,
        Row::Unreadable(_) => {
            cell.show("unreadable");
            return;
        }
    };
    if matches!(record.kind, RecordKind::Control(_)) {
        cell.show("control");
        return;
    }
    match of.preview(record, Part::Key, columns) {
        Preview::Null => cell.role(Role::Null).show("∅ null"),
        Preview::Empty => cell.role(Role::Null).show("(empty)"),
        Preview::Text(text) => cell.show(text),
        Preview::Binary(hex) => cell.role(Role::Binary).show("0x").show(hex),
        Preview::Decoded(text) => cell.role(Role::Binary).show(text),
    };
}

/// The value of a row, or what stands in its place.
pub(super) fn value(of: Of<'_>, row: &Row, cell: &mut CellText<'_>, columns: usize) {
    let record = match row {
        Row::Record(record) => record,
        Row::Unreadable(stretch) => {
            cell.show(&stretch.damage);
            if stretch.last > stretch.first {
                cell.show(format_args!(" (offsets {} to {})", stretch.first, stretch.last));
            }
            return;
        }
    };
    match record.kind {
        RecordKind::Data => {}
        RecordKind::Control(kind) => {
            cell.show(marker(kind));
            return;
        }
        RecordKind::Aborted => {
            cell.show("[aborted] ");
        }
        RecordKind::OpenTransaction => {
            cell.show("[open] ");
        }
    }
    data(of, record, cell, columns);
}

fn data(of: Of<'_>, record: &Record, cell: &mut CellText<'_>, columns: usize) {
    // Of a binary value the size is worth more than a few more bytes.
    let binary = |cell: &mut CellText<'_>, length: usize| {
        if let Preview::Binary(hex) = preview(
            record.value.as_deref(),
            (columns / 5).clamp(BINARY_COLUMNS.0, BINARY_COLUMNS.1),
        ) {
            let size = Bytes(length as u64);
            cell.role(Role::Binary).show(format_args!("0x{hex} (binary, {size})"));
        }
    };
    match of.preview(record, Part::Value, columns) {
        Preview::Null => {
            cell.role(Role::Tombstone).show("␀ tombstone");
        }
        Preview::Empty => {
            cell.role(Role::Null).show("(empty)");
        }
        Preview::Text(text) => {
            cell.show(text);
        }
        Preview::Decoded(text) => {
            cell.role(Role::Binary).show(text);
        }
        Preview::Binary(_) => binary(cell, record.value.as_ref().map_or(0, bytes::Bytes::len)),
    }
}

/// What a control record says.
pub(in crate::ui) fn marker(kind: ControlType) -> String {
    match kind {
        ControlType::Abort => "marker: transaction aborted".to_owned(),
        ControlType::Commit => "marker: transaction committed".to_owned(),
        ControlType::LeaderChange => "marker: the quorum elected a leader".to_owned(),
        ControlType::SnapshotHeader => "marker: a snapshot begins".to_owned(),
        ControlType::SnapshotFooter => "marker: a snapshot ends".to_owned(),
        ControlType::KraftVersion => "marker: KRaft version".to_owned(),
        ControlType::KraftVoters => "marker: KRaft voters".to_owned(),
        ControlType::Unknown(number) => format!("marker of unknown type {number}"),
    }
}
