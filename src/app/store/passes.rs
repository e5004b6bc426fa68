//! Which groups the slow look at all of them leaves out for a while: those of which nothing is to be expected.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::kafka::lag::PartitionLag;
use crate::kafka::model::{GroupId, GroupListing};

/// After so many passes in which a group without members committed nothing, it rests.
const UNMOVED: u8 = 3;
/// A group at rest is looked at so many times more rarely.
const RARELY: u32 = 4;
/// And this often all the same, unless the passes themselves are rarer.
const LONGEST: Duration = Duration::from_mins(5);

/// What the passes have seen of each group.
#[derive(Clone, Debug, Default)]
pub struct Passes(HashMap<GroupId, Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    /// Of its commits.
    hash: u64,
    /// Passes since then that found the same commits.
    unmoved: u8,
}

impl Passes {
    /// Takes what a look told of a group; only that of a pass counts as one.
    pub(super) fn told(&mut self, group: &GroupId, rows: &[PartitionLag], is_pass: bool, at: Instant) {
        let mut hasher = DefaultHasher::new();
        for row in rows {
            (&row.partition, row.committed).hash(&mut hasher);
        }
        let hash = hasher.finish();
        match self.0.get_mut(group) {
            Some(seen) if seen.hash == hash => {
                seen.at = at;
                seen.unmoved = seen.unmoved.saturating_add(u8::from(is_pass));
            }
            _ => {
                let seen = Seen { at, hash, unmoved: 0 };
                self.0.insert(group.clone(), seen);
            }
        }
    }

    /// Whether nothing is to be expected of a group: it has no members, as the newest listing says, and committed nothing
    /// for a while.
    pub fn is_at_rest(&self, listing: &GroupListing) -> bool {
        let state = listing.state.as_ref();
        let has_nobody = state.is_some_and(|state| state.is_empty() || state.is_dead());
        has_nobody && self.0.get(&listing.group).is_some_and(|seen| seen.unmoved >= UNMOVED)
    }

    /// Whether a pass has to look at a group, where passes come every `period`.
    pub fn is_due(&self, listing: &GroupListing, period: Duration, now: Instant) -> bool {
        match self.0.get(&listing.group) {
            Some(seen) if self.is_at_rest(listing) => now >= seen.at + rarely(period),
            _ => true,
        }
    }

    /// Forgets groups that are gone.
    pub(super) fn keep(&mut self, listed: &HashSet<&GroupId>) {
        self.0.retain(|group, _| listed.contains(group));
    }
}

/// How often a group at rest is looked at, where passes come every `period`.
pub fn rarely(period: Duration) -> Duration {
    (period * RARELY).min(LONGEST).max(period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::LagCase;
    use crate::kafka::model::{BrokerId, GroupState, GroupType, Offset, TopicPartition};

    const T: Duration = Duration::from_secs(15);

    fn listing(state: &str) -> GroupListing {
        GroupListing {
            group: "g".into(),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            state: Some(GroupState(state.into())),
            coordinator: BrokerId(1),
        }
    }

    fn row(committed: i64) -> [PartitionLag; 1] {
        [PartitionLag {
            partition: TopicPartition::new("orders", 0),
            owner: None,
            committed: Some(Offset(committed)),
            log_start: None,
            end: Some(Offset(100)),
            case: LagCase::Known { lag: 100 - committed },
        }]
    }

    #[test]
    fn a_group_without_members_that_commits_nothing_is_looked_at_four_times_more_rarely() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let (mut passes, empty) = (Passes::default(), listing("Empty"));
        let at = |pass: u32| begin + T * pass;
        for pass in 0..4 {
            assert!(passes.is_due(&empty, T, at(pass)), "{pass}");
            passes.told(&empty.group, &row(7), true, at(pass));
        }
        let due: Vec<_> = (4..9).filter(|pass| passes.is_due(&empty, T, at(*pass))).collect();
        assert_eq!(due, [7, 8], "the last was 3");
        assert!(passes.is_due(&listing("Stable"), T, at(4)), "somebody has joined");
        passes.told(&empty.group, &row(8), false, at(5));
        assert!(passes.is_due(&empty, T, at(6)), "it committed");
    }

    #[test]
    fn looks_on_screen_are_no_passes() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut passes = Passes::default();
        for second in 0..60 {
            passes.told(&"g".into(), &row(7), false, begin + Duration::from_secs(second));
        }
        assert!(!passes.is_at_rest(&listing("Empty")));
    }

    #[test]
    fn rarely_is_five_minutes_at_most_but_never_more_often_than_the_others() {
        assert_eq!(rarely(T), T * 4);
        assert_eq!(rarely(Duration::from_mins(2)), LONGEST);
        assert_eq!(rarely(Duration::from_mins(9)), Duration::from_mins(9));
    }
}
