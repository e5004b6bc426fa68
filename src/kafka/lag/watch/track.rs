//! One partition of a group over time: what its commits looked like, one look after the other.
//!
//! OffsetFetch carries no time of the commit, so the last commit is the last change that was seen. A commit that is
//! written every 5 s and read every 2 s is seen to change after 4 or 6 s: whatever is concluded allows for that.

use std::time::Duration;

use super::moment::Moment;
use super::newest::Newest;
use super::pace::Pace;
use super::verdict::{Doubt, Standing, Verdict};
use crate::kafka::lag::{LagCase, PartitionLag};
use crate::kafka::model::Offset;

/// So many places of a commit are kept, spread over the span that a verdict looks at.
const MARKS: usize = 8;
/// So many gaps between two changes of the commit are kept.
const GAPS: usize = 4;
/// A look is late that comes so many times later than looks came before: what it measures is how long nobody looked.
const LATE: u32 = 3;
/// How far back marks go, in times of the patience.
const SPAN: u32 = 4;

/// The commit and the end at a moment when the commit was seen to have moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    at: Moment,
    committed: i64,
    end: i64,
}

impl Mark {
    /// What a look found. `None` where commit or end are unknown.
    pub(super) fn of(row: &PartitionLag, at: Moment) -> Option<Self> {
        let (Offset(committed), Offset(end)) = (row.committed?, row.end?);
        Some(Self { at, committed, end })
    }

    fn waits(self) -> i64 {
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

/// What was seen of one partition of a group. Small: most commits of a large cluster stand, and have no [`Course`].
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// The first look, or the one that began anew: with the topic, or with a commit that went back.
    first: Mark,
    /// The newest one.
    newest: Mark,
    /// Since when records wait, without a look that found none.
    waiting: Option<Moment>,
    /// When the commit was last seen to move.
    moved: Option<Moment>,
    /// Since when the group is not abreast of what comes in, and whether it ever was.
    behind: Option<Moment>,
    was_abreast: bool,
    course: Option<Box<Course>>,
}

/// How a commit that moves has moved.
#[derive(Clone, Debug, Default)]
struct Course {
    marks: Newest<Mark, MARKS>,
    /// Milliseconds between two changes.
    gaps: Newest<u32, GAPS>,
    /// When it was seen for certain that it went back, and by how much.
    rewound: Option<(Moment, i64)>,
}

impl Track {
    /// Begins with a first look.
    pub(super) fn begin(first: Mark) -> Self {
        let waits = (first.waits() > 0).then_some(first.at);
        Self {
            first,
            newest: first,
            waiting: waits,
            moved: None,
            behind: waits,
            was_abreast: waits.is_none(),
            course: None,
        }
    }

    /// When its commit was last seen to move.
    pub(super) fn moved(&self) -> Option<Moment> {
        self.moved
    }

    /// The newest look.
    pub(super) fn at(&self) -> Moment {
        self.newest.at
    }

    /// The commit at the newest look.
    pub(super) fn committed(&self) -> i64 {
        self.newest.committed
    }

    /// The end at the newest look.
    pub(super) fn end(&self) -> i64 {
        self.newest.end
    }

    fn marks(&self) -> &[Mark] {
        self.course.as_deref().map_or(&[], |course| &course.marks)
    }

    /// The longest of the newest gaps between two commits, as far as records waited all the time in between; `None`
    /// before two were seen.
    pub(super) fn interval(&self) -> Option<Duration> {
        let gaps = &self.course.as_deref()?.gaps;
        let longest = gaps.iter().max().filter(|_| gaps.len() >= 2)?;
        Some(Duration::from_millis(u64::from(*longest)))
    }

    /// The doubt that a look raises which found an older commit in the same log, or none where there was one.
    pub(super) fn went_back(&self, row: &PartitionLag) -> Option<Doubt> {
        let is_same_log = row.end.is_none_or(|end| end.0 >= self.newest.end);
        match (row.committed, &row.case) {
            (Some(Offset(now)), _) if now < self.newest.committed && row.end.is_some() => {
                let by = self.newest.committed.saturating_sub(now);
                is_same_log.then_some(Doubt::WentBack(Some(by)))
            }
            (None, LagCase::NoCommit { .. }) => is_same_log.then_some(Doubt::WentBack(None)),
            _ => None,
        }
    }

    /// It is certain that the commit went back to where it was at `mark`: what was seen before says nothing any more.
    pub(super) fn rewind(&mut self, mark: Mark, at: Moment) {
        let by = self.newest.committed.saturating_sub(mark.committed);
        let mut anew = Self::begin(mark);
        anew.moved = Some(mark.at);
        anew.course.get_or_insert_default().rewound = Some((at, by));
        *self = anew;
    }

