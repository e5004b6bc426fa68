//! Who came and who went: a group that rebalances over and over gets nothing done.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::kafka::model::{GroupDescription, GroupState};

/// So many changes are kept.
const CHANGES: usize = 32;
/// So many rebalances within [`LOOP_WITHIN`] make a loop.
pub const LOOP: usize = 3;
/// The time a loop is looked for in.
pub const LOOP_WITHIN: Duration = Duration::from_secs(5 * 60);

/// What changed between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// A member came: client id and host.
    Joined(Arc<str>, Arc<str>),
    /// A member went: client id and host.
    Left(Arc<str>, Arc<str>),
    /// The group began to rebalance.
    Rebalancing,
}

/// A member as a change names it: client id and host.
type Known = (Arc<str>, Arc<str>);

/// The members over time, as far as looks can tell: what happens between two of them is not seen.
#[derive(Clone, Debug, Default)]
pub struct Members {
    known: Option<BTreeMap<Arc<str>, Known>>,
    was_rebalancing: bool,
    changes: VecDeque<(Instant, MemberChange)>,
    /// Looks at which the assignment was seen to be made anew.
    rebalances: VecDeque<Instant>,
}

impl Members {
    /// Takes a look at the group's description.
    pub fn take(&mut self, group: &GroupDescription, at: Instant) {
        let now: BTreeMap<Arc<str>, Known> = group
            .members
            .iter()
            .map(|member| (member.id.clone(), (member.client_id.clone(), member.host.clone())))
            .collect();
        let before = self.known.replace(now.clone());
        let is_rebalancing = GroupState::is_rebalancing(&group.state);
        let begins = is_rebalancing && !self.was_rebalancing;
        self.was_rebalancing = is_rebalancing;
        let Some(before) = before else { return };
        let joined = now.iter().filter(|(id, _)| !before.contains_key(*id));
        let left = before.iter().filter(|(id, _)| !now.contains_key(*id));
        let joined = joined.map(|(_, (client, host))| MemberChange::Joined(client.clone(), host.clone()));
        let left = left.map(|(_, (client, host))| MemberChange::Left(client.clone(), host.clone()));
        let begun = begins.then_some(MemberChange::Rebalancing);
        let changes: Vec<MemberChange> = begun.into_iter().chain(left).chain(joined).collect();
        // Who joins or leaves while the group still rebalances belongs to that rebalance.
        if begins || (!changes.is_empty() && !is_rebalancing && !self.is_recent(at)) {
            keep(&mut self.rebalances, at);
        }
        for change in changes {
            keep(&mut self.changes, (at, change));
        }
    }

    /// Whether the newest rebalance was seen a moment ago: the members it brought are seen with the look after it.
    fn is_recent(&self, at: Instant) -> bool {
        let newest = self.rebalances.back();
        newest.is_some_and(|newest| at.saturating_duration_since(*newest) < Duration::from_secs(10))
    }

    /// Every change that is remembered, oldest first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &(Instant, MemberChange)> {
        self.changes.iter()
    }

    /// How often the group was seen to rebalance within `span` before `now`.
    pub fn rebalances(&self, now: Instant, span: Duration) -> usize {
        let is_within = |at: &&Instant| now.saturating_duration_since(**at) <= span;
        self.rebalances.iter().filter(is_within).count()
    }
}

fn keep<T>(newest: &mut VecDeque<T>, value: T) {
    if newest.len() >= CHANGES {
        newest.pop_front();
    }
    newest.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{BrokerId, GroupType, Member};

    fn group(state: &str, members: &[&str]) -> GroupDescription {
        let member = |id: &&str| Member {
            id: (*id).into(),
            instance_id: None,
            client_id: format!("client-{id}").into(),
            host: "10.2.0.17".into(),
            subscribed: Vec::new(),
            assigned: None,
        };
        GroupDescription {
            group: "g".into(),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            assignor: "range".into(),
            epoch: None,
            state: GroupState(state.into()),
            coordinator: BrokerId(1),
            members: members.iter().map(member).collect(),
        }
    }

    fn watch(looks: &[(u64, &str, &[&str])]) -> (Members, Instant) {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begin = Instant::now();
        let mut members = Members::default();
        let mut at = begin;
        for (seconds, state, ids) in looks {
            at = begin + Duration::from_secs(*seconds);
            members.take(&group(state, ids), at);
        }
        (members, at)
    }

    #[test]
    fn who_comes_and_goes_is_remembered_in_order() {
        let (members, now) = watch(&[(0, "Stable", &["a", "b"]), (5, "Stable", &["b", "c"])]);
        let changes: Vec<_> = members.changes().map(|(_, change)| change.clone()).collect();
        assert_eq!(
            changes,
            [
                MemberChange::Left("client-a".into(), "10.2.0.17".into()),
                MemberChange::Joined("client-c".into(), "10.2.0.17".into())
            ]
        );
        assert_eq!(members.rebalances(now, LOOP_WITHIN), 1);
    }

    #[test]
    fn the_members_of_the_first_look_have_not_just_joined() {
        let (members, now) = watch(&[(0, "PreparingRebalance", &["a"]), (5, "Stable", &["a"])]);
        assert_eq!(members.changes().count(), 0);
        assert_eq!(members.rebalances(now, LOOP_WITHIN), 0);
    }

    #[test]
    fn one_rebalance_counts_once_however_many_looks_see_it() {
        let (members, now) = watch(&[
            (0, "Stable", &["a"]),
            (5, "PreparingRebalance", &["a", "b"]),
            (10, "CompletingRebalance", &["a", "b", "c"]),
            (14, "Stable", &["a", "b", "c"]),
        ]);
        assert_eq!(members.rebalances(now, LOOP_WITHIN), 1);
        assert_eq!(members.changes().count(), 3);
    }

    #[test]
    fn a_loop_is_counted_over_the_last_minutes() {
        let looks: Vec<(u64, &str, &[&str])> = (0..20)
            .map(|index| {
                (
                    index * 30,
                    if index % 2 == 0 { "Stable" } else { "PreparingRebalance" },
                    &["a"][..],
                )
            })
            .collect();
        let (members, now) = watch(&looks);
        assert_eq!(members.rebalances(now, Duration::from_secs(60)), 2);
        assert!(members.rebalances(now, LOOP_WITHIN) >= LOOP);
    }
}
