//! Cells and words of a group's progress: verdict, growth of the lag, time that is left, trend.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use super::chart::sparkline;
use super::figure;
use super::format::{self, Count, NOT_APPLICABLE, Span};
use super::table::CellText;
use super::theme::Role;
use crate::app::wall::WallClock;
use crate::kafka::lag::UnknownLag;
use crate::kafka::lag::tail::Tail;
use crate::kafka::lag::watch::{self, Doubt, Eta, GroupPace, Pace, PartitionPace, Standing, Sum, Verdict};
use crate::kafka::model::TimestampType;

/// Columns of a sparkline.
pub const TREND: usize = 7;

/// A verdict in words, with what it rests on.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a>(pub &'a Verdict);

impl Display for Words<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Verdict::Stalled(standing) | Verdict::Stopped(standing) => {
                let over = if matches!(standing, Standing::AtLeast(_)) {
                    "over "
                } else {
                    ""
                };
                write!(f, "{} {over}{}", self.0.word(), Span(standing.seen()))
            }
            Verdict::Rewound(by) => write!(f, "rewound by {}", Count(*by)),
            Verdict::Expired(lost) => write!(f, "already lost {}", Count(*lost)),
            Verdict::Unknown(Doubt::Watching { seen, needed }) if seen >= needed => f.write_str("watching its commits"),
            Verdict::Unknown(Doubt::Watching { seen, needed }) => {
                write!(f, "watching {} of {} s", seen.as_secs(), needed.as_secs())
            }
            Verdict::Unknown(Doubt::Ahead(by)) => write!(f, "{} past the end", Count(*by)),
            Verdict::Unknown(Doubt::WentBack(Some(by))) => write!(f, "back by {}? looking again", Count(*by)),
            Verdict::Unknown(Doubt::WentBack(None)) => f.write_str("commit gone? looking again"),
            Verdict::Unknown(Doubt::Lag(why)) => f.write_str(doubt(why)),
            plain => f.write_str(plain.word()),
        }
    }
}

/// For how long a commit has not moved: `over 35 s` where nobody knows what was before.
#[derive(Clone, Copy, Debug)]
pub struct Since(pub Standing);

impl Display for Since {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Standing::AtLeast(_) = self.0 {
            f.write_str("over ")?;
        }
        Span(self.0.seen()).fmt(f)
    }
}

/// When a commit was last seen to move: a time of day does not change while nothing happens, an age does.
#[derive(Clone, Copy, Debug)]
pub struct Moved<'a> {
    /// The look at which it had moved.
    pub moved: Instant,
    /// The newest look.
    pub looked: Instant,
    /// The clock on the wall.
    pub clock: &'a WallClock,
}

impl Display for Moved<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (moved, looked) = (self.clock.time(self.moved), self.clock.time(self.looked));
        if moved.date() != looked.date() {
            write!(f, "{:02}-{:02} ", moved.month(), moved.day())?;
        }
        write!(f, "{:02}:{:02}:{:02}", moved.hour(), moved.minute(), moved.second())
    }
}

/// Why a lag is unknown, in two words.
pub fn doubt(why: &UnknownLag) -> &'static str {
    match why {
        UnknownLag::NoLeader => "no leader",
        UnknownLag::NoEnd(_) => "end unknown",
        UnknownLag::Deleted => "deleted",
        UnknownLag::NoCommitted(_) => "commit unknown",
    }
}

/// How loud a verdict is.
pub fn role(verdict: &Verdict) -> Role {
    match verdict {
        Verdict::Ok | Verdict::CatchingUp => Role::Text,
        Verdict::Unknown(Doubt::Watching { .. }) => Role::Dim,
        Verdict::Unassigned
        | Verdict::NoCommit
        | Verdict::Rewound(_)
        | Verdict::FallingBehind
        | Verdict::Unknown(Doubt::WentBack(_)) => Role::Warning,
        Verdict::Stalled(_) | Verdict::Stopped(_) | Verdict::Expired(_) | Verdict::Unknown(_) => Role::Danger,
    }
}

