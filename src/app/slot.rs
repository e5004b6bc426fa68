//! One remote thing at a time: who asked, what came back, how old it is.
//!
//! Every question gets a ticket. A new question for the same slot supersedes the old one, whose late answer is
//! refused and counted. Old data stays as `stale` until something better arrives.

use std::time::{Duration, Instant};

use crate::kafka::error::Error;
use crate::kafka::partial::Failure;

/// Names a slot of the store, so that an answer finds its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotId {
    /// Cluster and topics.
    Overview,
    /// Brokers and controller: the heartbeat.
    Cluster,
    /// Log offsets of the visible topics.
    Offsets,
    /// Sizes of the visible topics.
    Sizes,
    /// List configuration of the visible topics.
    Configs,
    /// `min.insync.replicas` of the under-replicated topics.
    MinIsr,
    /// Partitions that are being moved.
    Reassignments,
    /// Every configuration entry of the opened topic.
    TopicConfigs,
    /// Log directories of the brokers.
    LogDirs,
    /// Group listings.
    Groups,
    /// Lag and members of the visible groups.
    Lags,
    /// Lag of every group, for the order of the list.
    AllLags,
    /// Where the logs begin on which groups lag.
    LogStarts,
    /// The opened group.
    Group,
    /// What lies at the commits on screen.
    Tails,
    /// The record at the commit under the cursor.
    NextRecord,
    /// Groups that read the opened topic.
    Readers,
}

impl SlotId {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Overview,
        Self::Cluster,
        Self::Offsets,
        Self::Sizes,
        Self::Configs,
        Self::MinIsr,
        Self::Reassignments,
        Self::TopicConfigs,
        Self::LogDirs,
        Self::Groups,
        Self::Lags,
        Self::AllLags,
        Self::LogStarts,
        Self::Group,
        Self::Tails,
        Self::NextRecord,
        Self::Readers,
    ];

    /// What it holds, in the words of the screen.
    pub fn what(self) -> &'static str {
        match self {
            Self::Overview => "brokers and topics",
            Self::Cluster => "live brokers",
            Self::Offsets => "offsets",
            Self::Sizes => "sizes",
            Self::Configs => "topic settings",
            Self::MinIsr => "min.insync.replicas",
            Self::Reassignments => "reassignments",
            Self::TopicConfigs => "configs of the topic",
            Self::LogDirs => "log directories",
            Self::Groups => "groups",
            Self::Lags => "lag on screen",
            Self::AllLags => "lag of all groups",
            Self::LogStarts => "log starts",
            Self::Group => "the group",
            Self::Tails => "records at the commits",
            Self::NextRecord => "the record at the commit",
            Self::Readers => "groups of the topic",
        }
    }
}

/// Identifies one question of one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Data that arrived, with what failed beside it and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<T> {
    /// The data.
    pub value: T,
    /// Nodes and items that could not be read.
    pub failures: Vec<Failure>,
    /// When it arrived.
    pub at: Instant,
}

/// What is known of a remote thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Remote<T> {
    /// Never asked.
    #[default]
    Empty,
    /// Asked; `stale` is what was known before.
    Loading {
        /// When it was asked.
        since: Instant,
        /// What was known before.
        stale: Option<Loaded<T>>,
    },
    /// Answered.
    Ready(Loaded<T>),
    /// Failed; `stale` is what was known before.
    Failed {
        /// Why.
        error: Error,
        /// What was known before.
        stale: Option<Loaded<T>>,
        /// When it will be asked again.
        retry_at: Instant,
    },
}

impl<T> Remote<T> {
    /// The newest data, stale or not.
    pub fn loaded(&self) -> Option<&Loaded<T>> {
        match self {
            Self::Empty => None,
            Self::Loading { stale, .. } | Self::Failed { stale, .. } => stale.as_ref(),
            Self::Ready(loaded) => Some(loaded),
        }
    }

    fn loaded_mut(&mut self) -> Option<&mut Loaded<T>> {
        match self {
            Self::Empty => None,
            Self::Loading { stale, .. } | Self::Failed { stale, .. } => stale.as_mut(),
            Self::Ready(loaded) => Some(loaded),
        }
    }

    fn into_loaded(self) -> Option<Loaded<T>> {
        match self {
            Self::Empty => None,
            Self::Loading { stale, .. } | Self::Failed { stale, .. } => stale,
            Self::Ready(loaded) => Some(loaded),
        }
    }
}

/// A [`Remote`] with its ticket.
#[derive(Clone, Debug)]
pub struct Slot<T> {
    ticket: Ticket,
    failures_in_a_row: u32,
    /// Why the last answered question failed: it stays said while the next one is under way.
    trouble: Option<Error>,
    remote: Remote<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            ticket: Ticket::default(),
            failures_in_a_row: 0,
            trouble: None,
            remote: Remote::Empty,
        }
    }
}

impl<T> Slot<T> {
    /// Starts a new question: every answer to an older one will be refused.
    pub fn begin(&mut self, now: Instant) -> Ticket {
        self.ticket = Ticket(self.ticket.0 + 1);
        let stale = std::mem::take(&mut self.remote).into_loaded();
        self.remote = Remote::Loading { since: now, stale };
        self.ticket
    }

    /// Takes the answer to `ticket`; `false` when it is superseded and was dropped.
    pub fn finish(&mut self, ticket: Ticket, now: Instant, result: Result<(T, Vec<Failure>), Error>) -> bool {
        self.finish_with(ticket, now, result, |_, new| new)
    }