    /// Takes the next look. The gap between two commits, if it ended one. `patience` is how long a verdict waits, `usual`
    /// how far apart looks were until now.
    pub(super) fn look(&mut self, now: Mark, patience: Duration, usual: Duration) -> Option<Duration> {
        if now.end < self.newest.end {
            // Truncated, or the topic was made anew: what was seen is of another log.
            let rewound = self.course.take().and_then(|course| course.rewound);
            *self = Self::begin(now);
            if rewound.is_some() {
                self.course.get_or_insert_default().rewound = rewound;
            }
            return None;
        }
        let unseen = now.at.since(self.newest.at);
        let is_late = unseen > usual * LATE;
        if is_late && unseen > patience * SPAN && self.is_news(now) {
            self.resume(now, patience);
            return None;
        }
        let mut gap = None;
        if now.committed > self.newest.committed {
            let waited = self
                .moved
                .filter(|moved| !is_late && self.waiting.is_some_and(|since| since <= *moved));
            gap = waited.map(|moved| now.at.since(moved));
            self.course.get_or_insert_default().take(now, gap, patience);
            self.moved = Some(now.at);
        }
        self.newest = now;
        self.waiting = (now.waits() > 0).then(|| self.waiting.unwrap_or(now.at));
        if self.is_abreast(patience) {
            (self.was_abreast, self.behind) = (true, None);
        } else {
            self.behind.get_or_insert(now.at);
        }
        gap
    }

    /// Whether a look tells more than that what waited still waits, or that still nothing does.
    fn is_news(&self, now: Mark) -> bool {
        now.committed != self.newest.committed || (self.newest.waits() == 0 && now.waits() > 0)
    }

    /// Begins anew after a time in which nobody looked: who committed then may have died since. Commit intervals are kept,
    /// and abreast is who is it by all that came in that time.
    fn resume(&mut self, now: Mark, patience: Duration) {
        let unseen = now.at.since(self.newest.at).as_secs_f64();
        let produced = now.end.saturating_sub(self.newest.end) as f64 / unseen;
        let is_abreast = now.waits() as f64 <= produced * patience.as_secs_f64();
        let has_moved = now.committed > self.newest.committed;
        if let Some(course) = &mut self.course {
            course.marks = Newest::default();
        }
        let begun = Self::begin(now);
        *self = Self {
            moved: if has_moved { Some(now.at) } else { self.moved },
            was_abreast: is_abreast,
            behind: begun.behind.filter(|_| !is_abreast),
            course: self.course.take(),
            ..begun
        };
    }

    /// How fast records came and went; `None` before that can be told.
    pub(super) fn pace(&self, patience: Duration) -> Option<Pace> {
        let over = |from: Mark, to: Mark| {
            let seconds = to.at.since(from.at).as_secs_f64();
            (seconds > 0.0).then(|| Pace {
                produced: to.end.saturating_sub(from.end) as f64 / seconds,
                consumed: to.committed.saturating_sub(from.committed) as f64 / seconds,
            })
        };
        let marks = self.marks();
        let quiet_since = self.moved.unwrap_or(self.first.at);
        if self.newest.at.since(quiet_since) >= patience {
            // Nothing was committed for so long: the group stands, and what comes in is counted from there.
            return over(marks.last().copied().unwrap_or(self.first), self.newest);
        }
        over(*marks.first()?, *marks.last()?)
    }

    /// Whether what waits came within the last three commit intervals, and did not become ever more over the marks.
    fn is_abreast(&self, patience: Duration) -> bool {
        let waits = self.newest.waits();
        if waits == 0 {
            return true;
        }
        let Some(pace) = self.pace(patience) else { return false };
        let of_an_interval = pace.produced * patience.as_secs_f64() / 3.0;
        let grown = match self.marks() {
            [first, .., last] => last.waits() as f64 - first.waits() as f64,
            _ => 0.0,
        };
        // Looks and commits drift against each other: a lag read up to an interval later is larger by that much.
        waits as f64 <= of_an_interval * 3.0 && grown <= of_an_interval * 1.5
    }

    /// The verdict as of the newest look, which found a lag of this kind.
    pub(super) fn verdict(&self, case: &LagCase, owner: Ownership, patience: Duration) -> Verdict {
        let lag = match case {
            LagCase::Unknown(why) => return Verdict::Unknown(Doubt::Lag(why.clone())),
            LagCase::Ahead { by } => return Verdict::Unknown(Doubt::Ahead(*by)),
            LagCase::NoCommit { .. } => return Verdict::NoCommit,
            LagCase::Expired { lost, .. } => return Verdict::Expired(*lost),
            LagCase::Known { lag } => *lag,
        };
        let ago = |at: Moment| self.newest.at.since(at);
        let rewound = self.course.as_deref().and_then(|course| course.rewound);
        if let Some((_, by)) = rewound.filter(|(at, _)| ago(*at) < patience) {
            return Verdict::Rewound(by);
        }
        if lag <= 0 {
            return Verdict::Ok;
        }
        // What waits only for a while has not stood any longer than that, whatever was before the first look.
        let begun = self
            .moved
            .unwrap_or(self.first.at)
            .max(self.waiting.unwrap_or(self.newest.at));
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

impl Course {
    /// Takes a commit that moved, and the gap that it ended. Marks are an interval and a half apart at least, and none is
    /// older than four times the patience.
    fn take(&mut self, mark: Mark, gap: Option<Duration>, patience: Duration) {
        if let Some(gap) = gap {
            self.gaps.push(u32::try_from(gap.as_millis()).unwrap_or(u32::MAX));
        }
        if let [.., before, newest] = *self.marks
            && newest.at.since(before.at) < patience / 2
        {
            self.marks.drop_newest();
        }
        self.marks.push(mark);
        while self.marks.len() > 2
            && self
                .marks
                .first()
                .is_some_and(|first| mark.at.since(first.at) > patience * SPAN)
        {
            self.marks.drop_oldest();
        }
    }
}
