//! One partition of a group: everything that is kept of it between two looks.

use std::time::{Duration, Instant};

use super::PATIENCE;
use super::pace::Pace;
use super::track::{Ownership, Track};
use super::trend::Trend;
use super::verdict::{Doubt, Verdict};
use crate::kafka::lag::tail::{Place, Tail};
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::{Offset, TopicPartition};

/// One partition: what was seen, and what was concluded at the newest look.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) track: Option<Track>,
    /// Its lag, and how that went; kept of groups that somebody looks at, for a cluster has many partitions.
    lag: Option<i64>,
    pub(super) trend: Option<Box<Trend>>,
    pub(super) verdict: Verdict,
    pub(super) pace: Option<Pace>,
    pub(super) tail: Option<Box<Tail>>,
    /// Where something waits at the newest look: commit and end.
    place: Option<(Offset, Offset)>,
    /// Where the log began when that was last told: it only moves on, and not every look tells it.
    log_start: Option<Offset>,
}

impl Default for Watched {
    fn default() -> Self {
        let needed = PATIENCE;
        Self {
            track: None,
            lag: None,
            trend: None,
            verdict: Verdict::Unknown(Doubt::Watching {
                seen: Duration::ZERO,
                needed,
            }),
            pace: None,
            tail: None,
            place: None,
            log_start: None,
        }
    }
}

impl Watched {
    /// Takes a look; the gap between two commits that it ended.
    pub(super) fn look(&mut self, row: &PartitionLag, at: Instant, patience: Duration) -> Option<Duration> {
        self.lag = row.case.lag();
        let is_another_log = row
            .end
            .is_some_and(|end| self.log_start.is_some_and(|start| end < start));
        self.log_start = row.log_start.or(self.log_start.filter(|_| !is_another_log));
        if let Some(track) = &mut self.track {
            return track.look(row, at, patience);
        }
        self.track = Track::begin(row, at);
        None
    }

    /// Adds the newest lag to its course.
    pub(super) fn plot(&mut self, at: Instant) {
        self.trend.get_or_insert_default().push(at, self.lag);
    }

    /// A look that did not ask where the log begins, with what is known of that. `None` where it would say no more.
    fn completed(&self, row: &PartitionLag) -> Option<PartitionLag> {
        let (LagCase::Known { lag }, None) = (&row.case, row.log_start) else {
            return None;
        };
        let lost = self.log_start?.0.saturating_sub(row.committed?.0);
        (lost > 0).then(|| PartitionLag {
            case: LagCase::Expired { lag: *lag, lost },
            log_start: self.log_start,
            ..row.clone()
        })
    }

    pub(super) fn judge(&mut self, row: &PartitionLag, owner: Ownership, patience: Duration) {
        let completed = self.completed(row);
        let row = completed.as_ref().unwrap_or(row);
        self.place = Place::of(row).map(|place| (place.committed, place.end));
        if self.tail.as_ref().is_some_and(|tail| !self.stands_at(tail)) {
            self.tail = None;
        }
        self.pace = self.track.as_ref().and_then(|track| track.pace(patience));
        self.verdict = match (&self.track, &row.case) {
            _ if self.emptiness().is_some() => Verdict::Ok,
            (Some(track), _) => track.verdict(row, owner, patience),
            (None, LagCase::NoCommit { .. }) => Verdict::NoCommit,
            (None, LagCase::Unknown(why)) => Verdict::Unknown(Doubt::Lag(why.clone())),
            (None, _) => Self::default().verdict,
        };
    }

    pub(super) fn stands_at(&self, tail: &Tail) -> bool {
        self.place.is_some_and(|(committed, _)| committed == tail.committed)
    }

    /// The place at which something waits.
    pub(super) fn place(&self, partition: &TopicPartition) -> Option<Place> {
        self.place.map(|(committed, end)| Place {
            partition: partition.clone(),
            committed,
            end,
        })
    }

    /// How much lies between commit and end, where something waits.
    pub(super) fn distance(&self) -> Option<i64> {
        self.place.map(|(committed, end)| end.0.saturating_sub(committed.0))
    }

    /// The tail, if it proves that nothing but markers waits up to this very end.
    pub(super) fn emptiness(&self) -> Option<Tail> {
        let (_, end) = self.place?;
        let tail = self.tail.as_deref()?;
        (tail.is_empty() && tail.end == end).then_some(*tail)
    }

    /// How many records wait; `None` when that is unknown.
    pub(super) fn waits(&self) -> Option<i64> {
        if self.emptiness().is_some() {
            return Some(0);
        }
        self.lag
    }
}
