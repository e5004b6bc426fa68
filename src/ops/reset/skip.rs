//! Skipping one record: which one a group stands at, where it is saved, and the commit behind it.
//!
//! The rest is a move of one partition: the same plan, checks, undo file and reading back.

use std::sync::Arc;

use super::hand;
use super::plan::{Change, Plan};
use super::read::{NoPlan, plan};
use super::saving::{Passed, Save, Saving};
use super::scope::Scope;
use super::strategy::{Adjusted, Refusal, Strategy};
use super::words;
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::lag::tail::Place;
use crate::kafka::model::record::{RecordKind, Row};
use crate::kafka::model::{Committed, GroupId, Offset, TopicPartition};
use crate::kafka::tails::next_record;
use crate::shell::quoted;

/// A record to be skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The group.
    pub group: GroupId,
    /// The partition on which it does not get on.
    pub partition: TopicPartition,
    /// Where its commit must still be, if anywhere.
    pub expected: Option<Offset>,
    /// Where the record is saved.
    pub save: Save,
}

/// Plans to skip the record that a group would read next.
///
/// # Errors
/// When nothing waits there, it cannot be read, or the commit cannot be moved.
pub async fn plan_skip(client: &Client, skip: &Skip, now_ms: i64) -> Result<Plan, NoPlan> {
    let scope = Scope::Topics(vec![hand::one(&skip.partition)]);
    // One offset on is what it comes to where the record lies at the commit; the rest of the plan is the same anywhere.
    let mut plan = plan(client, &skip.group, &scope, &Strategy::ShiftBy(1), now_ms).await?;
    let Some(change) = plan.changes.first_mut() else {
        return Err(NoPlan::Nothing("no partition is selected".to_owned()));
    };
    let is_unknown = plan.standing.state.is_dead();
    let place = skip.place(change, is_unknown)?;
    let committed = change.before.as_ref().map_or(place.committed, |before| before.offset);
    let (row, mut passed) = skip.find(client, &place).await?;
    passed.lost = place.committed.0.abs_diff(committed.0);
    passed.holes = row
        .offset()
        .0
        .abs_diff(place.committed.0)
        .saturating_sub(passed.markers + passed.aborted);
    let at = row.offset();
    let saving = Saving::new(&skip.group, skip.partition.clone(), row, passed, &skip.save).map_err(NoPlan::Refused)?;
    change.after = Ok(Some(Committed::at(saving.next())));
    change.adjusted = Adjusted::No;
    plan.how = format!("past {}@{at}", skip.partition);
    plan.saves = Some(Arc::new(saving));
    Ok(plan)
}

impl Skip {
    /// Where the group stands, if something waits there.
    fn place(&self, change: &Change, is_unknown: bool) -> Result<Place, NoPlan> {
        let (group, partition) = (&self.group, &self.partition);
        let refused = |why: String| Err(NoPlan::Refused(why));
        match &change.after {
            Err(Refusal::NoCommit) if is_unknown => {
                return refused(format!("group {group} does not exist or is hidden"));
            }
            Err(Refusal::NoCommit) => {
                return refused(format!(
                    "group {group} has committed nothing on {partition}: there is no commit to move past a record"
                ));
            }
            Err(refusal) => return refused(format!("{partition}: {refusal}")),
            Ok(_) => {}
        }
        let (Some(before), Some((start, end))) = (&change.before, change.log) else {
            return refused(format!("{partition}: commit or log are not known"));
        };
        let committed = before.offset;
        if let Some(expected) = self.expected.filter(|expected| *expected != committed) {
            return refused(format!("the commit of {partition} is {committed}, not {expected}"));
        }
        if committed > end {
            return refused(format!(
                "the commit {committed} of {partition} lies past the end of the log, {end}"
            ));
        }
        if committed.max(start) >= end {
            return Err(self.nothing_waits(&Passed::default()));
        }
        Ok(Place {
            partition: partition.clone(),
            // Before the log start nothing can be read: there begins what a consumer would get.
            committed: committed.max(start),
            end,
        })
    }

    fn nothing_waits(&self, passed: &Passed) -> NoPlan {
        let partition = &self.partition;
        NoPlan::Nothing(match words::passed(passed, |count| count.to_string()) {
            Some(words) => format!("nothing but {words} lies behind the commit of {partition}: nothing waits there"),
            None => format!("the commit of {partition} is at the end of the log: nothing waits there"),
        })
    }

    /// The first record that a consumer would get, and what lies before it.
    async fn find(&self, client: &Client, place: &Place) -> Result<(Row, Passed), NoPlan> {
        let (mut at, mut passed) = (place.committed, Passed::default());
        loop {
            let from = Place {
                committed: at,
                ..place.clone()
            };
            let found = next_record(client, from)
                .await
                .map_err(|error| self.unread(at, error))?;
            passed.markers += found.tail.markers;
            passed.aborted += found.tail.aborted;
            match found.row {
                Some(row) if found.tail.next.is_some() => return Ok((row, passed)),
                _ if found.tail.next.is_some() => {
                    return Err(NoPlan::Refused(format!(
                        "{}@{at} was removed just now: try again",
                        self.partition
                    )));
                }
                _ if found.tail.is_over() => return Err(self.nothing_waits(&passed)),
                Some(row) if is_open(&row) => {
                    let (partition, at) = (&self.partition, found.tail.read_to);
                    return Err(NoPlan::Refused(format!(
                        "from {partition}@{at} on a transaction is open: its records cannot be read before it ends{}",
                        self.unsaved()
                    )));
                }
                _ if found.tail.read_to <= at => {
                    let partition = &self.partition;
                    let why = format!(
                        "nothing was read of {partition}@{at}, although the log goes on{}",
                        self.unsaved()
                    );
                    return Err(NoPlan::Refused(why));
                }
                // More markers and aborted records than one look reads.
                _ => at = found.tail.read_to,
            }
        }
    }

    /// Why a record cannot be had. What may go better the next time is left as it is.
    fn unread(&self, at: Offset, error: Error) -> NoPlan {
        if error.is_retriable() || error.is_connection() {
            return error.into();
        }
        let place = format!("{}@{at}", self.partition);
        NoPlan::Refused(format!(
            "{place} cannot be read, so it cannot be saved: {error}{}",
            self.unsaved()
        ))
    }

    /// How to go on without the record.
    fn unsaved(&self) -> String {
        let place = format!("{}:{}", self.partition.topic, self.partition.partition);
        let (group, place) = (quoted(self.group.as_str()), quoted(&place));
        format!(". Hint: ktui reset {group} --topic {place} --shift-by 1 moves one offset on and saves nothing")
    }
}

fn is_open(row: &Row) -> bool {
    row.record()
        .is_some_and(|record| record.kind == RecordKind::OpenTransaction)
}
