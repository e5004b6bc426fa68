//! One partition of a group: everything that is kept of it between two looks.

use std::time::{Duration, Instant};

use super::PATIENCE;
use super::log_start::LogStart;
use super::moment::Moment;
use super::pace::{Eta, Pace};
use super::track::{Mark, Ownership, Track};
use super::trend::Trend;
use super::verdict::{Doubt, Verdict};
use crate::kafka::lag::retention::LAST_PART;
use crate::kafka::lag::tail::{Place, Tail};
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::{Offset, TopicPartition};

/// A commit that went back is believed when it still is back so much later. A broker that has just become coordinator
/// answers what lies below the high watermark it knows, and that only moves on with its followers' first fetches: commits
/// that the one before it has accepted come back within this time.
pub const CERTAIN: Duration = Duration::from_secs(5);

/// A log start that comes nearer by less than this share of its speed keeps its distance.
const SAME: f64 = 0.1;

/// One partition: what was seen, and what was concluded at the newest look. Kept small: a cluster has hundreds of
/// thousands of commits.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    track: Option<Track>,
    /// Its lag over time; kept of groups that somebody looks at.
    pub(super) trend: Option<Box<Trend>>,
    pub(super) verdict: Verdict,
    tail: Option<Box<Tail>>,
    /// Since when its commit seems to have gone back. What is read until that is certain is shown, and not concluded from.
    doubted: Option<Box<Doubted>>,
    log_start: LogStart,
    /// Whether something waits at the newest look.
    waits: bool,
}

/// The first look that found an older commit, or none where there was one.
#[derive(Clone, Copy, Debug)]
struct Doubted {
    at: Moment,
    found: Option<Mark>,
}

impl Default for Watched {
    fn default() -> Self {
        let needed = PATIENCE;
        Self {
            track: None,
            trend: None,
            verdict: Verdict::Unknown(Doubt::Watching {
                seen: Duration::ZERO,
                needed,
            }),
            tail: None,
            doubted: None,
            log_start: LogStart::default(),
            waits: false,
        }
    }
}

impl Watched {
    /// Takes a look; the gap between two commits that it ended. `usual` is how far apart looks were until now.
    pub(super) fn look(
        &mut self,
        row: &PartitionLag,
        at: Moment,
        patience: Duration,
        usual: Duration,
    ) -> Option<Duration> {
        let known = self.log_start.get();
        if row.end.is_some_and(|end| known.is_some_and(|start| end < start)) {
            self.log_start = LogStart::default();
        }
        if let Some(start) = row.log_start {
            self.log_start.tell(start, at);
        }
        let now = Mark::of(row, at);
        let Some(track) = &mut self.track else {
            self.track = now.map(Track::begin);
            return None;
        };
        if track.went_back(row).is_some() {
            let doubted = self.doubted.get_or_insert_with(|| Box::new(Doubted { at, found: now }));
            if at.since(doubted.at) < CERTAIN {
                return None;
            }
            match doubted.found {
                Some(mark) => track.rewind(mark, at),
                None => self.track = None,
            }
            self.doubted = None;
            // Where it went on from there, or back once more.
            return self.look(row, at, patience, usual);
        }
        // A lag that is unknown is no commit that went back: it is told as unknown, however long it stays so.
        self.doubted = None;
        track.look(now?, patience, usual)
    }

    /// Adds the newest lag to its course.
    pub(super) fn plot(&mut self, row: &PartitionLag, at: Instant) {
        let lag = row.case.lag().filter(|_| !self.is_doubted());
        self.trend.get_or_insert_default().push(at, lag);
    }

    /// Whether its commit seems to have gone back, and nobody knows yet if it did.
    pub(super) fn is_doubted(&self) -> bool {
        self.doubted.is_some()
    }

    /// Whether a commit and an end of it were read.
    pub(super) fn has_commit(&self) -> bool {
        self.track.is_some()
    }

