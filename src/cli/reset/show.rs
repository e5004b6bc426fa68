//! How a plan is printed, before and after it was applied.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::report::{Column, Item, Side, known};
use crate::cli::sending::is_jsonl;
use crate::kafka::error::Error;
use crate::kafka::model::record::Row;
use crate::kafka::model::{Committed, PartitionId, TopicName};
use crate::kafka::partial::Failure;
use crate::ops::reset::when::stamp;
use crate::ops::reset::{Change, Deed, Glance, Outcome, Plan, Saving, Settled, words};
use crate::shell::quoted;

/// Cells of a key and of a value.
const COLUMNS: usize = 60;

/// How far a plan has come.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// It is only shown.
    Planned,
    /// It was to be sent, and was not.
    NotSent,
    /// It was sent.
    Settled(&'a [Settled]),
}

impl Stage<'_> {
    /// JSON's word for what came of the change at this place.
    pub fn word(self, at: usize) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::NotSent => "notSent",
            Self::Settled(settled) => settled.get(at).map_or("unknown", |one| one.outcome.word()),
        }
    }
}

/// A partition of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeItem {
    topic: TopicName,
    partition: PartitionId,
    before: Option<i64>,
    #[serde(skip)]
    is_before_known: bool,
    after: Option<i64>,
    clamped: bool,
    outcome: &'static str,
    #[serde(skip)]
    effect: String,
    /// The file of the record that is skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

impl ChangeItem {
    /// A change, and what came of it.
    pub fn new(plan: &Plan, change: &Change, outcome: &'static str) -> Self {
        let offset = |one: Option<&Committed>| one.map(|one| one.offset.0);
        let outcome = if change.after.is_err() { "refused" } else { outcome };
        Self {
            topic: change.partition.topic.clone(),
            partition: change.partition.partition,
            before: offset(change.before.as_ref()),
            is_before_known: change.is_before_known(),
            after: offset(change.after.as_ref().ok().and_then(Option::as_ref)),
            clamped: change.is_clamped(),
            outcome,
            effect: effect(plan, change),
            file: plan.saves.as_ref().map(|saving| saving.path.clone()),
        }
    }
}

impl Item for ChangeItem {
    type Row = Self;

    fn columns(_: &[Self]) -> &'static [Column<Self>] {
        &[
            Column {
                name: "topic",
                side: Side::Left,
                show: |row| known(&row.topic),
            },
            Column {
                name: "partition",
                side: Side::Right,
                show: |row| known(row.partition),
            },
            Column {
                name: "before",
                side: Side::Right,
                show: |row| offset(row.before).filter(|_| row.is_before_known),
            },
            Column {
                name: "after",
                side: Side::Right,
                show: |row| offset(row.after),
            },
            Column {
                name: "clamped",
                side: Side::Left,
                show: |row| known(row.clamped),
            },
            Column {
                name: "outcome",
                side: Side::Left,
                show: |row| known(row.outcome),
            },
            Column {
                name: "effect",
                side: Side::Left,
                show: |row| known(&row.effect),
            },
        ]
    }

    fn rows(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}

/// Without a commit stands `-`, as Kafka's own tool has it.
fn offset(offset: Option<i64>) -> Option<String> {
    Some(offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string()))
}

fn effect(plan: &Plan, change: &Change) -> String {
    words::effect(plan, change, |count| count.to_string())
}

/// `move 12 offsets of group billing to earliest: replays 171404 records, skips 565 records`.
pub fn summary(plan: &Plan) -> String {
    let totals = plan.totals();
    let mut parts = words::totals(&totals, |count| count.to_string());
    if totals.changed == 0 && totals.refused == 0 && plan.deed != Deed::Delete {
        parts.push("changes nothing".to_owned());
    }
    if parts.is_empty() {
        plan.to_string()
    } else {
        format!("{plan}: {}", parts.join(", "))
    }
}

/// `first at orders-0@151002: 2026-11-18T10:00:00.004Z key order-7711 value {"orderId":91822,"customer":"bob",…`.
pub fn first_record(glance: &Glance) -> String {
    words::first_record(glance, COLUMNS, stamp)
}

/// `skips orders-0@151002: 2026-11-18T10:00:00.004Z key order-7711 value {"orderId":91822,"customer":"bob",…`.
pub fn skipped_record(saving: &Saving) -> String {
    words::skipped_record(saving, COLUMNS, stamp)
}

