//! What a change of a group's commits will do, partition by partition: what is shown, confirmed and sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::saving::Saving;
use super::strategy::{Adjusted, Refusal};
use crate::kafka::client::{Client, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{Committed, GroupId, GroupState, GroupType, Member, Offset, TopicName, TopicPartition};

/// What is done to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Its offsets are set.
    Move,
    /// An earlier change is taken back.
    Undo,
    /// Some of its offsets are forgotten.
    Forget,
    /// It is deleted, with all its offsets.
    Delete,
}

/// A group as it was when a plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its kind.
    pub kind: GroupType,
    /// Its state; `Dead` when the coordinator knows no such group.
    pub state: GroupState,
    /// Its members.
    pub members: Vec<Member>,
}

impl Standing {
    /// Whether somebody from outside may commit for it: nobody is in it.
    pub fn is_free(&self) -> bool {
        (self.state.is_empty() || self.state.is_dead()) && self.members.is_empty()
    }

    /// Whether a member reads this topic, as far as the protocol tells.
    pub fn reads(&self, topic: &TopicName) -> bool {
        let assigned = |member: &Member| {
            let assigned = member.assigned.as_deref().unwrap_or_default();
            assigned.iter().any(|partition| partition.topic == *topic)
        };
        self.members
            .iter()
            .any(|member| member.subscribed.contains(topic) || assigned(member))
    }

    /// Who is in it, in words: `2 members are in it: worker on 10.0.0.7 (2 members)`.
    pub fn who(&self) -> String {
        match self.members.len() {
            0 => "a member is about to join or leave".to_owned(),
            1 => format!("1 member is in it: {}", self.blockers().join(", ")),
            count => format!("{count} members are in it: {}", self.blockers().join(", ")),
        }
    }

    /// Members as a message names them, by client id and host, each once: `worker on 10.0.0.7 (2 members)`.
    pub fn blockers(&self) -> Vec<String> {
        let named: Vec<(&str, &str)> = self.members.iter().map(|one| (&*one.client_id, &*one.host)).collect();
        let each: BTreeSet<_> = named.iter().copied().collect();
        let words = each.into_iter().map(|who| {
            let (client, host) = who;
            match named.iter().filter(|one| **one == who).count() {
                1 => format!("{client} on {host}"),
                count => format!("{client} on {host} ({count} members)"),
            }
        });
        words.collect()
    }
}

/// What happens to one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The partition.
    pub partition: TopicPartition,
    /// What is committed; also `None` where it could not be read ([`Change::is_before_known`]).
    pub before: Option<Committed>,
    /// What will be; `None` is no commit at all.
    pub after: Result<Option<Committed>, Refusal>,
    /// What was done to the offset that was asked for.
    pub adjusted: Adjusted,
    /// Log start and end, where they are known.
    pub log: Option<(Offset, Offset)>,
}

/// What a change means for whoever reads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The offset stays.
    Unchanged,
    /// So many offsets that can be read are read again.
    Replays(u64),
    /// So many offsets that can be read are not read.
    Skips(u64),
    /// There was no commit: where reading would have begun was the consumer's choice.
    Begins,
    /// There will be no commit: where reading begins is the consumer's choice.
    Forgets,
    /// It is read from another place, and nobody can tell what lies between: its log could not be read.
    Unmeasured,
    /// Nothing is done.
    Refused,
}

impl Change {
    /// Whether what is committed could be read.
    pub fn is_before_known(&self) -> bool {
        !matches!(self.after, Err(Refusal::CommitUnread(_)))
    }

    /// What it means for whoever reads on. Only what the log still has is counted.
    pub fn effect(&self) -> Effect {
        let Ok(after) = &self.after else { return Effect::Refused };
        let (before, after) = match (&self.before, after) {
            (Some(before), Some(after)) => (before.offset, after.offset),
            (None, Some(_)) => return Effect::Begins,
            (Some(_), None) => return Effect::Forgets,
            (None, None) => return Effect::Unchanged,
        };
        if after == before {
            return Effect::Unchanged;
        }
        let Some((start, end)) = self.log else {
            return Effect::Unmeasured;
        };
        let within = |offset: Offset| offset.min(end).max(start);
        let count = within(before).0.abs_diff(within(after).0);
        if after < before {
            Effect::Replays(count)
        } else {
            Effect::Skips(count)
        }
    }

    /// Whether something is to be other than it is: the offset, its text or its epoch.
    pub fn is_change(&self) -> bool {
        self.after.as_ref().is_ok_and(|after| *after != self.before)
    }

    /// Where reading will begin, where that is another place than before.
    pub fn destination(&self) -> Option<Offset> {
        let after = self.after.as_ref().ok()?.as_ref()?.offset;
        let is_there = self.before.as_ref().is_some_and(|before| before.offset == after);
        (!is_there).then_some(after)
    }

