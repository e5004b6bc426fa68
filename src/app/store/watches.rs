//! Groups over time: each answer about a group is a look at it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::facts::{merge_lags, stamp};
use super::{Derived, Slot, SlotId, Store, Ticket, unpack};
use crate::kafka::error::Error;
use crate::kafka::lag::tail::{NextRecord, Tail};
use crate::kafka::lag::watch::{GroupWatch, Look};
use crate::kafka::lag::{GroupDetail, GroupReading};
use crate::kafka::model::{GroupId, GroupListing, GroupState, TopicName, TopicPartition};
use crate::kafka::partial::Partial;
use crate::kafka::query::Answer;

/// An answer as it came.
type Taken = Result<Partial<Answer>, Error>;

/// Who was described so lately is on screen.
const ON_SCREEN: Duration = Duration::from_secs(12);

/// What was seen of every group.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    groups: HashMap<GroupId, Watched>,
    /// Every topic on which something waits for a group, as of the newest pass over all groups.
    lagging: Arc<[TopicName]>,
    /// How many log starts were told; each belongs to the groups that lag there.
    pub starts: Slot<usize>,
    /// What lies at the commits on screen.
    pub tails: Slot<Vec<(TopicPartition, Tail)>>,
    /// The record at the commit under the cursor.
    pub next_record: Slot<Box<NextRecord>>,
}

