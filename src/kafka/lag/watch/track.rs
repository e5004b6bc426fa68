//! One partition of a group over time: what its commits looked like, one look after the other.
//!
//! OffsetFetch carries no time of the commit, so the last commit is the last change that was seen. A commit that is
//! written every 5 s and read every 2 s is seen to change after 4 or 6 s: whatever is concluded allows for that.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::verdict::{Doubt, Standing, Verdict};
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::Offset;

/// So many places of a commit are kept, spread over the span that a verdict looks at.
const MARKS: usize = 8;
/// So many gaps between two changes of the commit are kept.
const GAPS: usize = 4;

/// The commit and the end at a moment when the commit was seen to have moved.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    committed: i64,
    end: i64,
}

impl Mark {
    fn lag(self) -> i64 {
        self.end.saturating_sub(self.committed).max(0)
    }
}

/// Who owns the partition, as far as the verdict needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// A member.
    Owned,
    /// No member, though the group has some and their assignment is settled.
    Nobody,
    /// The group has no members.
    NoMembers,
    /// It cannot be told: the group was not described, is rebalancing, or assigns in a way of its own.
    Unknown,
}

/// What was seen of one partition of a group.
#[derive(Clone, Debug)]
pub struct Track {
    /// The first look, or the one that began anew: with the topic, or with a commit that went back.
    first: Mark,
    seen: Instant,
    committed: i64,
    end: i64,
    /// Since when records wait, without a look that found none.
    waiting: Option<Instant>,
    /// When the commit was last seen to move.
    moved: Option<Instant>,
    /// Whether the group was ever abreast of what came in, and since when it is not.
    was_abreast: bool,
    behind: Option<Instant>,
    rewound: Option<(Instant, i64)>,
    marks: VecDeque<Mark>,
    gaps: VecDeque<Duration>,
}

impl Track {
    /// Begins with a first look. `None` where commit or end are unknown: there is nothing to follow yet.
    pub fn begin(row: &PartitionLag, at: Instant) -> Option<Self> {
        let (committed, end) = places(row)?;
        let waits = (end > committed).then_some(at);
        Some(Self {
            first: Mark { at, committed, end },
            seen: at,
            committed,
            end,
            waiting: waits,
            moved: None,
            was_abreast: waits.is_none(),
            behind: waits,
            rewound: None,
            marks: VecDeque::new(),
            gaps: VecDeque::new(),
        })
    }

    /// When its commit was last seen to move.
    pub fn moved(&self) -> Option<Instant> {
        self.moved
    }

    /// The longest of the newest gaps between two commits, as far as records waited all the time in between; `None`
    /// before two were seen.
    pub fn interval(&self) -> Option<Duration> {
        if self.gaps.len() < 2 {
            return None;
        }
        self.gaps.iter().max().copied()
    }

    /// Takes the next look. The gap between two commits, if it ended one. `patience` is how long a verdict waits.
    pub fn look(&mut self, row: &PartitionLag, at: Instant, patience: Duration) -> Option<Duration> {
        let (committed, end) = places(row)?;
        if end < self.end {
            // Truncated, or the topic was made anew: what was seen is of another log.
            let rewound = self.rewound;
            *self = Self::begin(row, at)?;
            self.rewound = rewound;
            return None;
        }
        let mut gap = None;
        match committed.cmp(&self.committed) {
            std::cmp::Ordering::Less => {
                let by = self.committed.saturating_sub(committed);
                *self = Self::begin(row, at)?;
                self.rewound = Some((at, by));
                self.moved = Some(at);
            }
            std::cmp::Ordering::Greater => {
                let waited = self
                    .moved
                    .filter(|moved| self.waiting.is_some_and(|since| since <= *moved));
                gap = waited.map(|moved| at.saturating_duration_since(moved));
                if let Some(gap) = gap {
                    keep(&mut self.gaps, gap, GAPS);
                }
                self.moved = Some(at);
                self.mark(Mark { at, committed, end }, patience);
            }
            std::cmp::Ordering::Equal => {}
        }
        (self.seen, self.committed, self.end) = (at, committed, end);
        self.waiting = if end > committed {
            self.waiting.or(Some(at))
        } else {
            None
        };
        if self.is_abreast(patience) {
            (self.was_abreast, self.behind) = (true, None);
        } else {
            self.behind.get_or_insert(at);
        }
        gap
    }