    /// Offsets from the commit to the end, where both are known.
    pub fn lag(&self) -> Option<i64> {
        let (_, end) = self.log?;
        Some(end.0.saturating_sub(self.before.as_ref()?.offset.0).max(0))
    }

    /// Whether an offset out of range was pulled into it.
    pub fn is_clamped(&self) -> bool {
        self.adjusted.is_clamped()
    }
}

/// What a plan comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Offsets read again.
    pub replayed: u64,
    /// Offsets not read.
    pub skipped: u64,
    /// Partitions of which nobody can tell how many are read again or not read.
    pub unmeasured: usize,
    /// Partitions whose commit will be another one, or none.
    pub changed: usize,
    /// Partitions whose offset was pulled into the log.
    pub clamped: usize,
    /// Partitions that cannot be changed.
    pub refused: usize,
}

/// A change of one group's commits, ready to be shown and confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The group.
    pub group: GroupId,
    /// What is done.
    pub deed: Deed,
    /// How, in words: `to earliest`.
    pub how: String,
    /// When it was made, in ms since the epoch.
    pub made_ms: i64,
    /// The group as it was then.
    pub standing: Standing,
    /// Every partition that is meant, in order.
    pub changes: Vec<Change>,
    /// Ids of their topics, where the cluster uses ids.
    pub topic_ids: BTreeMap<TopicName, [u8; 16]>,
    /// The record that its only change goes past, which is saved first.
    pub saves: Option<Arc<Saving>>,
}

impl Plan {
    /// What one of its changes means for whoever reads on.
    pub fn effect(&self, change: &Change) -> Effect {
        match (change.effect(), &self.saves) {
            // What lies before the record is no record to any reader.
            (Effect::Skips(_), Some(saving)) => Effect::Skips(saving.records()),
            (effect, _) => effect,
        }
    }

    /// What it comes to.
    pub fn totals(&self) -> Totals {
        self.totals_of(self.changes.iter())
    }

    /// What some of its changes come to.
    pub fn totals_of<'a>(&self, changes: impl Iterator<Item = &'a Change>) -> Totals {
        let mut totals = Totals::default();
        for change in changes {
            match self.effect(change) {
                Effect::Replays(count) => totals.replayed = totals.replayed.saturating_add(count),
                Effect::Skips(count) => totals.skipped = totals.skipped.saturating_add(count),
                Effect::Unmeasured => totals.unmeasured += 1,
                Effect::Refused => totals.refused += 1,
                Effect::Unchanged | Effect::Begins | Effect::Forgets => {}
            }
            totals.changed += usize::from(change.is_change());
            totals.clamped += usize::from(change.is_clamped());
        }
        totals
    }

    /// Partitions that cannot be changed, and why. A plan with any is not applied: Kafka's tool fails as a whole, too.
    pub fn refused(&self) -> impl Iterator<Item = (&TopicPartition, &Refusal)> {
        let refusals = self
            .changes
            .iter()
            .map(|change| (&change.partition, change.after.as_ref()));
        refusals.filter_map(|(partition, after)| Some((partition, after.err()?)))
    }

    /// Whether members of the group stand in the way.
    pub fn is_blocked(&self) -> bool {
        // The coordinator lets a commit be forgotten in a group with members, where none of them reads the topic.
        self.deed != Deed::Forget && !self.standing.is_free()
    }

    /// The leave to apply it. To be called when somebody has confirmed exactly this.
    ///
    /// # Errors
    /// When the session is locked or read-only.
    pub fn confirmed(&self, client: &Client) -> Result<WriteIntent, Error> {
        WriteIntent::of_confirmed(client, &self.to_string())
    }
}

