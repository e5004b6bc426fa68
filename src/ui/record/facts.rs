//! Where a record is, when and by whom it was written, how large it is.

use ratatui::Frame;

use super::super::Paint;
use super::super::format::{Bytes, Count, DateAndTime, IsoUtc, zone_name};
use super::super::line::Line;
use super::super::messages::marker;
use super::super::theme::Role;
use crate::app::pane::record::{FACTS, RecordView};
use crate::decode::{Preview, preview};
use crate::kafka::model::TopicName;
use crate::kafka::model::record::{Codec, Record, RecordKind, Row, TimestampType, Unreadable};
use crate::layout::Area;

/// Columns of the key.
pub(in crate::ui) const KEY: usize = 24;

/// The one line of the preview.
pub(in crate::ui) fn one_line(frame: &mut Frame<'_>, area: Area, row: &Row, topic: &TopicName, paint: &Paint<'_>) {
    let key = row.record().and_then(|record| record.key.as_deref());
    line_with(frame, area, (row, preview(key, KEY)), topic, paint);
}

/// The same with the key as it is shown in the list above.
pub(in crate::ui) fn line_with(
    frame: &mut Frame<'_>,
    area: Area,
    (row, key): (&Row, Preview),
    topic: &TopicName,
    paint: &Paint<'_>,
) {
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.gap(3).name(Role::Title, place(row, topic));
    match row {
        Row::Unreadable(stretch) => {
            line.gap(3).left(Role::Danger, &stretch.damage);
        }
        Row::Record(record) => {
            line.gap(3).left(Role::Text, time(record));
            if let Some((role, word)) = kind(record) {
                line.gap(3).left(role, word);
            }
            let (role, key) = words(key);
            line.gap(3).left(Role::Dim, "key ").left(role, key);
            line.gap(3)
                .left(Role::Text, format_args!("headers {}", record.headers.len()));
            let size = Bytes(record.len() as u64);
            line.gap(3)
                .left(Role::Text, format_args!("{size} {}", packing(record.batch.codec)));
        }
    }
}

/// The two lines above the sections.
pub(in crate::ui) fn lines(frame: &mut Frame<'_>, area: Area, pane: &RecordView, paint: &Paint<'_>) {
    let (first, second) = area.split_top(1);
    let row = pane.row();
    let mut line = Line::new(frame.buffer_mut(), first, paint.theme);
    line.gap(1).name(Role::Title, place(row, pane.topic()));
    let record = match row {
        Row::Unreadable(stretch) => {
            line.gap(3).left(Role::Danger, "unreadable");
            Line::new(frame.buffer_mut(), second, paint.theme)
                .gap(1)
                .left(Role::Danger, &stretch.damage);
            return;
        }
        Row::Record(record) => record,
    };
    line.gap(3).left(Role::Text, time(record));
    if let Some((role, word)) = kind(record) {
        line.gap(3).left(role, word);
    }
    let mut line = Line::new(frame.buffer_mut(), second, paint.theme);
    line.gap(1).left(Role::Text, sizes(record));
    if let Some(epoch) = record.batch.leader_epoch {
        line.gap(3).left(Role::Text, format_args!("leader epoch {epoch}"));
    }
    if let Some(producer) = record.batch.producer {
        let kind = if record.batch.transactional {
            "transactional "
        } else {
            ""
        };
        let said = format_args!("{kind}producer {} epoch {}", producer.id, producer.epoch);
        line.gap(3).left(Role::Text, said);
    }
}

/// Every fact on a line of its own.
pub(in crate::ui) fn list(frame: &mut Frame<'_>, area: Area, pane: &RecordView, paint: &Paint<'_>) {
    let top = pane.top(crate::app::pane::record::section::Section::Facts);
    let facts = facts(pane.row(), pane.topic(), paint);
    let visible = facts.into_iter().skip(top);
    for (y, (name, role, fact)) in (area.y..area.y + area.height).zip(visible) {
        let row = Area { y, height: 1, ..area };
        let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
        line.gap(1)
            .left(Role::TabOpen, if y == area.y { "▸" } else { " " })
            .gap(1)
            .left(Role::Dim, format_args!("{name:<14}"))
            .left(role, fact);
    }
}