#[derive(Clone, Debug)]
struct Watched {
    watch: GroupWatch,
    at: Instant,
    /// When its members were last told with it.
    described: Option<Instant>,
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
        let (is_pass, between) = (slot == SlotId::AllLags, self.between(slot, now));
        let listings = self.groups.value().map(Vec::as_slice).unwrap_or_default();
        let listed = listings.iter().map(|one| (&one.group, one.state.as_ref()));
        let listed: HashMap<&GroupId, Option<&GroupState>> = listed.collect();
        let (kept, on_screen) = if is_pass {
            (&mut self.all_lags, self.lags.value())
        } else {
            (&mut self.lags, None)
        };
        let Derived {
            watches,
            alarms,
            sampling,
            ..
        } = &mut self.derived;
        kept.finish_with(ticket, now, sums, |old, mut new| {
            for (group, read) in &read {
                sampling.passes.told(group, &read.partitions, is_pass, now);
                if !watches.read(group, read, listed.get(group).copied().flatten(), between) {
                    // What is shown of it is newer, whatever came last.
                    if on_screen.is_some_and(|known| known.contains_key(group)) {
                        new.remove(group);
                    }
                } else if watches.is_sure_of(group) {
                    alarms.told(group, read.waits(), now);
                }
            }
            if is_pass {
                watches.find_lagging();
            }
            merge_lags(old, new)
        })
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
            let group = &detail.description.group;
            let Derived { watches, alarms, .. } = &mut self.derived;
            if watches.detail(detail, between) && watches.is_sure_of(group) {
                alarms.told(group, detail.waits(), now);
            }
        }
        is_taken
    }

    pub(super) fn take_log_starts(&mut self, ticket: Ticket, now: Instant, result: Taken) -> bool {
        let Some(result) = unpack(result, |answer| match answer {
            Answer::LogStarts(told) => Some(told),
            _ => None,
        }) else {
            return false;
        };
        let Watches { groups, starts, .. } = &mut self.derived.watches;
        let (found, result) = match result {
            Ok((found, failures)) => {
                let told = found.len();
                (Some(found), Ok((told, failures)))
            }
            Err(error) => (None, Err(error)),
        };
        let is_taken = starts.finish(ticket, now, result);
        if let Some(found) = found.filter(|_| is_taken) {
            for watched in groups.values_mut() {
                watched.watch.log_starts(&found, now);
            }
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

    /// Whether no commit of a group is in doubt: what is read of it may be compared with a limit.
    fn is_sure_of(&self, group: &GroupId) -> bool {
        !self.get(group).is_some_and(GroupWatch::is_doubted)
    }

    /// Every topic on which something waits for a group; empty before the first pass over all groups.
    pub fn lagging(&self) -> &Arc<[TopicName]> {
        &self.lagging
    }

    fn find_lagging(&mut self) {
        let topics = self.groups.values().flat_map(|watched| watched.watch.lagging_topics());
        let topics: BTreeSet<&TopicName> = topics.collect();
        self.lagging = topics.into_iter().cloned().collect();
    }

    /// `listed` is the state of the listing: what the pass over all groups, which describes none, knows of it. `false`
    /// where more is known already, and the look was dropped.
    fn read(&mut self, group: &GroupId, read: &GroupReading, listed: Option<&GroupState>, between: Between) -> bool {
        let look = Look {
            description: read.description.as_ref(),
            state: read.summary.state.as_ref().or(listed),
            rows: &read.partitions,
            unread: read.unread.as_deref(),
            at: between.told,
        };
        let is_on_screen = |watched: &Watched| {
            let described = watched.described;
            described.is_some_and(|at| between.told.saturating_duration_since(at) < ON_SCREEN)
        };
        if look.description.is_none() && self.groups.get(group).is_some_and(is_on_screen) {
            // It is looked at closely: this says less, and its rows lack what was assigned and never committed.
            return false;
        }
        self.take(group, &look, between)
    }

    fn detail(&mut self, detail: &GroupDetail, between: Between) -> bool {
        self.take(&detail.description.group, &Look::of(detail, between.told), between)
    }

    /// A look that was asked for before the newest one was told may show older commits: taken, it would look like a group
    /// that went back. `false` where it was dropped for that.
    fn take(&mut self, group: &GroupId, look: &Look<'_>, between: Between) -> bool {
        match self.groups.get_mut(group) {
            Some(watched) if between.asked.is_none_or(|asked| asked < watched.at) => return false,
            Some(watched) => {
                watched.watch.take(look);
                watched.at = between.told;
                watched.described = look.description.map(|_| between.told).or(watched.described);
            }
            None => {
                let mut watch = GroupWatch::default();
                watch.take(look);
                let at = between.told;
                let described = look.description.map(|_| at);
                self.groups.insert(group.clone(), Watched { watch, at, described });
            }
        }
        true
    }

    /// Forgets groups that are gone.
    pub(super) fn keep(&mut self, listings: &[GroupListing]) {
        let listed: HashSet<&GroupId> = listings.iter().map(|listing| &listing.group).collect();
        self.groups.retain(|group, _| listed.contains(group));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::alarm::{Alarms, Limit};
    use crate::kafka::lag::watch::{Doubt, Verdict};
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
            ..GroupSummary::new(BrokerId(1), None, &[], None).into()
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
            watches.read(&group, &reading(committed), None, between);
            watches.get(&group).unwrap().pace().unwrap().verdict.clone()
        };
        told(500, 0, 1);
        told(600, 5, 6);
        // The slow pass over all groups was asked for at 4 and read the commit of then.
        let verdict = told(500, 4, 8);
        assert!(!matches!(verdict, Verdict::Rewound(_)), "{verdict:?}");
        let seen_once = told(500, 9, 10);
        assert_eq!(seen_once, Verdict::Unknown(Doubt::WentBack(Some(100))));
        assert_eq!(told(500, 14, 15), Verdict::Rewound(100));
    }

    #[test]
    fn an_empty_group_that_is_off_screen_is_stopped_not_stalled() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let (mut watches, group, state) = (Watches::default(), GroupId::from("g"), GroupState("Empty".into()));
        for second in [0, 31] {
            let at = begin + Duration::from_secs(second);
            let asked = Some(at);
            watches.read(&group, &reading(500), Some(&state), Between { asked, told: at });
        }
        let verdict = &watches.get(&group).unwrap().pace().unwrap().verdict;
        assert!(matches!(verdict, Verdict::Stopped(_)), "{verdict:?}");
    }

    #[test]
    fn log_starts_of_groups_off_screen_tell_what_is_lost_and_only_where_something_waits() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut store = Store::default();
        let of_topic = |topic: &str, committed| {
            let mut read = reading(committed);
            read.partitions[0].partition = TopicPartition::new(topic, 0);
            read
        };
        let read = HashMap::from([
            (GroupId::from("behind"), of_topic("orders", 500)),
            (GroupId::from("abreast"), of_topic("clicks", 1_000)),
        ]);
        let ticket = store.begin(SlotId::AllLags, begin);
        store.derived.begun.insert(SlotId::AllLags, begin);
        assert!(store.derived.watches.lagging().is_empty());
        store.finish(
            SlotId::AllLags,
            ticket,
            begin,
            Ok(Partial::complete(Answer::Lags(read))),
        );
        assert_eq!(**store.derived.watches.lagging(), [TopicName::from("orders")]);
        let told = HashMap::from([(TopicPartition::new("orders", 0), Offset(620))]);
        let ticket = store.begin(SlotId::LogStarts, begin);
        assert!(store.finish(
            SlotId::LogStarts,
            ticket,
            begin,
            Ok(Partial::complete(Answer::LogStarts(told)))
        ));
        let verdict = |group: &str| {
            let watch = store.derived.watches.get(&GroupId::from(group)).unwrap();
            watch.pace().unwrap().verdict.clone()
        };
        assert_eq!(
            (verdict("behind"), verdict("abreast")),
            (Verdict::Expired(120), Verdict::Ok)
        );
    }

    #[test]
    fn an_answer_to_an_older_question_rings_no_bell_and_does_not_turn_the_lag_back() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let (mut store, group) = (Store::default(), GroupId::from("g"));
        store.derived.alarms = Alarms::new(vec![Limit {
            groups: None,
            lag: 300,
            lasting: Duration::ZERO,
            written: "300".to_owned(),
        }]);
        let mut told = |slot, committed: i64, [asked, told]: [u64; 2]| {
            let at = |second| begin + Duration::from_secs(second);
            let ticket = store.begin(slot, at(asked));
            store.derived.begun.insert(slot, at(asked));
            let mut read = reading(committed);
            read.summary.lag = [Some(1_000 - committed)].into_iter().collect();
            let answer = Answer::Lags(HashMap::from([(group.clone(), read)]));
            assert!(store.finish(slot, ticket, at(told), Ok(Partial::complete(answer))));
            let over = store
                .derived
                .alarms
                .take_news()
                .iter()
                .filter(|news| news.is_over)
                .count();
            (over, store.lag_of(&group).and_then(|fact| fact.value.lag.exact()))
        };
        assert_eq!(told(SlotId::Lags, 900, [5, 6]), (0, Some(100)));
        // The slow pass over all groups was asked for at 4.
        assert_eq!(told(SlotId::AllLags, 500, [4, 8]), (0, Some(100)));
        assert_eq!(told(SlotId::AllLags, 950, [9, 10]), (0, Some(50)));
        assert_eq!(told(SlotId::AllLags, 960, [11, 12]), (0, Some(40)));
    }
}
