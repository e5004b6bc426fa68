//! What is to be thought of a group's progress, in Burrow's words as far as polling can tell.

use std::time::Duration;

use crate::kafka::lag::UnknownLag;

/// The verdict on one partition of a group, or on the group: the worst of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing waits, or what waits came within the last three commit intervals.
    Ok,
    /// Records wait, and they become fewer.
    CatchingUp,
    /// Records wait, and they do not become fewer.
    FallingBehind,
    /// Somebody owns the partition, records wait, the commit does not move.
    Stalled(Standing),
    /// The group has no member, records wait, the commit does not move.
    Stopped(Standing),
    /// The commit went back by so many offsets, not long ago.
    Rewound(i64),
    /// A member owns the partition and has never committed.
    NoCommit,
    /// The group has members, records wait, and none of the members owns the partition.
    Unassigned,
    /// Retention has overtaken the group: so many offsets are lost.
    Expired(i64),
    /// It cannot be told.
    Unknown(Doubt),
}

/// For how long a commit has not moved while records waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// At least so long: it was never seen to move, and who knows what was before.
    AtLeast(Duration),
    /// So long: it was seen to move before.
    For(Duration),
}

impl Standing {
    /// The time that was seen.
    pub fn seen(self) -> Duration {
        match self {
            Self::AtLeast(seen) | Self::For(seen) => seen,
        }
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was not watched long enough.
    Watching {
        /// For how long it was watched.
        seen: Duration,
        /// How long that has to be.
        needed: Duration,
    },
    /// The lag itself is unknown.
    Lag(UnknownLag),
    /// The commit lies so far past the end: the log was truncated, or the topic made anew.
    Ahead(i64),
    /// The commit was read so far back, or not at all (`None`), where a later one had been read: whether it went back, or a
    /// new coordinator does not show it yet, is seen with a look some seconds later.
    WentBack(Option<i64>),
}

impl Verdict {
    /// How much it asks for a person's attention: the larger, the more. Sorts a list "worst first".
    pub fn danger(&self) -> u8 {
        match self {
            Self::Expired(_) => 11,
            Self::Stalled(_) => 9,
            Self::Stopped(_) => 8,
            Self::FallingBehind => 7,
            Self::Rewound(_) => 6,
            Self::Unassigned => 5,
            Self::Unknown(Doubt::Ahead(_) | Doubt::Lag(_) | Doubt::WentBack(_)) => 4,
            Self::NoCommit => 3,
            Self::CatchingUp => 2,
            Self::Unknown(Doubt::Watching { .. }) => 1,
            Self::Ok => 0,
        }
    }

    /// The worse of the two; of two as bad ones the one that says more.
    #[must_use]
    pub fn worse<'a>(&'a self, other: &'a Self) -> &'a Self {
        let weight = |verdict: &Self| (verdict.danger(), verdict.extent());
        if weight(other) > weight(self) { other } else { self }
    }

    /// How far it goes, among verdicts of one kind.
    fn extent(&self) -> u128 {
        match self {
            Self::Stalled(standing) | Self::Stopped(standing) => standing.seen().as_millis(),
            Self::Rewound(offsets) | Self::Expired(offsets) | Self::Unknown(Doubt::Ahead(offsets)) => {
                u128::from(offsets.unsigned_abs())
            }
            Self::Unknown(Doubt::WentBack(Some(offsets))) => u128::from(offsets.unsigned_abs()),
            Self::Unknown(Doubt::Watching { needed, seen }) => needed.saturating_sub(*seen).as_millis(),
            _ => 0,
        }
    }

    /// The word of screens, tables and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::CatchingUp => "catching up",
            Self::FallingBehind => "falling behind",
            Self::Stalled(_) => "stalled",
            Self::Stopped(_) => "stopped",
            Self::Rewound(_) => "rewound",
            Self::NoCommit => "no commit",
            Self::Unassigned => "unassigned",
            Self::Expired(_) => "expired",
            Self::Unknown(_) => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_worst_partition_speaks_for_the_group() {
        let all = [
            Verdict::Ok,
            Verdict::Unknown(Doubt::Watching {
                seen: s(1),
                needed: s(30),
            }),
            Verdict::CatchingUp,
            Verdict::NoCommit,
            Verdict::Unknown(Doubt::Lag(UnknownLag::NoLeader)),
            Verdict::Unassigned,
            Verdict::Rewound(5),
            Verdict::FallingBehind,
            Verdict::Stopped(Standing::AtLeast(s(60))),
            Verdict::Stalled(Standing::For(s(40))),
            Verdict::Expired(12_034),
        ];
        for pair in all.windows(2) {
            assert_eq!(pair[0].worse(&pair[1]), &pair[1]);
            assert_eq!(pair[1].worse(&pair[0]), &pair[1]);
        }
    }

    #[test]
    fn of_two_stalls_the_longer_one_speaks() {
        let stalled = |seconds| Verdict::Stalled(Standing::For(s(seconds)));
        assert_eq!(stalled(40).worse(&stalled(90)), &stalled(90));
        assert_eq!(Verdict::Expired(7).worse(&Verdict::Expired(2)), &Verdict::Expired(7));
    }
}