impl fmt::Display for Plan {
    /// `move 12 offsets of group billing to earliest`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.changes.len();
        let offsets = if count == 1 { "offset" } else { "offsets" };
        let (group, how) = (&self.group, &self.how);
        match self.deed {
            Deed::Move => {
                write!(f, "move {count} {offsets} of group {group} {how}")?;
                match &self.saves {
                    Some(saving) => write!(f, ", saved to {}", saving.path.display()),
                    None => Ok(()),
                }
            }
            Deed::Undo => write!(f, "restore {count} {offsets} of group {group} {how}"),
            Deed::Forget => write!(f, "forget {count} {offsets} of group {group}"),
            Deed::Delete => write!(f, "delete group {group} with {count} {offsets}"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A change of `orders-0`, whose log goes from 100 to 200.
    pub fn change(before: Option<i64>, after: Result<Option<i64>, Refusal>) -> Change {
        let at = |offset| Committed::at(Offset(offset));
        Change {
            partition: TopicPartition::new("orders", 0),
            before: before.map(at),
            after: after.map(|after| after.map(at)),
            adjusted: Adjusted::No,
            log: Some((Offset(100), Offset(200))),
        }
    }

    /// A plan for the group `billing`, in which nobody is.
    pub fn plan(changes: Vec<Change>) -> Plan {
        Plan {
            group: "billing".into(),
            deed: Deed::Move,
            how: "to earliest".to_owned(),
            made_ms: 0,
            standing: Standing {
                kind: GroupType::Classic,
                state: GroupState("Empty".into()),
                members: Vec::new(),
            },
            changes,
            topic_ids: BTreeMap::new(),
            saves: None,
        }
    }

    #[test]
    fn an_effect_counts_what_the_log_still_has() {
        let cases = [
            (Some(150), Some(120), Effect::Replays(30)),
            (Some(150), Some(200), Effect::Skips(50)),
            (Some(150), Some(150), Effect::Unchanged),
            // Retention took 50 of these: nobody could have read them.
            (Some(50), Some(120), Effect::Skips(20)),
            (Some(300), Some(150), Effect::Replays(50)),
            (Some(50), Some(100), Effect::Skips(0)),
            (None, Some(100), Effect::Begins),
            (Some(150), None, Effect::Forgets),
            (None, None, Effect::Unchanged),
        ];
        for (before, after, effect) in cases {
            assert_eq!(change(before, Ok(after)).effect(), effect, "{before:?} -> {after:?}");
        }
        assert_eq!(change(Some(1), Err(Refusal::NoLeader)).effect(), Effect::Refused);
    }

    #[test]
    fn what_nobody_can_measure_is_not_counted() {
        let mut blind = change(Some(150), Ok(Some(120)));
        blind.log = None;
        assert_eq!(blind.effect(), Effect::Unmeasured);
        let totals = plan(vec![blind]).totals();
        assert_eq!((totals.replayed, totals.unmeasured, totals.changed), (0, 1, 1));
    }

    #[test]
    fn a_text_that_is_put_back_is_a_change_of_the_same_offset() {
        let mut texted = change(Some(150), Ok(Some(150)));
        assert!(!texted.is_change());
        texted.after = Ok(texted.before.clone().map(|before| Committed {
            metadata: "note".into(),
            ..before
        }));
        assert!(texted.is_change());
        assert_eq!((texted.effect(), texted.destination()), (Effect::Unchanged, None));
        assert_eq!(plan(vec![texted]).totals().changed, 1);
    }

    #[test]
    fn a_destination_is_another_place_to_read_from() {
        let of = |before, after| change(before, after).destination().map(|offset| offset.0);
        assert_eq!(of(Some(5), Ok(Some(3))), Some(3));
        assert_eq!(of(None, Ok(Some(3))), Some(3));
        assert_eq!(of(Some(3), Ok(Some(3))), None);
        assert_eq!(of(Some(3), Ok(None)), None);
        assert_eq!(of(Some(3), Err(Refusal::NoLeader)), None);
    }

    #[test]
    fn totals_add_up_what_is_replayed_skipped_and_refused() {
        let mut clamped = change(Some(110), Ok(Some(100)));
        clamped.adjusted = Adjusted::ToStart(0);
        let plan = plan(vec![
            clamped,
            change(Some(150), Ok(Some(180))),
            change(Some(150), Ok(Some(150))),
            change(None, Ok(Some(150))),
            change(Some(150), Err(Refusal::NoLeader)),
        ]);
        let expected = Totals {
            replayed: 10,
            skipped: 30,
            unmeasured: 0,
            changed: 3,
            clamped: 1,
            refused: 1,
        };
        assert_eq!(plan.totals(), expected);
        assert_eq!(plan.refused().count(), 1);
        assert_eq!(plan.to_string(), "move 5 offsets of group billing to earliest");
    }

    fn member(client: &str, host: &str) -> Member {
        Member {
            id: "m".into(),
            instance_id: None,
            client_id: client.into(),
            host: host.into(),
            subscribed: vec!["orders".into()],
            assigned: None,
        }
    }

    #[test]
    fn members_stand_in_the_way_and_are_named_by_client_and_host() {
        let mut plan = plan(Vec::new());
        assert!(!plan.is_blocked());
        plan.standing.members = vec![
            member("w", "10.0.0.8"),
            member("w", "10.0.0.7"),
            member("w", "10.0.0.8"),
        ];
        assert!(plan.is_blocked(), "whatever the state says");
        assert_eq!(plan.standing.blockers(), ["w on 10.0.0.7", "w on 10.0.0.8 (2 members)"]);
        plan.deed = Deed::Forget;
        assert!(!plan.is_blocked());
        assert!(plan.standing.reads(&"orders".into()) && !plan.standing.reads(&"other".into()));
    }

    #[test]
    fn a_group_is_free_when_it_is_empty_or_unknown() {
        let standing = |state: &str| Standing {
            kind: GroupType::Classic,
            state: GroupState(state.into()),
            members: Vec::new(),
        };
        for (state, is_free) in [
            ("Empty", true),
            ("Dead", true),
            ("Stable", false),
            ("PreparingRebalance", false),
        ] {
            assert_eq!(standing(state).is_free(), is_free, "{state}");
        }
    }
}
