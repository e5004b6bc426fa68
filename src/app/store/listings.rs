//! Which groups there are: who is missing from an answer is not gone for that.

use std::collections::HashSet;
use std::time::Instant;

use super::{Derived, Slot, Store, Ticket, unpack};
use crate::kafka::error::Error;
use crate::kafka::lag::GONE_AFTER;
use crate::kafka::model::{BrokerId, GroupId};
use crate::kafka::partial::Partial;
use crate::kafka::query::Answer;

impl Store {
    /// A coordinator that did not answer, or is gone, does not make its groups disappear. While something is missing
    /// that no broker answers for, nobody can say that a group is gone. And a broker that has just become the
    /// coordinator lists nothing for a moment, without an error: a group leaves when listings lack it for a while.
    pub(super) fn take_groups(&mut self, ticket: Ticket, now: Instant, result: Result<Partial<Answer>, Error>) -> bool {
        let Some(result) = unpack(result, |answer| match answer {
            Answer::Groups(listings) => Some(listings),
            _ => None,
        }) else {
            return false;
        };
        let failures = result.as_ref().map_or(&[][..], |(_, failures)| failures);
        let silent: Vec<Option<BrokerId>> = failures.iter().map(|failure| failure.node).collect();
        let Derived {
            unlisted,
            watches,
            alarms,
            sampling,
            health,
            ..
        } = &mut self.derived;
        let missing = &health.missing;
        let is_silent =
            |id: &BrokerId| silent.contains(&None) || silent.contains(&Some(*id)) || missing.contains_key(id);
        let lags = [&mut self.lags, &mut self.all_lags];
        self.groups.finish_with(ticket, now, result, |old, mut new| {
            let listed: HashSet<GroupId> = new.iter().map(|listing| listing.group.clone()).collect();
            let missed_before = std::mem::take(unlisted);
            for lost in old.into_iter().flatten() {
                if listed.contains(&lost.group) {
                    continue;
                }
                if !is_silent(&lost.coordinator) {
                    let since = missed_before.get(&lost.group).copied().unwrap_or(now);
                    if now.saturating_duration_since(since) >= GONE_AFTER {
                        continue;
                    }
                    unlisted.insert(lost.group.clone(), since);
                }
                new.push(lost);
            }
            new.sort_by(|a, b| a.group.cmp(&b.group));
            watches.keep(&new);
            let listed = new.iter().map(|listing| &listing.group).collect();
            alarms.keep(&listed);
            sampling.passes.keep(&listed);
            for facts in lags.into_iter().filter_map(Slot::value_mut) {
                facts.retain(|group, _| listed.contains(group));
            }
            new
        })
    }

    /// A coordinator that did not answer does not make its groups disappear from the topic they read.
    pub(super) fn take_readers(
        &mut self,
        ticket: Ticket,
        now: Instant,
        result: Result<Partial<Answer>, Error>,
    ) -> bool {
        let Some(result) = unpack(result, |answer| match answer {
            Answer::Readers(readers) => Some(readers),
            _ => None,
        }) else {
            return false;
        };
        let failures = result.as_ref().map_or(&[][..], |(_, failures)| failures);
        let silent: HashSet<BrokerId> = failures.iter().filter_map(|failure| failure.node).collect();
        self.readers.finish_with(ticket, now, result, |old, mut new| {
            let told: HashSet<GroupId> = new.groups.iter().map(|reader| reader.listing.group.clone()).collect();
            let old = old.filter(|old| old.topic == new.topic).map(|old| old.groups);
            let lost = old
                .into_iter()
                .flatten()
                .filter(|reader| silent.contains(&reader.listing.coordinator) && !told.contains(&reader.listing.group));
            new.groups.extend(lost);
            new
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;
    use crate::app::slot::SlotId;
    use crate::kafka::lag::GroupSummary;
    use crate::kafka::model::{GroupListing, GroupState, GroupType};

    #[test]
    fn the_lag_of_a_group_that_is_gone_is_forgotten() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut store = Store::default();
        let mut told = |slot, answer, second| {
            let now = begin + Duration::from_secs(second);
            let ticket = store.begin(slot, now);
            assert!(store.finish(slot, ticket, now, Ok(Partial::complete(answer))));
            [&store.lags, &store.all_lags].map(|slot| slot.value().map_or(0, HashMap::len))
        };
        let listing = GroupListing {
            group: "g".into(),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            state: Some(GroupState("Empty".into())),
            coordinator: BrokerId(1),
        };
        let lag = || {
            Answer::Lags(HashMap::from([(
                "g".into(),
                GroupSummary::new(BrokerId(1), None, &[], None).into(),
            )]))
        };
        told(SlotId::Groups, Answer::Groups(vec![listing]), 0);
        told(SlotId::AllLags, lag(), 1);
        assert_eq!(told(SlotId::Lags, lag(), 2), [1, 1]);
        assert_eq!(
            told(SlotId::Groups, Answer::Groups(Vec::new()), 3),
            [1, 1],
            "it may come back"
        );
        assert_eq!(told(SlotId::Groups, Answer::Groups(Vec::new()), 8), [0, 0]);
    }
}