type Fact = (&'static str, Role, String);

fn facts(row: &Row, topic: &TopicName, paint: &Paint<'_>) -> [Fact; FACTS] {
    match row {
        Row::Record(record) => record_facts(record, row, topic, paint),
        Row::Unreadable(stretch) => stretch_facts(stretch, row, topic),
    }
}

fn record_facts(record: &Record, row: &Row, topic: &TopicName, paint: &Paint<'_>) -> [Fact; FACTS] {
    let batch = &record.batch;
    let text = |name, fact| (name, Role::Text, fact);
    let local = match record.timestamp.millis() {
        Some(at) => format!("{} {}", DateAndTime(at, paint.zone), zone_name(at, paint.zone)),
        None => "the record has none (message format v0)".to_owned(),
    };
    let (role, word) = kind(record).unwrap_or((Role::Text, "data".to_owned()));
    let length = |bytes: Option<&bytes::Bytes>| match bytes {
        None => "null".to_owned(),
        Some(bytes) => Bytes(bytes.len() as u64).to_string(),
    };
    [
        text("place", place(row, topic)),
        text("time", time(record)),
        text("local time", local),
        ("kind", role, word),
        text(
            "sizes",
            format!(
                "key {}, value {}",
                length(record.key.as_ref()),
                length(record.value.as_ref())
            ),
        ),
        text(
            "batch",
            format!(
                "offsets {} to {}, {} records, {} on disk",
                Count(batch.base_offset.0),
                Count(batch.last_offset.0),
                Count(batch.record_count.into()),
                Bytes(batch.wire_bytes as u64)
            ),
        ),
        text(
            "compression",
            format!("{}, {} unpacked", batch.codec, Bytes(batch.payload_bytes as u64)),
        ),
        text(
            "leader epoch",
            match batch.leader_epoch {
                Some(epoch) => epoch.to_string(),
                None => "— (its message format has none)".to_owned(),
            },
        ),
        text(
            "producer",
            producer(record).unwrap_or_else(|| "— (not idempotent)".to_owned()),
        ),
        text("format", format!("v{}", batch.magic)),
    ]
}

fn stretch_facts(stretch: &Unreadable, row: &Row, topic: &TopicName) -> [Fact; FACTS] {
    let none = || ("", Role::Text, String::new());
    let mut facts = std::array::from_fn(|_| none());
    let known = [
        ("place", Role::Text, place(row, topic)),
        (
            "offsets",
            Role::Text,
            format!(
                "{} to {}, as its header claims",
                Count(stretch.first.0),
                Count(stretch.last.0)
            ),
        ),
        ("damage", Role::Danger, stretch.damage.to_string()),
        ("size", Role::Text, Bytes(stretch.bytes.len() as u64).to_string()),
    ];
    for (slot, fact) in facts.iter_mut().zip(known) {
        *slot = fact;
    }
    facts
}

/// `orders.events/7@166666`: what a seek takes, so without grouped digits.
fn place(row: &Row, topic: &TopicName) -> String {
    format!("{topic}/{}@{}", row.partition(), row.offset())
}

fn time(record: &Record) -> String {
    let whose = match record.timestamp_type {
        TimestampType::Create => "create",
        TimestampType::LogAppend => "log append",
    };
    match record.timestamp.millis() {
        Some(at) => format!("{} {whose}", IsoUtc(at)),
        None => "no time".to_owned(),
    }
}

/// What no consumer is handed as data says so.
fn kind(record: &Record) -> Option<(Role, String)> {
    match record.kind {
        RecordKind::Data => None,
        RecordKind::Control(kind) => Some((Role::Control, marker(kind))),
        RecordKind::Aborted => Some((Role::Aborted, "transaction aborted".to_owned())),
        RecordKind::OpenTransaction => Some((Role::Warning, "transaction still open".to_owned())),
    }
}

fn words(key: Preview) -> (Role, String) {
    match key {
        Preview::Null => (Role::Null, "∅ null".to_owned()),
        Preview::Empty => (Role::Null, "(empty)".to_owned()),
        Preview::Text(text) => (Role::Text, text),
        Preview::Binary(hex) => (Role::Binary, format!("0x{hex}")),
        Preview::Decoded(text) => (Role::Binary, text),
    }
}

/// The codec of a batch as a word before a noun: "none" alone would say that there is no batch.
fn packing(codec: Codec) -> String {
    match codec {
        Codec::None => "uncompressed".to_owned(),
        codec => codec.to_string(),
    }
}

fn sizes(record: &Record) -> String {
    let batch = &record.batch;
    format!(
        "{}   {} batch of {}, {}",
        Bytes(record.len() as u64),
        packing(batch.codec),
        Count(batch.record_count.into()),
        Bytes(batch.wire_bytes as u64),
    )
}

fn producer(record: &Record) -> Option<String> {
    let producer = record.batch.producer?;
    let kind = if record.batch.transactional {
        "transactional"
    } else {
        "idempotent"
    };
    Some(format!(
        "{} epoch {} sequence {} {kind}",
        producer.id, producer.epoch, producer.base_sequence
    ))
}