/// What can be done with the file of a record that was skipped.
pub fn sent_again(saving: &Saving, path: &Path) -> String {
    match &saving.row {
        Row::Record(_) => {
            let format = if is_jsonl(&saving.path) { "" } else { " --format jsonl" };
            let path = path.to_string_lossy();
            let (path, topic) = (quoted(&path), quoted(saving.partition.topic.as_str()));
            format!("the record is saved; to send it again: ktui import {path} {topic} --keep-partitions{format}")
        }
        Row::Unreadable(_) => format!("what cannot be read is saved byte for byte: {}", path.display()),
    }
}

/// What cannot be changed.
pub fn refusals(plan: &Plan) -> Vec<Failure> {
    let refused = plan.refused().map(|(partition, why)| {
        let (what, reason) = (partition.to_string(), why.to_string());
        Failure::new(what.clone(), Error::Immovable { what, reason })
    });
    refused.collect()
}

/// What was sent and is not, or may not be, as planned.
pub fn unverified<'a>(outcomes: impl Iterator<Item = (String, &'a Outcome)>) -> Vec<Failure> {
    let failed = outcomes.filter_map(|(what, outcome)| {
        let error = match outcome {
            Outcome::Verified => return None,
            Outcome::Failed(error) => error.clone(),
            other => Error::Unsettled {
                what: what.clone(),
                reason: other.why().unwrap_or_default(),
            },
        };
        Some(Failure::new(what, error))
    });
    failed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::TopicPartition;
    use crate::ops::reset::plan::tests::{change, plan};
    use crate::ops::reset::{Adjusted, Refusal};

    fn planned() -> Plan {
        let adjusted = |change, adjusted| Change { adjusted, ..change };
        plan(vec![
            adjusted(change(Some(150), Ok(Some(100))), Adjusted::ToStart(-5)),
            change(Some(150), Ok(Some(151))),
            adjusted(change(None, Ok(Some(200))), Adjusted::NoCommit),
            change(Some(1), Err(Refusal::NoLeader)),
        ])
    }

    #[test]
    fn an_item_has_these_fields_and_no_others() {
        let plan = planned();
        let settled = [Settled {
            partition: TopicPartition::new("orders", 0),
            outcome: Outcome::Verified,
        }];
        let word = Stage::Settled(&settled).word(0);
        let json = serde_json::to_value(ChangeItem::new(&plan, &plan.changes[0], word)).unwrap();
        let expected = serde_json::json!({
            "topic": "orders", "partition": 0, "before": 150, "after": 100, "clamped": true, "outcome": "verified"
        });
        assert_eq!(json, expected);
        let refused = serde_json::to_value(ChangeItem::new(&plan, &plan.changes[3], Stage::Planned.word(3))).unwrap();
        assert_eq!(
            (&refused["after"], &refused["outcome"]),
            (&serde_json::Value::Null, &"refused".into())
        );
    }

    #[test]
    fn effects_and_totals_are_said_in_words() {
        let plan = planned();
        let effects: Vec<_> = plan.changes.iter().map(|change| effect(&plan, change)).collect();
        let expected = [
            "replays 50 records (-5 is before the log start)",
            "SKIPS 1 record",
            "first commit (at the end)",
            "the partition has no leader",
        ];
        assert_eq!(effects, expected);
        assert_eq!(
            summary(&plan),
            "move 4 offsets of group billing to earliest: replays 50 records, skips 1 record, 1 clamped, 1 refused"
        );
        assert_eq!(refusals(&plan).len(), 1);
    }

    #[test]
    fn a_commit_that_could_not_be_read_is_unknown_and_one_that_is_not_there_is_not() {
        let before = |refusal| {
            let change = change(None, Err(refusal));
            let item = ChangeItem::new(&planned(), &change, "planned");
            let column = ChangeItem::columns(&[]).iter().find(|column| column.name == "before");
            column.and_then(|column| (column.show)(&item))
        };
        assert_eq!(before(Refusal::CommitUnread("timed out".to_owned())), None);
        assert_eq!(before(Refusal::NoLeader), Some("-".to_owned()));
    }

    #[test]
    fn a_commit_out_of_the_log_neither_skips_nor_replays_records() {
        let lost = change(Some(50), Ok(Some(100)));
        assert_eq!(effect(&planned(), &lost), "passes only what is gone already");
        let ahead = change(Some(300), Ok(Some(200)));
        assert_eq!(effect(&planned(), &ahead), "nothing to read again");
    }
}