/// The verdict on a group: the worst partition's, on how many of all it is as bad, and how many have no commit.
pub fn of_group(cell: &mut CellText<'_>, pace: Option<&GroupPace>, partitions: usize, uncommitted: usize) {
    match pace {
        Some(pace) => {
            if let Some(left) = pace.loses {
                cell.role(Role::Danger).show(format_args!("loses in ~{}; ", Span(left)));
            }
            of_several(cell, (&pace.verdict, pace.worst), partitions, uncommitted);
            if pace.loses.is_some() {
                cell.role(Role::Danger);
            }
        }
        None => {
            cell.show(NOT_APPLICABLE);
        }
    }
}

/// The verdict on some partitions of a group, in the words of [`of_group`].
pub fn of_sum(cell: &mut CellText<'_>, sum: &Sum) {
    match &sum.verdict {
        Some(verdict) => of_several(cell, (verdict, sum.worst), sum.partitions, sum.uncommitted),
        None => {
            cell.show(NOT_APPLICABLE);
        }
    }
}

fn of_several(cell: &mut CellText<'_>, (verdict, worst): (&Verdict, usize), partitions: usize, uncommitted: usize) {
    cell.role(role(verdict)).show(Words(verdict));
    let says_all = matches!(
        verdict,
        Verdict::Ok | Verdict::CatchingUp | Verdict::Unknown(Doubt::Watching { .. })
    );
    let of = |part: usize| format!("{} of {}", Count(part as i64), Count(partitions as i64));
    if !says_all && worst < partitions {
        cell.show(format_args!(", {}", of(worst)));
    }
    if uncommitted > 0 && *verdict != Verdict::NoCommit {
        cell.show(format_args!("; {} uncommitted", of(uncommitted)));
    }
}

/// The verdict on one partition.
pub fn of_partition(cell: &mut CellText<'_>, seen: &PartitionPace<'_>) {
    cell.role(role(seen.verdict));
    match seen.nothing {
        Some(Tail { markers, aborted, .. }) => {
            let plural = if markers == 1 { "" } else { "s" };
            cell.show(format_args!("0 real ({} marker{plural}", Count(markers as i64)));
            if aborted > 0 {
                cell.show(format_args!(", {} aborted", Count(aborted as i64)));
            }
            cell.show(")");
        }
        None => {
            cell.show(Words(seen.verdict));
        }
    }
}

/// How many records a second come or go on so many partitions; where there are none, there is no rate.
pub fn rate(cell: &mut CellText<'_>, partitions: usize, rate: Option<f64>) {
    match rate {
        Some(rate) => {
            cell.show(format::Rate(rate));
        }
        None if partitions == 0 => {
            cell.show(NOT_APPLICABLE);
        }
        None => figure::unknown(cell),
    }
}

/// By how much the lag grows in a second.
pub fn growth(cell: &mut CellText<'_>, pace: Option<Pace>) {
    match pace {
        Some(pace) => {
            // A tenth of a record in two seconds is no growth.
            let growth = pace.growth();
            cell.show(format::Trend(if growth.abs() < 0.05 { 0.0 } else { growth }));
        }
        None => figure::unknown(cell),
    }
}

/// When the lag is worked off.
pub fn eta(cell: &mut CellText<'_>, eta: Option<Eta>) {
    match eta {
        Some(Eta::In(left)) if left.is_zero() => {
            cell.show(NOT_APPLICABLE);
        }
        Some(Eta::In(left)) => {
            cell.show(Span(left));
        }
        Some(Eta::Never(_)) => {
            cell.show("never");
        }
        None => figure::unknown(cell),
    }
}

