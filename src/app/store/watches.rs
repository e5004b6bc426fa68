//! Groups over time: each answer about a group is a look at it.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::facts::{merge_lags, stamp};
use super::{Slot, SlotId, Store, Ticket, unpack};
use crate::kafka::error::Error;
use crate::kafka::lag::tail::{NextRecord, Tail};
use crate::kafka::lag::watch::{GroupWatch, Look};
use crate::kafka::lag::{GroupDetail, GroupReading};
use crate::kafka::model::{GroupId, GroupListing, TopicPartition};
use crate::kafka::partial::Partial;
use crate::kafka::query::Answer;

/// An answer as it came.
type Taken = Result<Partial<Answer>, Error>;

/// What was seen of every group.
#[derive(Debug, Default)]
pub struct Watches {
    groups: HashMap<GroupId, Watched>,
    /// What lies at the commits on screen.
    pub tails: Slot<Vec<(TopicPartition, Tail)>>,
    /// The record at the commit under the cursor.
    pub next_record: Slot<Box<NextRecord>>,
}

#[derive(Debug)]
struct Watched {
    watch: GroupWatch,
    at: Instant,
}

/// When the question of a look was asked, and when it was answered.
#[derive(Clone, Copy, Debug)]
struct Between {
    asked: Option<Instant>,
    told: Instant,
}

impl Store {
    pub(super) fn take_lags(&mut self, slot: SlotId, ticket: Ticket, now: Instant, result: Taken) -> bool {
        let Some(result) = unpack(result, |answer| match answer {
            Answer::Lags(read) => Some(read),
            _ => None,
        }) else {
            return false;
        };
        let (read, sums) = match result {
            Ok((read, failures)) => {
                let sums = read.iter().map(|(group, read)| (group.clone(), read.summary.clone()));
                let sums = stamp(sums.collect(), now);
                (read, Ok((sums, failures)))
            }
            Err(error) => (HashMap::new(), Err(error)),
        };
        let kept = if slot == SlotId::Lags {
            &mut self.lags
        } else {
            &mut self.all_lags
        };
        let is_taken = kept.finish_with(ticket, now, sums, merge_lags);
        if is_taken {
            let between = self.between(slot, now);
            let watches = &mut self.derived.watches;
            for (group, read) in &read {
                watches.read(group, read, between);
            }
        }
        is_taken
    }

    pub(super) fn take_group(&mut self, ticket: Ticket, now: Instant, result: Taken) -> bool {
        let Some(result) = unpack(result, |answer| match answer {
            Answer::Group(detail) => Some(detail),
            _ => None,
        }) else {
            return false;
        };
        let is_told = result.is_ok();
        let is_taken = self.group.finish(ticket, now, result);
        let between = self.between(SlotId::Group, now);
        if let Some(detail) = self.group.value().filter(|_| is_taken && is_told) {
            self.derived.watches.detail(detail, between);
        }
        is_taken
    }

    pub(super) fn take_tails(&mut self, ticket: Ticket, now: Instant, result: Taken) -> bool {
        let Some(result) = unpack(result, |answer| match answer {
            Answer::Tails(found) => Some(found),
            _ => None,
        }) else {
            return false;
        };
        let is_told = result.is_ok();
        let Watches { groups, tails, .. } = &mut self.derived.watches;
        let is_taken = tails.finish(ticket, now, result);
        // What lies at a commit belongs to every group that stands there.
        if let Some(found) = tails.value().filter(|_| is_taken && is_told) {
            for watched in groups.values_mut() {
                watched.watch.tails(found);
            }
        }
        is_taken
    }

    fn between(&self, slot: SlotId, told: Instant) -> Between {
        let asked = self.derived.begun.get(&slot).copied();
        Between { asked, told }
    }
}

impl Store {
    /// What the wall clock showed at the newest look at a group, in Unix milliseconds.
    pub fn wall_of(&self, group: &GroupId) -> Option<i64> {
        let seen = self.derived.watches.get(group)?.seen()?;
        Some(self.derived.wall.as_ref()?.time(seen).timestamp().as_millisecond())
    }
}

impl Watches {
    /// What was seen of a group.
    pub fn get(&self, group: &GroupId) -> Option<&GroupWatch> {
        self.groups.get(group).map(|watched| &watched.watch)
    }

    fn read(&mut self, group: &GroupId, read: &GroupReading, between: Between) {
        let look = Look {
            description: read.description.as_ref(),
            state: read.summary.state.as_ref(),
            rows: &read.partitions,
            at: between.told,
        };
        self.take(group, &look, between);
    }

    fn detail(&mut self, detail: &GroupDetail, between: Between) {
        let look = Look {
            description: Some(&detail.description),
            state: Some(&detail.description.state),
            rows: &detail.partitions,
            at: between.told,
        };
        self.take(&detail.description.group, &look, between);
    }

    /// A look that was asked for before the newest one was told may show older commits: taken, it would look like a group
    /// that went back.
    fn take(&mut self, group: &GroupId, look: &Look<'_>, between: Between) {
        match self.groups.get_mut(group) {
            Some(watched) if between.asked.is_none_or(|asked| asked < watched.at) => {}
            Some(watched) => {
                watched.watch.take(look);
                watched.at = between.told;
            }
            None => {
                let mut watch = GroupWatch::default();
                watch.take(look);
                let at = between.told;
                self.groups.insert(group.clone(), Watched { watch, at });
            }
        }
    }

    /// Forgets groups that are gone.
    pub(super) fn keep(&mut self, listings: &[GroupListing]) {
        let listed: HashSet<&GroupId> = listings.iter().map(|listing| &listing.group).collect();
        self.groups.retain(|group, _| listed.contains(group));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kafka::lag::watch::Verdict;
    use crate::kafka::lag::{GroupSummary, LagCase, PartitionLag};
    use crate::kafka::model::{BrokerId, Offset, TopicPartition};

    fn reading(committed: i64) -> GroupReading {
        let row = PartitionLag {
            partition: TopicPartition::new("orders", 0),
            owner: None,
            committed: Some(Offset(committed)),
            log_start: Some(Offset(0)),
            end: Some(Offset(1_000)),
            case: LagCase::Known { lag: 1_000 - committed },
        };
        GroupReading {
            partitions: vec![row],
            ..GroupSummary::new(BrokerId(1), None).into()
        }
    }

    #[test]
    fn an_answer_to_an_older_question_does_not_turn_time_back() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let at = |second: u64| begin + Duration::from_secs(second);
        let (mut watches, group) = (Watches::default(), GroupId::from("g"));
        let mut told = |committed, asked, told| {
            let between = Between {
                asked: Some(at(asked)),
                told: at(told),
            };
            watches.read(&group, &reading(committed), between);
            watches.get(&group).unwrap().pace().unwrap().verdict.clone()
        };
        told(500, 0, 1);
        told(600, 5, 6);
        // The slow pass over all groups was asked for at 4 and read the commit of then.
        let verdict = told(500, 4, 8);
        assert!(!matches!(verdict, Verdict::Rewound(_)), "{verdict:?}");
        assert_eq!(told(500, 9, 10), Verdict::Rewound(100));
    }
}