    /// Like [`Slot::finish`], with a say in how the new value meets the old one.
    pub fn finish_with(
        &mut self,
        ticket: Ticket,
        now: Instant,
        result: Result<(T, Vec<Failure>), Error>,
        merge: impl FnOnce(Option<T>, T) -> T,
    ) -> bool {
        if ticket != self.ticket || !self.is_loading() {
            return false;
        }
        let stale = std::mem::take(&mut self.remote).into_loaded();
        self.remote = match result {
            Ok((value, failures)) => {
                self.failures_in_a_row = 0;
                self.trouble = None;
                Remote::Ready(Loaded {
                    value: merge(stale.map(|old| old.value), value),
                    failures,
                    at: now,
                })
            }
            Err(error) => {
                self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
                self.trouble = Some(error.clone());
                Remote::Failed {
                    error,
                    stale,
                    retry_at: now + retry_after(self.failures_in_a_row),
                }
            }
        };
        true
    }

    /// Forgets everything; a question under way is superseded.
    pub fn clear(&mut self) {
        *self = Self {
            ticket: Ticket(self.ticket.0 + 1),
            ..Self::default()
        };
    }

    /// The state.
    pub fn remote(&self) -> &Remote<T> {
        &self.remote
    }

    /// The newest data, stale or not.
    pub fn loaded(&self) -> Option<&Loaded<T>> {
        self.remote.loaded()
    }

    /// The newest value, stale or not.
    pub fn value(&self) -> Option<&T> {
        self.loaded().map(|loaded| &loaded.value)
    }

    /// The newest value, to be told what another slot has learned about it.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        self.remote.loaded_mut().map(|loaded| &mut loaded.value)
    }

    /// Failures beside the newest data.
    pub fn failures(&self) -> &[Failure] {
        self.loaded().map_or(&[], |loaded| &loaded.failures)
    }

    /// Why the last answered question failed; `None` after an answer.
    pub fn error(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// When the newest data arrived.
    pub fn arrived(&self) -> Option<Instant> {
        self.loaded().map(|loaded| loaded.at)
    }

    /// Since when a question is under way.
    pub fn asked(&self) -> Option<Instant> {
        match &self.remote {
            Remote::Loading { since, .. } => Some(*since),
            Remote::Empty | Remote::Ready(_) | Remote::Failed { .. } => None,
        }
    }

    /// When a failed question will be asked again.
    pub fn retry_at(&self) -> Option<Instant> {
        match &self.remote {
            Remote::Failed { retry_at, .. } => Some(*retry_at),
            Remote::Empty | Remote::Loading { .. } | Remote::Ready(_) => None,
        }
    }

    /// Whether a question is under way.
    pub fn is_loading(&self) -> bool {
        matches!(self.remote, Remote::Loading { .. })
    }

    /// When the next question is due, for a slot that is asked every `period`; `None` while one is under way.
    pub fn due(&self, period: Duration, now: Instant) -> Option<Instant> {
        match &self.remote {
            Remote::Empty => Some(now),
            Remote::Loading { .. } => None,
            Remote::Ready(loaded) => Some(loaded.at + period),
            Remote::Failed { retry_at, .. } => Some(*retry_at),
        }
    }
}

/// How long to wait after the n-th failure in a row: 1 s, 2 s, 4 s, then 5 s.
fn retry_after(failures: u32) -> Duration {
    Duration::from_secs((1_u64 << failures.saturating_sub(1).min(3)).min(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        Instant::now()
    }

    fn gone() -> Error {
        Error::Cancelled { what: "test".into() }
    }

    #[test]
    fn an_answer_to_the_newest_question_is_taken() {
        let (mut slot, now) = (Slot::default(), now());
        let ticket = slot.begin(now);
        assert!(slot.finish(ticket, now, Ok((1, vec![]))));
        assert_eq!(slot.value(), Some(&1));
    }

    #[test]
    fn a_late_answer_to_a_superseded_question_is_refused() {
        let (mut slot, now) = (Slot::default(), now());
        let old = slot.begin(now);
        let new = slot.begin(now);
        assert!(!slot.finish(old, now, Ok((1, vec![]))));
        assert!(slot.finish(new, now, Ok((2, vec![]))));
        assert!(!slot.finish(new, now, Ok((3, vec![]))), "an answer counts once");
        assert_eq!(slot.value(), Some(&2));
    }

    #[test]
    fn a_failure_keeps_what_was_known_and_waits_longer_each_time() {
        let (mut slot, now) = (Slot::default(), now());
        let ticket = slot.begin(now);
        slot.finish(ticket, now, Ok((1, vec![])));
        for wait in [1, 2, 4, 5, 5] {
            let ticket = slot.begin(now);
            slot.finish(ticket, now, Err(gone()));
            assert_eq!(slot.value(), Some(&1), "stale data stays");
            assert_eq!(
                slot.due(Duration::from_secs(60), now),
                Some(now + Duration::from_secs(wait))
            );
        }
    }

    #[test]
    fn nothing_is_due_while_a_question_is_under_way() {
        let (mut slot, now) = (Slot::<u8>::default(), now());
        assert_eq!(slot.due(Duration::ZERO, now), Some(now));
        slot.begin(now);
        assert_eq!(slot.due(Duration::ZERO, now), None);
    }

    #[test]
    fn merging_sees_the_old_value() {
        let (mut slot, now) = (Slot::default(), now());
        let ticket = slot.begin(now);
        slot.finish(ticket, now, Ok((1, vec![])));
        let ticket = slot.begin(now);
        slot.finish_with(ticket, now, Ok((10, vec![])), |old, new| old.unwrap_or(0) + new);
        assert_eq!(slot.value(), Some(&11));
    }
}