    /// Keeps marks an interval and a half apart at least, and none that is older than four times the patience.
    fn mark(&mut self, mark: Mark, patience: Duration) {
        let is_near = |marks: &VecDeque<Mark>| {
            let before = marks.len().checked_sub(2).and_then(|index| marks.get(index));
            before.is_some_and(|before| match marks.back() {
                Some(newest) => newest.at.saturating_duration_since(before.at) < patience / 2,
                None => false,
            })
        };
        if is_near(&self.marks) {
            self.marks.pop_back();
        }
        keep(&mut self.marks, mark, MARKS);
        let is_old = |mark: &Mark, now: Instant| now.saturating_duration_since(mark.at) > patience * 4;
        while self.marks.len() > 2 && self.marks.front().is_some_and(|first| is_old(first, mark.at)) {
            self.marks.pop_front();
        }
    }

    /// How fast records came and went; `None` before that can be told.
    pub fn pace(&self, patience: Duration) -> Option<Pace> {
        let over = |from: Mark, to: Mark| {
            let seconds = to.at.saturating_duration_since(from.at).as_secs_f64();
            (seconds > 0.0).then(|| Pace {
                produced: to.end.saturating_sub(from.end) as f64 / seconds,
                consumed: to.committed.saturating_sub(from.committed) as f64 / seconds,
            })
        };
        let newest = Mark {
            at: self.seen,
            committed: self.committed,
            end: self.end,
        };
        let quiet_since = self.moved.unwrap_or(self.first.at);
        if self.seen.saturating_duration_since(quiet_since) >= patience {
            // Nothing was committed for so long: the group stands, and what comes in is counted from there.
            return over(self.marks.back().copied().unwrap_or(self.first), newest);
        }
        over(*self.marks.front()?, *self.marks.back()?)
    }

    /// Whether what waits came within the last three commit intervals, and did not become ever more over the marks.
    fn is_abreast(&self, patience: Duration) -> bool {
        let waits = self.end.saturating_sub(self.committed);
        if waits <= 0 {
            return true;
        }
        let Some(pace) = self.pace(patience) else { return false };
        let of_an_interval = pace.produced * patience.as_secs_f64() / 3.0;
        let grown = match (self.marks.front(), self.marks.back()) {
            (Some(first), Some(last)) => last.lag() as f64 - first.lag() as f64,
            _ => 0.0,
        };
        // Looks and commits drift against each other: a lag read up to an interval later is larger by that much.
        waits as f64 <= of_an_interval * 3.0 && grown <= of_an_interval * 1.5
    }

    /// The verdict as of the newest look, which found `row`.
    pub fn verdict(&self, row: &PartitionLag, owner: Ownership, patience: Duration) -> Verdict {
        let lag = match &row.case {
            LagCase::Unknown(why) => return Verdict::Unknown(Doubt::Lag(why.clone())),
            LagCase::Ahead { by } => return Verdict::Unknown(Doubt::Ahead(*by)),
            LagCase::NoCommit { .. } => return Verdict::NoCommit,
            LagCase::Expired { lost, .. } => return Verdict::Expired(*lost),
            LagCase::Known { lag } => *lag,
        };
        let ago = |at: Instant| self.seen.saturating_duration_since(at);
        if let Some((_, by)) = self.rewound.filter(|(at, _)| ago(*at) < patience) {
            return Verdict::Rewound(by);
        }
        if lag <= 0 {
            return Verdict::Ok;
        }
        // What waits only for a while has not stood any longer than that, whatever was before the first look.
        let begun = self
            .moved
            .unwrap_or(self.first.at)
            .max(self.waiting.unwrap_or(self.seen));
        let is_seen = begun > self.first.at;
        let stands = if is_seen { Standing::For } else { Standing::AtLeast }(ago(begun));
        if ago(begun) >= patience {
            return match owner {
                Ownership::NoMembers => Verdict::Stopped(stands),
                Ownership::Nobody => Verdict::Unassigned,
                Ownership::Owned | Ownership::Unknown => Verdict::Stalled(stands),
            };
        }
        if self.was_abreast && self.behind.is_none_or(|at| ago(at) < patience) {
            return Verdict::Ok;
        }
        match self.pace(patience) {
            Some(pace) if ago(self.first.at) >= patience => match pace.growth() {
                growth if growth < 0.0 => Verdict::CatchingUp,
                _ => Verdict::FallingBehind,
            },
            _ => Verdict::Unknown(Doubt::Watching {
                seen: ago(self.first.at).min(patience),
                needed: patience,
            }),
        }
    }
}

/// Commit and end of a row, where both are known.
fn places(row: &PartitionLag) -> Option<(i64, i64)> {
    let (Offset(committed), Offset(end)) = (row.committed?, row.end?);
    Some((committed, end))
}

fn keep<T>(newest: &mut VecDeque<T>, value: T, most: usize) {
    if newest.len() >= most {
        newest.pop_front();
    }
    newest.push_back(value);
}
