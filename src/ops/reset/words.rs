//! What a change does, in words, for tables of commands and of the screen.

use super::glance::Glance;
use super::plan::{Change, Effect};
use super::strategy::Adjusted;
use crate::decode::{Format, Part, Preview, Site, preview_at};

/// What happens to a partition: `replays 15118 records`, `SKIPS 1 record (900 is past the end)`. Counts of records are
/// written by `number`.
pub fn effect(change: &Change, number: impl Fn(u64) -> String) -> String {
    let records = |count: u64| {
        let records = if count == 1 { "record" } else { "records" };
        format!("{} {records}", number(count))
    };
    let words = match change.effect() {
        Effect::Unchanged => "unchanged".to_owned(),
        // Before the log start and past the end there is nothing to count.
        Effect::Skips(0) => "passes only what is gone already".to_owned(),
        Effect::Replays(0) => "nothing to read again".to_owned(),
        Effect::Replays(count) => format!("replays {}", records(count)),
        Effect::Skips(count) => format!("SKIPS {}", records(count)),
        Effect::Begins => "first commit".to_owned(),
        Effect::Forgets => "forgets the commit".to_owned(),
        Effect::Refused => return change.after.as_ref().err().map(ToString::to_string).unwrap_or_default(),
    };
    match change.adjusted {
        Adjusted::No => words,
        Adjusted::ToStart(wanted) => format!("{words} ({wanted} is before the log start)"),
        Adjusted::ToEnd(wanted) => format!("{words} ({wanted} is past the end)"),
        Adjusted::NothingSince => format!("{words} (no record since then: the end)"),
        Adjusted::NoCommit => format!("{words} (at the end)"),
    }
}

/// `first at orders-0@151002: 2026-11-18T10:00:00.004Z key order-7711 value {"orderId":91822,"customer":"bob",…`, with
/// `columns` for key and value each. Times are written by `time`.
pub fn first_record(glance: &Glance, columns: usize, time: impl Fn(i64) -> String) -> String {
    let place = format!("first at {}@{}", glance.partition, glance.at);
    let record = match &glance.record {
        Ok(Some(record)) => record,
        Ok(None) => return format!("{place}: no record yet"),
        Err(error) => return format!("{place}: cannot be read: {}", error.summary()),
    };
    let further = if record.offset == glance.at {
        String::new()
    } else {
        format!(" (offset {})", record.offset)
    };
    let time = record.timestamp.millis().map_or_else(|| "no time".to_owned(), time);
    let shown = |bytes: Option<&[u8]>, part| {
        let (topic, key) = (glance.partition.topic.as_str(), record.key.as_deref());
        match preview_at(bytes, columns, &Site { topic, part, key }, Format::Auto) {
            Preview::Null => "null".to_owned(),
            Preview::Empty => "empty".to_owned(),
            Preview::Text(text) | Preview::Binary(text) | Preview::Decoded(text) => text,
        }
    };
    let (key, value) = (
        shown(record.key.as_deref(), Part::Key),
        shown(record.value.as_deref(), Part::Value),
    );
    format!("{place}{further}: {time} key {key} value {value}")
}