/// How old the record is that would be read next, when that was looked at.
///
/// `~` where the producer's clock says so, `>` where it is at least that: the record at the commit is gone and the next one may
/// be younger, or something that nobody has looked at yet may be older (`false` beside the record).
pub fn behind(
    cell: &mut CellText<'_>,
    lag: Option<i64>,
    verdict: Option<&Verdict>,
    (tail, is_oldest): (Option<Tail>, bool),
    now: Option<i64>,
) {
    if lag == Some(0) {
        cell.show(NOT_APPLICABLE);
        return;
    }
    let next = tail.and_then(|tail| tail.next);
    let age = next.and_then(|next| Some(now? - next.timestamp.millis()?));
    match (age, next) {
        (Some(age), Some(next)) => {
            let is_least = !is_oldest || tail.is_some_and(|tail| tail.is_gone());
            let sign = sign(verdict, is_least, next.timestamp_type);
            let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
            cell.show(format_args!("{sign}{}", Span(age)));
        }
        _ => figure::unknown(cell),
    }
}

/// What is before an age that is not exactly that of what waits longest.
fn sign(verdict: Option<&Verdict>, is_least: bool, clock: TimestampType) -> &'static str {
    match clock {
        _ if is_least || matches!(verdict, Some(Verdict::Expired(_))) => ">",
        TimestampType::Create => "~",
        TimestampType::LogAppend => "",
    }
}

/// The lag over the last two minutes.
pub fn trend(cell: &mut CellText<'_>, trend: &watch::Trend) {
    let figures: Vec<Option<f64>> = trend.figures().map(|figure| figure.map(|lag| lag as f64)).collect();
    cell.show(sparkline(&figures, TREND));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_says_what_it_rests_on() {
        let words = |verdict: Verdict| Words(&verdict).to_string();
        let s = Duration::from_secs;
        assert_eq!(words(Verdict::Ok), "ok");
        assert_eq!(words(Verdict::Stalled(Standing::For(s(720)))), "stalled 12 m 00 s");
        assert_eq!(words(Verdict::Stopped(Standing::AtLeast(s(35)))), "stopped over 35 s");
        assert_eq!(words(Verdict::Expired(12_034)), "already lost 12,034");
        assert_eq!(words(Verdict::Rewound(500)), "rewound by 500");
        let doubted = |by| words(Verdict::Unknown(Doubt::WentBack(by)));
        assert_eq!(doubted(Some(1_204)), "back by 1,204? looking again");
        assert_eq!(doubted(None), "commit gone? looking again");
        let watching = Doubt::Watching {
            seen: s(5),
            needed: s(30),
        };
        assert_eq!(words(Verdict::Unknown(watching)), "watching 5 of 30 s");
        assert_eq!(words(Verdict::Unknown(Doubt::Lag(UnknownLag::NoLeader))), "no leader");
    }

    #[test]
    fn a_commit_of_another_day_says_which() {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        let at = Instant::now();
        let clock = WallClock {
            at,
            time: "2026-11-20T23:59:50Z".parse().unwrap(),
            zone: jiff::tz::TimeZone::UTC,
        };
        let moved = |seconds: u64| {
            let looked = at + Duration::from_secs(seconds);
            let moved = at + Duration::from_secs(2);
            Moved {
                moved,
                looked,
                clock: &clock,
            }
            .to_string()
        };
        assert_eq!(moved(8), "23:59:52");
        assert_eq!(moved(60), "11-20 23:59:52");
    }

    #[test]
    fn what_was_lost_has_waited_longer_than_the_next_record() {
        let expired = Verdict::Expired(3);
        assert_eq!(sign(Some(&expired), false, TimestampType::LogAppend), ">");
        assert_eq!(sign(Some(&Verdict::Ok), true, TimestampType::Create), ">");
        assert_eq!(sign(Some(&Verdict::Ok), false, TimestampType::Create), "~");
        assert_eq!(sign(None, false, TimestampType::LogAppend), "");
    }
}