    /// A look that did not ask where the log begins, with what is known of that. `None` where it would say no more.
    fn completed(&self, row: &PartitionLag) -> Option<PartitionLag> {
        let (LagCase::Known { lag }, None) = (&row.case, row.log_start) else {
            return None;
        };
        let log_start = self.log_start.get()?;
        let lost = log_start.0.saturating_sub(row.committed?.0);
        (lost > 0).then(|| PartitionLag {
            case: LagCase::Expired { lag: *lag, lost },
            log_start: Some(log_start),
            ..row.clone()
        })
    }

    /// Concludes from the newest look, which found `row`.
    pub(super) fn judge(&mut self, row: &PartitionLag, owner: Ownership, patience: Duration) {
        if let (Some(track), Some(_)) = (&self.track, &self.doubted)
            && let Some(doubt) = track.went_back(row)
        {
            self.waits = false;
            self.verdict = Verdict::Unknown(doubt);
            return;
        }
        let completed = self.completed(row);
        let row = completed.as_ref().unwrap_or(row);
        self.waits = Place::of(row).is_some();
        if self.tail.as_ref().is_some_and(|tail| !self.stands_at(tail)) {
            self.tail = None;
        }
        self.verdict = match (&self.track, &row.case) {
            _ if self.emptiness().is_some() => Verdict::Ok,
            (Some(track), case) => track.verdict(case, owner, patience),
            (None, LagCase::NoCommit { .. }) => Verdict::NoCommit,
            (None, LagCase::Unknown(why)) => Verdict::Unknown(Doubt::Lag(why.clone())),
            (None, _) => Self::default().verdict,
        };
    }

    /// Takes where the log begins, which was asked apart from looks. Whether that says something new.
    pub(super) fn take_start(&mut self, start: Offset, at: Moment) -> bool {
        let Some(track) = self.track.as_ref().filter(|track| start.0 <= track.end()) else {
            return false;
        };
        let before = self.log_start.get();
        self.log_start.tell(start, at);
        let lost = start.0.saturating_sub(track.committed());
        if self.waits && lost > 0 {
            self.verdict = Verdict::Expired(lost);
        }
        self.log_start.get() != before
    }

    /// In how long the log start reaches the commit, if both go on as they were seen to; `None` where it does not, where
    /// more than a part of what is kept lies between them, or where nobody knows.
    pub(super) fn loses_in(&self, patience: Duration) -> Option<Duration> {
        if !matches!(
            self.verdict,
            Verdict::Stalled(_)
                | Verdict::Stopped(_)
                | Verdict::Unassigned
                | Verdict::FallingBehind
                | Verdict::CatchingUp
                | Verdict::Rewound(_)
        ) {
            return None;
        }
        let (track, start) = (self.track.as_ref()?, self.log_start.get()?);
        let speed = self.log_start.speed(track.at())?;
        let pace = track.pace(patience)?;
        let left = track.committed().saturating_sub(start.0);
        let kept = track.end().saturating_sub(start.0);
        let closing = speed - pace.consumed;
        if left <= 0 || left > kept / LAST_PART || closing <= speed * SAME {
            return None;
        }
        let seconds = left as f64 / closing;
        let is_in_time = matches!(pace.eta(self.lag()?), Eta::In(eta) if eta.as_secs_f64() < seconds);
        (!is_in_time)
            .then(|| Duration::try_from_secs_f64(seconds).ok())
            .flatten()
    }

