//! What a change does, in words, for tables of commands and of the screen.

use super::glance::Glance;
use super::plan::{Change, Effect, Plan, Totals};
use super::saving::{Passed, Saving};
use super::strategy::Adjusted;
use crate::decode::{Format, Part, Preview, Site, preview_at};
use crate::kafka::model::TopicPartition;
use crate::kafka::model::record::{Record, Row};

/// `1 record`, `15,118 records`. The count is written by `number`.
fn records(count: u64, number: impl Fn(u64) -> String) -> String {
    let records = if count == 1 { "record" } else { "records" };
    format!("{} {records}", number(count))
}

/// What a plan comes to: `replays 171404 records`, `skips 565 records`, `1 clamped`; nothing where there is nothing to
/// say. Counts of records are written by `number`.
pub fn totals(totals: &Totals, number: impl Fn(u64) -> String) -> Vec<String> {
    let mut parts = Vec::new();
    if totals.replayed > 0 {
        parts.push(format!("replays {}", records(totals.replayed, &number)));
    }
    if totals.skipped > 0 {
        parts.push(format!("skips {}", records(totals.skipped, &number)));
    }
    if totals.unmeasured > 0 {
        parts.push(format!("nobody can tell for {} of them", totals.unmeasured));
    }
    if totals.clamped > 0 {
        parts.push(format!("{} clamped", totals.clamped));
    }
    if totals.refused > 0 {
        parts.push(format!("{} refused", totals.refused));
    }
    parts
}

/// What happens to a partition: `replays 15118 records`, `SKIPS 1 record (900 is past the end)`. Counts of records are
/// written by `number`.
pub fn effect(plan: &Plan, change: &Change, number: impl Fn(u64) -> String) -> String {
    let words = match plan.effect(change) {
        Effect::Unchanged if change.is_change() => "the same offset, with its text as it was".to_owned(),
        Effect::Unchanged => "unchanged".to_owned(),
        Effect::Unmeasured => "past nobody knows how many records: its log cannot be read".to_owned(),
        // Before the log start and past the end there is nothing to count.
        Effect::Skips(0) => "passes only what is gone already".to_owned(),
        Effect::Replays(0) => "nothing to read again".to_owned(),
        Effect::Replays(count) => format!("replays {}", records(count, &number)),
        Effect::Skips(count) => format!("SKIPS {}", records(count, &number)),
        Effect::Begins => "first commit".to_owned(),
        Effect::Forgets => "forgets the commit".to_owned(),
        Effect::Refused => return change.after.as_ref().err().map(ToString::to_string).unwrap_or_default(),
    };
    let passed = plan.saves.as_ref().and_then(|saving| passed(&saving.passed, &number));
    match change.adjusted {
        Adjusted::No => match passed {
            Some(passed) => format!("{words} (and passes {passed})"),
            None => words,
        },
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
    format!(
        "{place}{further}: {}",
        contents(&glance.partition, record, columns, time)
    )
}

/// `skips orders-0@151002: 2026-11-18T10:00:00.004Z key order-7711 value {"orderId":…`, or why that cannot be read.
pub fn skipped_record(saving: &Saving, columns: usize, time: impl Fn(i64) -> String) -> String {
    let place = format!("skips {}@{}", saving.partition, saving.row.offset());
    match &saving.row {
        Row::Record(record) => format!("{place}: {}", contents(&saving.partition, record, columns, time)),
        Row::Unreadable(stretch) => format!("{place} to {}, which cannot be read: {}", stretch.last, stretch.damage),
    }
}

/// What a commit goes past beside records; `None` where that is nothing.
pub fn passed(passed: &Passed, number: impl Fn(u64) -> String) -> Option<String> {
    let parts = [
        (
            passed.lost,
            "offset that retention has removed",
            "offsets that retention has removed",
        ),
        (passed.markers, "transaction marker", "transaction markers"),
        (passed.aborted, "aborted record", "aborted records"),
        (passed.holes, "offset without a record", "offsets without a record"),
    ];
    let words = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{} {}", number(count), if count == 1 { one } else { many }));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// `2026-11-18T10:00:00.004Z key order-7711 value {"orderId":…`.
fn contents(at: &TopicPartition, record: &Record, columns: usize, time: impl Fn(i64) -> String) -> String {
    let time = record.timestamp.millis().map_or_else(|| "no time".to_owned(), time);
    let shown = |bytes: Option<&[u8]>, part| {
        let (topic, key) = (at.topic.as_str(), record.key.as_deref());
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
    format!("{time} key {key} value {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_is_counted_by_its_kind() {
        let said = |one: Passed| passed(&one, |count| count.to_string());
        assert_eq!(said(Passed::default()), None);
        let one = Passed {
            markers: 1,
            ..Passed::default()
        };
        assert_eq!(said(one).as_deref(), Some("1 transaction marker"));
        let all = Passed {
            lost: 2,
            markers: 3,
            aborted: 4,
            holes: 1,
        };
        assert_eq!(
            said(all).as_deref(),
            Some(
                "2 offsets that retention has removed, 3 transaction markers, 4 aborted records, 1 offset without a record"
            )
        );
    }
}