    /// How long a verdict on it waits: three intervals of its own or of its group, whichever is longer.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.track.as_ref()?.interval()
    }

    /// How fast records come and go.
    pub(super) fn pace(&self, patience: Duration) -> Option<Pace> {
        self.track.as_ref()?.pace(patience)
    }

    /// When its commit was last seen to move.
    pub(super) fn moved(&self) -> Option<Moment> {
        self.track.as_ref()?.moved()
    }

    /// Commit and end, where something waits. Before the log start nothing can be read.
    fn stands(&self) -> Option<(Offset, Offset)> {
        let track = self.track.as_ref().filter(|_| self.waits)?;
        let committed = Offset(track.committed());
        let first = self.log_start.get().unwrap_or(committed);
        Some((committed.max(first), Offset(track.end())))
    }

    fn stands_at(&self, tail: &Tail) -> bool {
        self.stands().is_some_and(|(committed, _)| committed == tail.committed)
    }

    /// Takes what lies at a commit; `false` when that has moved since.
    pub(super) fn take_tail(&mut self, tail: &Tail) -> bool {
        if !self.stands_at(tail) {
            return false;
        }
        self.tail = Some(Box::new(*tail));
        if self.emptiness().is_some() {
            self.verdict = Verdict::Ok;
        }
        true
    }

    /// What lies at this very commit, where that was looked at.
    pub(super) fn tail(&self) -> Option<Tail> {
        let tail = self.tail.as_deref()?;
        self.stands_at(tail).then_some(*tail)
    }

    /// The place at which something waits.
    pub(super) fn place(&self, partition: &TopicPartition) -> Option<Place> {
        self.stands().map(|(committed, end)| Place {
            partition: partition.clone(),
            committed,
            end,
        })
    }

    /// How much lies between commit and end, where it is not known what. A record stays where it is: looking again tells
    /// nothing.
    pub(super) fn unread(&self) -> Option<i64> {
        let (committed, end) = self.stands()?;
        let is_known = self.tail().is_some_and(|tail| tail.tells(committed, end));
        self.distance().filter(|_| !is_known)
    }

    /// When the record at the commit was written, in Unix milliseconds.
    pub(super) fn written(&self) -> Option<i64> {
        self.tail()?.next?.timestamp.millis()
    }

    /// How much lies between commit and end, where something waits.
    pub(super) fn distance(&self) -> Option<i64> {
        self.stands().map(|(committed, end)| end.0.saturating_sub(committed.0))
    }

    /// The tail, if it proves that nothing but markers waits up to this very end.
    pub(super) fn emptiness(&self) -> Option<Tail> {
        let (_, end) = self.stands()?;
        self.tail().filter(|tail| tail.is_empty() && tail.end == end)
    }

    /// How many records wait; `None` when that is unknown.
    pub(super) fn lag(&self) -> Option<i64> {
        match (&self.verdict, &self.track) {
            (Verdict::NoCommit | Verdict::Unknown(Doubt::Lag(_) | Doubt::WentBack(_) | Doubt::Ahead(_)), _)
            | (_, None) => None,
            _ if self.emptiness().is_some() => Some(0),
            (_, Some(track)) => Some(track.end().saturating_sub(track.committed()).max(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::{LogOffsets, UnknownLag};

    /// What is concluded of one partition, which is looked at every second.
    fn seen(looks: &[(Result<i64, &str>, Option<i64>)]) -> Watched {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let begun = Instant::now();
        let mut watched = Watched::default();
        for (second, (committed, end)) in (0..).zip(looks) {
            let committed = committed.map(Offset);
            let end = end.map(Offset);
            let log = LogOffsets {
                log_start: Some(Offset(0)),
                end: end.ok_or(UnknownLag::NoLeader),
            };
            let row = PartitionLag {
                partition: TopicPartition::new("orders", 0),
                owner: None,
                committed: committed.ok(),
                log_start: log.log_start,
                end,
                case: LagCase::of(committed.map(Some), &log),
            };
            let at = Moment::of(begun + Duration::from_secs(second), begun);
            let _ = watched.look(&row, at, PATIENCE, Duration::from_secs(1));
            watched.judge(&row, Ownership::Unknown, PATIENCE);
        }
        watched
    }

    #[test]
    fn what_waits_is_unknown_where_the_commit_lies_past_the_end() {
        let watched = seen(&[(Ok(50), Some(40))]);
        assert_eq!(
            (&watched.verdict, watched.lag()),
            (&Verdict::Unknown(Doubt::Ahead(10)), None)
        );
        assert_eq!(seen(&[(Ok(50), Some(50))]).lag(), Some(0));
    }

    #[test]
    fn what_cannot_be_read_any_more_does_not_stay_in_doubt() {
        let back = [(Ok(50), Some(90)), (Ok(40), Some(90))];
        assert!(seen(&back).is_doubted());
        let [one, other] = back;
        for unread in [(Ok(40), None), (Err("loading"), Some(90))] {
            assert!(!seen(&[one, other, unread]).is_doubted(), "{unread:?}");
        }
    }
}
