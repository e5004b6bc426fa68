//! A group over time: rates, the time that is left, and a verdict, from looks at it one after the other.
//!
//! ```text
//!   look ─▶ Track (one partition: marks of its commits) ─▶ Verdict, Pace
//!                     └──────────── GroupWatch ────────────▶ the group's: the worst, the sums, the trend
//! ```
//!
//! Pure: a look is a [`PartitionLag`] per partition and the moment it was told. In the spirit of Burrow's rules, from what
//! polling can see and without a threshold to set: a verdict waits for three of the group's commit intervals, 30 s where
//! none was seen.

mod absent;
mod group_pace;
mod log_start;
mod members;
mod moment;
mod newest;
mod pace;
mod rhythm;
mod sum;
mod track;
mod trend;
mod verdict;
mod watched;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

pub use group_pace::GroupPace;
pub use members::{LOOP, LOOP_WITHIN, MemberChange, Members};
pub use pace::{Eta, Pace};
pub use sum::Sum;
pub use track::Ownership;
pub use trend::Trend;
pub use verdict::{Doubt, Standing, Verdict};
pub use watched::CERTAIN;

use super::tail::{Place, Tail};
use super::{GroupDetail, LagCase, PartitionLag, UnknownLag};
use crate::kafka::model::{GroupDescription, GroupState, Offset, TopicName, TopicPartition, Total};
use absent::Absent;
use moment::Moment;
use rhythm::{Rhythm, interval_of, patience_of};
use watched::Watched;

/// How long a verdict waits where no commit interval was seen.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// So many of the group's gaps between commits are kept.
const GAPS: usize = 32;

/// One look at a group.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Its members, where it was described.
    pub description: Option<&'a GroupDescription>,
    /// Its state as the listing has it; used where it was not described.
    pub state: Option<&'a GroupState>,
    /// Every partition that is assigned or has a commit.
    pub rows: &'a [PartitionLag],
    /// Why what it has committed could not be read: partitions with a commit may be missing from the rows.
    pub unread: Option<&'a str>,
    /// When it was told.
    pub at: Instant,
}

impl<'a> Look<'a> {
    /// The look at a group that this detail tells of.
    pub fn of(detail: &'a GroupDetail, at: Instant) -> Self {
        Self {
            description: Some(&detail.description),
            state: Some(&detail.description.state),
            rows: &detail.partitions,
            unread: detail.unread.as_deref(),
            at,
        }
    }
}

/// What was seen of a group.
#[derive(Clone, Debug, Default)]
pub struct GroupWatch {
    /// When the first look was told: moments count from there.
    begun: Option<Instant>,
    /// What the newest look told of, in order.
    tracks: Vec<(TopicPartition, Watched)>,
    /// What it lacked although an earlier one told of it.
    absent: Absent,
    /// The newest gaps between two commits of one partition, over all partitions.
    gaps: VecDeque<Duration>,
    /// How long it takes from one commit to the next, by these.
    interval: Option<Duration>,
    trend: Trend,
    pace: Option<GroupPace>,
    members: Members,
    rhythm: Rhythm,
}

/// What is concluded of one partition.
#[derive(Clone, Copy, Debug)]
pub struct PartitionPace<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// How fast records come and go.
    pub pace: Option<Pace>,
    /// When its commit was last seen to move.
    pub moved: Option<Instant>,
    /// Its lag over time.
    pub trend: Option<&'a Trend>,
    /// What lies at this very commit, where that was looked at.
    pub tail: Option<Tail>,
    /// What its lag is made of, if it was proven that a consumer would get nothing of it.
    pub nothing: Option<Tail>,
}

impl PartitionPace<'_> {
    /// How much really waits of what a row says; `None` when that is unknown.
    pub fn lag(&self, row: &PartitionLag) -> Option<i64> {
        if self.nothing.is_some() {
            return Some(0);
        }
        row.case.lag()
    }

    /// When a lag is worked off; `None` where that cannot be told. What is abreast has nothing to work off.
    pub fn eta(&self, lag: Option<i64>) -> Option<Eta> {
        match self.verdict {
            Verdict::Ok => Some(Eta::In(Duration::ZERO)),
            Verdict::Unknown(Doubt::WentBack(_) | Doubt::Ahead(_)) => None,
            _ => Some(self.pace?.eta(lag?)),
        }
    }
}

impl GroupWatch {
    /// Takes a look. Partitions that it lacks are forgotten, though not at once.
    pub fn take(&mut self, look: &Look<'_>) {
        let begun = *self.begun.get_or_insert(look.at);
        if look.at.saturating_duration_since(begun) > moment::LONGEST {
            let members = std::mem::take(&mut self.members);
            *self = Self {
                begun: Some(look.at),
                members,
                ..Self::default()
            };
        }
        let unread = self.unread(look);
        let mut rows: Vec<&PartitionLag> = look.rows.iter().chain(&unread).collect();
        rows.sort_by(|one, other| one.partition.cmp(&other.partition));
        rows.dedup_by(|one, other| one.partition == other.partition);
        let at = Moment::of(look.at, self.begun.unwrap_or(look.at));
        self.align(&rows, at);
        let usual = self.rhythm.usual();
        for (row, (_, watched)) in rows.iter().zip(&mut self.tracks) {
            let patience = patience_of(watched.interval(), self.interval);
            if let Some(gap) = watched.look(row, at, patience, usual) {
                if self.gaps.len() >= GAPS {
                    self.gaps.pop_front();
                }
                self.gaps.push_back(gap);
            }
            if look.description.is_some() {
                watched.plot(row, look.at);
            }
        }
        // The group's interval may have become known by this very look: judged at last.
        self.interval = interval_of(&self.gaps);
        for (row, (_, watched)) in rows.iter().zip(&mut self.tracks) {
            watched.judge(
                row,
                ownership(look, row),
                patience_of(watched.interval(), self.interval),
            );
        }
        let lag: Total = rows.iter().map(|row| row.case.lag()).collect();
        self.trend.push(look.at, lag.exact().filter(|_| !self.is_doubted()));
        self.pace = self.conclude().or_else(|| look.unread.map(GroupPace::unread));
        self.rhythm.look(look.at);
        if let Some(description) = look.description {
            self.members.take(description, look.at);
        }
    }

    fn conclude(&self) -> Option<GroupPace> {
        let pace = GroupPace::of(&self.tracks, self.interval);
        match self.absent.committed() {
            0 => pace,
            absent => Some(GroupPace::lacking(pace, absent)),
        }
    }

    /// What a look lacks of the partitions that the one before it told of, where it could not read the commits.
    fn unread(&self, look: &Look<'_>) -> Vec<PartitionLag> {
        let Some(why) = look.unread else { return Vec::new() };
        let told: HashSet<&TopicPartition> = look.rows.iter().map(|row| &row.partition).collect();
        let known = self.tracks.iter().map(|(partition, _)| partition);
        known
            .filter(|partition| !told.contains(partition))
            .map(|partition| PartitionLag {
                partition: partition.clone(),
                owner: None,
                committed: None,
                log_start: None,
                end: None,
                case: LagCase::Unknown(UnknownLag::NoCommitted(why.to_owned())),
            })
            .collect()
    }

    /// Makes what is kept one for one that of `rows`, which are in order.
    fn align(&mut self, rows: &[&PartitionLag], at: Moment) {
        let is_same = |(row, (partition, _)): (&&PartitionLag, &(TopicPartition, Watched))| row.partition == *partition;
        if rows.len() == self.tracks.len() && rows.iter().zip(&self.tracks).all(is_same) {
            self.absent.forget(at);
            return;
        }
        let mut before = std::mem::take(&mut self.tracks).into_iter().peekable();
        self.tracks.reserve_exact(rows.len());
        for row in rows {
            while let Some((partition, watched)) = before.next_if(|(partition, _)| *partition < row.partition) {
                self.absent.add(partition, watched, at);
            }
            let kept = before.next_if(|(partition, _)| *partition == row.partition);
            let kept = kept.or_else(|| self.absent.take(&row.partition));
            let kept = kept.unwrap_or_else(|| (row.partition.clone(), Watched::default()));
            self.tracks.push(kept);
        }
        for (partition, watched) in before {
            self.absent.add(partition, watched, at);
        }
        self.absent.forget(at);
    }

    fn get(&self, partition: &TopicPartition) -> Option<&Watched> {
        let index = self.tracks.binary_search_by(|(one, _)| one.cmp(partition)).ok()?;
        self.tracks.get(index).map(|(_, watched)| watched)
    }

    /// When the newest look was told.
    pub fn seen(&self) -> Option<Instant> {
        self.rhythm.newest()
    }

    /// The places at which it is not known what waits, so many at most: those where most waits.
    pub fn places(&self, most: usize) -> Vec<Place> {
        let unknown = self.tracks.iter().filter_map(|track| Some((track.1.unread()?, track)));
        let mut unknown: Vec<_> = unknown.collect();
        if most < unknown.len() {
            unknown.select_nth_unstable_by_key(most, |(distance, _)| Reverse(*distance));
            unknown.truncate(most);
        }
        let unknown = unknown.into_iter();
        unknown
            .filter_map(|(_, (partition, one))| one.place(partition))
            .collect()
    }

    /// Whether it is known of all that waits how old it is; else something may be older than the [`oldest`](Self::oldest).
    pub fn is_oldest_certain(&self) -> bool {
        let mut waiting = self.tracks.iter().filter(|(_, one)| one.distance().is_some());
        waiting.all(|(_, one)| one.emptiness().is_some() || one.written().is_some())
    }

    /// What lies at the commit whose record is oldest, of those that were looked at.
    pub fn oldest(&self) -> Option<Tail> {
        let aged = self.tracks.iter().filter_map(|(_, one)| one.written().zip(one.tail()));
        aged.min_by_key(|(millis, _)| *millis).map(|(_, tail)| tail)
    }

    /// Its members over time.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// How often it was seen to rebalance in the last minutes, where that makes a loop.
    pub fn rebalance_loop(&self) -> Option<usize> {
        let rebalances = self.members.rebalances(self.rhythm.newest()?, LOOP_WITHIN);
        (rebalances >= LOOP).then_some(rebalances)
    }

    /// The partition that has stood longest while records wait, with its commit.
    pub fn most_stuck(&self) -> Option<(&TopicPartition, Standing)> {
        let stuck = self.tracks.iter().filter_map(|(partition, one)| match one.verdict {
            Verdict::Stalled(standing) => Some((partition, standing)),
            _ => None,
        });
        stuck.max_by_key(|(_, standing)| standing.seen())
    }

    /// Takes what lies at some commits; those that have moved since are not meant.
    pub fn tails(&mut self, found: &[(TopicPartition, Tail)]) {
        let mut is_new = false;
        for (partition, tail) in found {
            if let Ok(index) = self.tracks.binary_search_by(|(one, _)| one.cmp(partition))
                && let Some((_, watched)) = self.tracks.get_mut(index)
            {
                is_new |= watched.take_tail(tail);
            }
        }
        if is_new {
            self.pace = self.conclude();
        }
    }

    /// Whether it is known what lies at a place. A record stays where it is: looking again tells nothing.
    pub fn knows(&self, place: &Place) -> bool {
        let tail = self.get(&place.partition).and_then(Watched::tail);
        tail.is_some_and(|tail| tail.tells(place.committed, place.end))
    }

    /// Whether a commit seems to have gone back, or away, and nobody knows yet if it did.
    pub fn is_doubted(&self) -> bool {
        self.lacks_commits() || self.tracks.iter().any(|(_, one)| one.is_doubted())
    }

    /// Whether the newest look had no row for a commit that was there before: sums over its rows are too small.
    pub fn lacks_commits(&self) -> bool {
        self.absent.committed() > 0
    }

    /// The partition that loses records first, and in how long.
    pub fn first_to_lose(&self) -> Option<(&TopicPartition, Duration)> {
        let losing = self.tracks.iter().filter_map(|(partition, one)| {
            let left = group_pace::loses_in(partition, one, self.interval)?;
            Some((partition, left))
        });
        losing.min_by_key(|(_, left)| *left)
    }

    /// Takes where logs begin, which was asked apart from looks.
    pub fn log_starts(&mut self, told: &HashMap<TopicPartition, Offset>, at: Instant) {
        let Some(begun) = self.begun else { return };
        let mut is_new = false;
        for (partition, watched) in &mut self.tracks {
            if let Some(start) = told.get(partition) {
                is_new |= watched.take_start(*start, Moment::of(at, begun));
            }
        }
        if is_new {
            self.pace = self.conclude();
        }
    }

    /// The topics on which something waits, in order.
    pub fn lagging_topics(&self) -> impl Iterator<Item = &TopicName> {
        let topics = self
            .tracks
            .chunk_by(|(one, _), (other, _)| one.topic == other.topic)
            .filter(|same| same.iter().any(|(_, one)| one.distance().is_some()));
        topics.filter_map(|same| same.first().map(|(partition, _)| &partition.topic))
    }

    /// How long the group takes from one commit to the next, as far as that was seen.
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// What is concluded of a partition; `None` for one that the newest look lacked.
    pub fn partition(&self, partition: &TopicPartition) -> Option<PartitionPace<'_>> {
        let watched = self.get(partition)?;
        Some(PartitionPace {
            verdict: &watched.verdict,
            pace: watched.pace(patience_of(watched.interval(), self.interval)),
            moved: watched
                .moved()
                .zip(self.begun)
                .map(|(moved, begun)| moved.instant(begun)),
            trend: watched.trend.as_deref(),
            tail: watched.tail(),
            nothing: watched.emptiness(),
        })
    }

    /// Its lag over time.
    pub fn trend(&self) -> &Trend {
        &self.trend
    }

    /// What is concluded of the group; `None` for one without partitions.
    pub fn pace(&self) -> Option<&GroupPace> {
        self.pace.as_ref()
    }
}

/// Who owns a partition. A group that is rebalancing, or was not described, does not tell.
fn ownership(look: &Look<'_>, row: &PartitionLag) -> Ownership {
    let state = look.description.map(|group| &group.state).or(look.state);
    match look.description {
        _ if state.is_some_and(|state| state.is_empty() || state.is_dead()) => Ownership::NoMembers,
        Some(_) if row.owner.is_some() => Ownership::Owned,
        Some(group) if group.members.is_empty() => Ownership::NoMembers,
        Some(group) if group.state.is_stable() && group.members.iter().all(|member| member.assigned.is_some()) => {
            Ownership::Nobody
        }
        _ => Ownership::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kafka::lag::{LagCase, LogOffsets, UnknownLag};

    const S: Duration = Duration::from_secs(1);

    /// A consumer as a function of time: where its log ends and what it has committed, `seconds` after the beginning.
    struct Script<'a> {
        end: &'a dyn Fn(f64) -> f64,
        committed: &'a dyn Fn(f64) -> f64,
        log_start: i64,
        state: &'a str,
        every: f64,
    }

    impl Script<'_> {
        /// What is thought of it at each look.
        fn watch(&self, looks: usize) -> Vec<(f64, Verdict)> {
            let (mut watch, begin) = (GroupWatch::default(), begin());
            let look = |index: usize| {
                let seconds = index as f64 * self.every;
                let at = begin + Duration::from_secs_f64(seconds);
                let rows = [row(
                    0,
                    (self.committed)(seconds) as i64,
                    self.log_start,
                    (self.end)(seconds) as i64,
                )];
                take(&mut watch, &rows, self.state, at);
                (seconds, watch.pace().unwrap().verdict.clone())
            };
            (0..looks).map(look).collect()
        }
    }

    fn begin() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "any moment will do as the first one")]
        Instant::now()
    }

    fn take(watch: &mut GroupWatch, rows: &[PartitionLag], state: &str, at: Instant) {
        watch.take(&Look {
            description: None,
            state: Some(&GroupState(state.into())),
            rows,
            unread: None,
            at,
        });
    }

    fn row(partition: i32, committed: i64, start: i64, end: i64) -> PartitionLag {
        let log = LogOffsets {
            log_start: Some(Offset(start)),
            end: Ok(Offset(end)),
        };
        PartitionLag {
            partition: TopicPartition::new("orders", partition),
            owner: None,
            committed: Some(Offset(committed)),
            log_start: log.log_start,
            end: Some(Offset(end)),
            case: LagCase::of(Ok(Some(Offset(committed))), &log),
        }
    }

    /// Commits what was there `behind` seconds before, every `interval` seconds.
    fn steady(rate: f64, interval: f64, behind: f64) -> impl Fn(f64) -> f64 {
        move |seconds| ((seconds / interval).floor() * interval - behind).max(0.0) * rate
    }

    fn words(verdicts: &[(f64, Verdict)]) -> Vec<&'static str> {
        let mut words: Vec<_> = verdicts.iter().map(|(_, verdict)| verdict.word()).collect();
        words.dedup();
        words
    }

    /// When it was first called so.
    fn first(verdicts: &[(f64, Verdict)], word: &str) -> Option<f64> {
        verdicts
            .iter()
            .find(|(_, verdict)| verdict.word() == word)
            .map(|(at, _)| *at)
    }

    #[test]
    fn a_group_that_commits_every_5_s_and_keeps_up_is_ok_throughout() {
        let script = Script {
            end: &|seconds| 1_000.0 + seconds * 700.0,
            committed: &|seconds| 1_000.0 + steady(700.0, 5.0, 0.2)(seconds),
            log_start: 0,
            state: "Stable",
            every: 2.0,
        };
        let verdicts = script.watch(300);
        assert_eq!(words(&verdicts), ["ok"]);
    }

    #[test]
    fn a_process_that_stopped_is_stopped_after_three_of_its_intervals() {
        let committed = |seconds: f64| steady(100.0, 5.0, 0.1)(seconds.min(62.0));
        let script = Script {
            end: &|seconds| seconds * 100.0,
            committed: &committed,
            log_start: 0,
            state: "Empty",
            every: 5.0,
        };
        let verdicts = script.watch(40);
        assert_eq!(words(&verdicts), ["ok", "stopped"]);
        assert!(matches!(verdicts[39].1, Verdict::Stopped(Standing::For(_))));
        let told = first(&verdicts, "stopped").unwrap();
        assert!((70.0..=95.0).contains(&told), "{told}");
    }

    #[test]
    fn a_commit_that_never_moved_needs_30_s() {
        let script = Script {
            end: &|_| 1_000.0,
            committed: &|_| 400.0,
            log_start: 0,
            state: "Stable",
            every: 5.0,
        };
        let verdicts = script.watch(8);
        assert_eq!(words(&verdicts), ["unknown", "stalled"]);
        assert_eq!(first(&verdicts, "stalled"), Some(30.0));
        assert_eq!(verdicts[7].1, Verdict::Stalled(Standing::AtLeast(35 * S)));
        assert_eq!(
            verdicts[1].1,
            Verdict::Unknown(Doubt::Watching {
                seen: 5 * S,
                needed: 30 * S
            })
        );
    }

    #[test]
    fn one_record_in_an_idle_topic_waits_its_time() {
        // The record comes after an hour without any; before, the commit stood as well, and nothing waited.
        let script = Script {
            end: &|seconds| if seconds < 3_600.0 { 10.0 } else { 11.0 },
            committed: &|_| 10.0,
            log_start: 0,
            state: "Stable",
            every: 5.0,
        };
        let verdicts = script.watch(800);
        assert_eq!(words(&verdicts), ["ok", "stalled"]);
        assert_eq!(first(&verdicts, "stalled"), Some(3_630.0));
    }

    #[test]
    fn half_as_fast_falls_behind_and_twice_as_fast_catches_up() {
        let script = Script {
            end: &|seconds| seconds * 1_000.0,
            committed: &steady(500.0, 5.0, 0.0),
            log_start: 0,
            state: "Stable",
            every: 5.0,
        };
        let verdicts = script.watch(60);
        assert_eq!(verdicts.last().unwrap().1, Verdict::FallingBehind);
        assert!(first(&verdicts, "falling behind").unwrap() <= 45.0);
        assert!(first(&verdicts, "stalled").is_none());
        let script = Script {
            end: &|seconds| 1e6 + seconds * 1_000.0,
            committed: &steady(2_000.0, 5.0, 0.0),
            ..script
        };
        let verdicts = script.watch(60);
        assert_eq!(words(&verdicts), ["unknown", "catching up"]);
        assert!(first(&verdicts, "catching up").unwrap() <= 30.0);
    }

    #[test]
    fn a_burst_that_is_worked_off_at_once_is_no_verdict() {
        let script = Script {
            end: &|seconds| if seconds < 61.0 { 0.0 } else { 50_000.0 },
            committed: &|seconds| if seconds < 68.0 { 0.0 } else { 50_000.0 },
            log_start: 0,
            state: "Stable",
            every: 2.0,
        };
        assert_eq!(words(&script.watch(60)), ["ok"]);
    }

    #[test]
    fn a_commit_that_went_back_is_rewound_and_then_catches_up() {
        let committed = |seconds: f64| {
            let now = steady(100.0, 5.0, 0.0)(seconds);
            let caught_up = (seconds - 100.0).div_euclid(5.0) * 1_000.0;
            if seconds < 100.0 {
                now
            } else {
                (now - 9_000.0 + caught_up).min(now)
            }
        };
        let script = Script {
            end: &|seconds| seconds * 100.0,
            committed: &committed,
            log_start: -1_000_000,
            state: "Stable",
            every: 5.0,
        };
        let verdicts = script.watch(60);
        let words = words(&verdicts);
        // A second look has to find it back as well.
        assert_eq!(words[..3], ["ok", "unknown", "rewound"]);
        assert_eq!(
            (first(&verdicts, "unknown"), first(&verdicts, "rewound")),
            (Some(100.0), Some(105.0))
        );
        assert_eq!(words.last(), Some(&"ok"));
        assert!(
            !words.contains(&"stalled") && !words.contains(&"falling behind"),
            "{words:?}"
        );
    }

    /// Looks every 2 s at a group that commits every 4 s and keeps up, until second 60.
    fn abreast() -> (GroupWatch, Instant) {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        for second in (0..=60).step_by(2) {
            let committed = i64::from(second / 4) * 400;
            let rows = [
                row(0, committed, 0, i64::from(second) * 100 + 50),
                row(1, committed, 0, committed),
            ];
            take(&mut watch, &rows, "Stable", begin + second * S);
        }
        let verdict = watch.pace().unwrap().verdict.word();
        assert_eq!((verdict, watch.interval()), ("ok", Some(4 * S)));
        (watch, begin)
    }

    /// Every 5 s a commit of a group that works off a large lag, or is abreast of what comes in (100 a second).
    fn until_an_hour_is_missed(lag: i64, dies: i64) -> (GroupWatch, Instant) {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        let mut look = |second: i64| {
            let committed = second.min(dies) / 5 * 500;
            let rows = [row(0, committed, 0, second * 100 + lag)];
            take(&mut watch, &rows, "Stable", begin + second as u32 * S);
        };
        (0..=60).step_by(5).for_each(&mut look);
        look(3_660);
        assert_eq!(
            watch.interval(),
            Some(5 * S),
            "that nobody looked is no commit interval"
        );
        (watch, begin + 3_660 * S)
    }

    #[test]
    fn who_died_while_nobody_looked_is_not_called_ok() {
        let (mut watch, back) = until_an_hour_is_missed(100, 20 * 60);
        let verdict = |watch: &GroupWatch| watch.pace().unwrap().verdict.clone();
        let watching = Doubt::Watching {
            seen: Duration::ZERO,
            needed: 15 * S,
        };
        assert_eq!(verdict(&watch), Verdict::Unknown(watching));
        assert_eq!(watch.pace().unwrap().pace, None, "an hour's mean is no rate of now");
        for second in [5, 10, 15] {
            let rows = [row(0, 120_000, 0, (3_660 + second) * 100 + 100)];
            take(&mut watch, &rows, "Stable", back + second as u32 * S);
        }
        assert_eq!(verdict(&watch), Verdict::Stalled(Standing::AtLeast(15 * S)));
    }

    #[test]
    fn who_went_on_while_nobody_looked_is_ok_at_once() {
        let (mut watch, back) = until_an_hour_is_missed(100, i64::MAX);
        for second in 0..60_i64 {
            assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok, "{second}");
            let (at, looked) = (3_660 + second, back + second as u32 * S);
            let rows = [row(0, at / 5 * 500, 0, at * 100 + 100)];
            take(&mut watch, &rows, "Stable", looked);
        }
    }

    #[test]
    fn who_stood_before_and_after_nobody_looked_stood_all_the_time() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        for second in (0..=60).step_by(5).chain([3_660]) {
            let committed = (second / 5 * 500).min(4_000);
            let rows = [row(0, committed, 0, second * 100 + 100)];
            take(&mut watch, &rows, "Stable", begin + second as u32 * S);
        }
        let stood = Standing::For(3_620 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Stalled(stood));
    }

    #[test]
    fn passes_that_come_seldom_are_late_only_once() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        for second in (0..=60).step_by(5).chain((150..=3_660).step_by(90)) {
            // It consumes twice as fast as records come.
            let rows = [row(0, second / 5 * 1_000, 0, second * 100 + 2_000_000)];
            take(&mut watch, &rows, "Stable", begin + second as u32 * S);
            let pace = watch.pace().unwrap();
            let is_told = pace.verdict == Verdict::CatchingUp;
            assert!(
                is_told || second < 30 || (150..420).contains(&second),
                "{second}: {pace:?}"
            );
        }
    }

    #[test]
    fn a_doubt_ends_where_the_lag_becomes_unknown() {
        let (mut watch, begin) = abreast();
        let rows = [row(0, 2_000, 0, 6_250), row(1, 6_000, 0, 6_000)];
        take(&mut watch, &rows, "Stable", begin + 62 * S);
        assert!(watch.is_doubted());
        let unknown = PartitionLag {
            end: None,
            case: LagCase::Unknown(UnknownLag::NoLeader),
            ..row(0, 2_000, 0, 0)
        };
        take(
            &mut watch,
            &[unknown, row(1, 6_000, 0, 6_000)],
            "Stable",
            begin + 64 * S,
        );
        assert!(
            !watch.is_doubted(),
            "a limit would be mute for as long as there is no leader"
        );
        let doubt = Doubt::Lag(UnknownLag::NoLeader);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Unknown(doubt));
    }

    #[test]
    fn what_a_new_coordinator_does_not_show_yet_is_not_taken_for_a_commit_that_went_back() {
        let (mut watch, begin) = abreast();
        let before = watch.clone();
        let partition = TopicPartition::new("orders", 0);
        // The commit of second 60 is not shown for a while, and what came in meanwhile is.
        for second in [62, 64, 66] {
            let rows = [row(0, 2_000, 0, second * 100 + 50), row(1, 6_000, 0, 6_000)];
            take(&mut watch, &rows, "Stable", begin + second as u32 * S);
            let (pace, seen) = (watch.pace().unwrap(), watch.partition(&partition).unwrap());
            assert_eq!(pace.verdict, Verdict::Unknown(Doubt::WentBack(Some(4_000))));
            assert_eq!((pace.pace, pace.eta), (before.pace().unwrap().pace, None));
            assert_eq!(seen.eta(seen.lag(&rows[0])), None);
            assert_eq!(seen.lag(&rows[0]), Some(second * 100 - 1_950), "what was read is shown");
            assert_eq!(watch.trend().newest(), None, "nor does the trend jump");
            assert_eq!(watch.places(8), [], "what lies there was worked off long ago");
            assert_eq!(seen.moved, before.partition(&partition).unwrap().moved);
        }
        for second in (68..120).step_by(2) {
            let committed = second / 4 * 400;
            let rows = [row(0, committed, 0, second * 100 + 50), row(1, committed, 0, committed)];
            take(&mut watch, &rows, "Stable", begin + second as u32 * S);
            let pace = watch.pace().unwrap();
            assert_eq!(pace.verdict, Verdict::Ok, "{second}");
            let rates = pace.pace.unwrap();
            assert!(
                rates.consumed > 150.0 && rates.growth().abs() < 50.0,
                "{second}: {rates:?}"
            );
        }
        assert_eq!(watch.interval(), before.interval());
    }

    #[test]
    fn a_commit_that_is_gone_for_a_moment_is_not_called_none_and_what_was_seen_is_kept() {
        let without = |end| PartitionLag {
            committed: None,
            case: LagCase::NoCommit { backlog: Some(end) },
            ..row(0, 0, 0, end)
        };
        let (mut watch, begin) = abreast();
        take(&mut watch, &[without(6_200)], "Stable", begin + 62 * S);
        let gone = Verdict::Unknown(Doubt::WentBack(None));
        assert_eq!(watch.pace().unwrap().verdict, gone);
        take(
            &mut watch,
            &[row(0, 6_400, 0, 6_400), row(1, 6_400, 0, 6_400)],
            "Stable",
            begin + 64 * S,
        );
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok);
        let waits = |partition| row(partition, 6_400, 0, 6_500);
        take(&mut watch, &[waits(0), waits(1)], "Stable", begin + 66 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok, "both are known still");
        // It stays gone: somebody has deleted it.
        take(&mut watch, &[without(6_600)], "Stable", begin + 68 * S);
        take(&mut watch, &[without(6_700)], "Stable", begin + 72 * S);
        assert_eq!(watch.pace().unwrap().verdict, gone);
        take(&mut watch, &[without(6_800)], "Stable", begin + 73 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::NoCommit);
    }

    #[test]
    fn a_row_that_a_look_lacks_is_doubted_until_a_second_look_lacks_it() {
        // Off screen, 15 s apart: rows are made of commits alone.
        let (mut watch, begin) = abreast();
        let rows = [row(0, 6_000, 0, 9_000), row(1, 6_000, 0, 6_000)];
        take(&mut watch, &rows[1..], "Stable", begin + 75 * S);
        let gone = Verdict::Unknown(Doubt::WentBack(None));
        let pace = watch.pace().unwrap();
        assert_eq!((&pace.verdict, pace.worst, pace.eta), (&gone, 1, None));
        assert!(watch.is_doubted() && watch.lacks_commits());
        let mut back = watch.clone();
        take(&mut back, &rows, "Stable", begin + 90 * S);
        assert!(!back.is_doubted() && back.interval() == watch.interval());
        let seen = back.partition(&rows[0].partition).unwrap();
        assert_eq!(seen.moved, Some(begin + 60 * S), "what was seen of it is kept");
        take(&mut watch, &rows[1..], "Stable", begin + 77 * S);
        assert!(watch.is_doubted(), "two looks within 5 s may both miss it");
        take(&mut watch, &rows[1..], "Stable", begin + 90 * S);
        assert!(!watch.is_doubted());
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok);
        take(&mut watch, &[], "Stable", begin + 105 * S);
        assert_eq!(watch.pace().unwrap().verdict, gone, "the last one as well");
    }

    #[test]
    fn a_commit_that_went_back_is_not_lost_before_that_is_certain() {
        let (mut watch, begin) = abreast();
        // Retention has taken what the older commit points to.
        let rows = |second: i64| [row(0, 2_000, 3_000, second * 100 + 50)];
        take(&mut watch, &rows(62), "Stable", begin + 62 * S);
        assert_eq!(watch.pace().unwrap().verdict.word(), "unknown");
        take(&mut watch, &rows(67), "Stable", begin + 67 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Expired(1_000));
    }

    #[test]
    fn a_watch_that_lasts_for_weeks_begins_anew_and_knows_who_came() {
        let (mut watch, begin) = abreast();
        let later = begin + moment::LONGEST + S;
        take(&mut watch, &[row(0, 6_000, 0, 6_000)], "Stable", later);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok);
        take(&mut watch, &[row(0, 6_100, 0, 6_100)], "Stable", later + 5 * S);
        let seen = watch.partition(&TopicPartition::new("orders", 0)).unwrap();
        assert_eq!(seen.moved, Some(later + 5 * S));
    }

    /// What is thought of a group that stands at 1,000 while retention takes 600 offsets every 5 minutes, of 10,000 that
    /// are kept; log starts are told apart from looks. At each telling.
    fn overtaken(topic: &str) -> Vec<(Verdict, Option<Duration>, u8)> {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        let standing = |end| PartitionLag {
            partition: TopicPartition::new(topic, 0),
            log_start: None,
            case: LagCase::Known { lag: end - 2_000 },
            ..row(0, 2_000, 0, end)
        };
        let mut told = Vec::new();
        for round in 0..5_i64 {
            let at = begin + round as u32 * 300 * S;
            take(&mut watch, &[standing(10_000 + round * 600)], "Empty", at);
            let start = HashMap::from([(TopicPartition::new(topic, 0), Offset(round * 600))]);
            watch.log_starts(&start, at + S);
            let pace = watch.pace().unwrap();
            told.push((pace.verdict.clone(), pace.loses, pace.danger()));
        }
        told
    }

    #[test]
    fn a_log_start_that_comes_nearer_is_told_and_what_it_took_at_once() {
        let told = overtaken("orders");
        assert_eq!(told[1].1, None, "one jump does not tell when the next one comes");
        // 800 offsets are left at 2 a second.
        assert_eq!(told[2].1.map(|left| left.as_secs()), Some(400));
        assert_eq!(told[3].1.map(|left| left.as_secs()), Some(100));
        assert_eq!((&told[4].0, told[4].1), (&Verdict::Expired(400), None));
        let stopped = Verdict::Stopped(Standing::AtLeast(S)).danger();
        assert!(told[1].2 == stopped && told[2].2 > stopped && told[4].2 > told[2].2);
        assert!(
            overtaken("app-counts-repartition")
                .iter()
                .all(|(_, loses, _)| loses.is_none()),
            "Kafka Streams deletes there what it has read"
        );
    }

    #[test]
    fn a_group_that_is_read_on_in_time_loses_nothing() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        for round in 0..60_u32 {
            // It catches up by 20 offsets a second; retention takes 10.
            let seconds = i64::from(round) * 10;
            let committed = 1_500 + seconds * 30;
            take(
                &mut watch,
                &[row(0, committed, seconds * 10, 30_000 + seconds * 10)],
                "Stable",
                begin + round * 10 * S,
            );
            assert_eq!(watch.pace().unwrap().loses, None, "{seconds}");
        }
        assert_eq!(watch.pace().unwrap().verdict, Verdict::CatchingUp);
    }

    #[test]
    fn what_retention_took_is_told_at_once() {
        let script = Script {
            end: &|_| 20_000.0,
            committed: &|_| 0.0,
            log_start: 12_034,
            state: "Stable",
            every: 5.0,
        };
        assert_eq!(script.watch(1)[0].1, Verdict::Expired(12_034));
    }

    #[test]
    fn a_look_that_does_not_tell_where_the_log_begins_does_not_take_back_what_was_lost() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        take(&mut watch, &[row(0, 100, 1_500, 2_000)], "Empty", begin);
        let short = |committed, end| PartitionLag {
            log_start: None,
            case: LagCase::Known { lag: end - committed },
            ..row(0, committed, 0, end)
        };
        take(&mut watch, &[short(100, 2_000)], "Empty", begin + 5 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Expired(1_400));
        assert_eq!(
            watch.places(1).first().map(|place| place.committed),
            Some(Offset(1_500))
        );
        // The topic was made anew: what is known of the old log does not count.
        take(&mut watch, &[short(5, 20)], "Empty", begin + 10 * S);
        assert_eq!(watch.pace().unwrap().verdict.word(), "unknown");
    }

    #[test]
    fn the_stuck_partition_speaks_for_a_group_that_goes_on_elsewhere() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        for second in (0..120).step_by(5) {
            let moving = i64::from(second) * 10;
            let rows = [row(0, moving, 0, moving + 5), row(7, 120, 0, 120 + moving)];
            take(&mut watch, &rows, "Stable", begin + second * S);
        }
        let pace = watch.pace().unwrap();
        assert_eq!((pace.verdict.word(), pace.worst), ("stalled", 1));
        assert_eq!(
            *watch.partition(&TopicPartition::new("orders", 0)).unwrap().verdict,
            Verdict::Ok
        );
        assert!(
            matches!(pace.eta, Some(Eta::Never(growth)) if (growth - 10.0).abs() < 0.5),
            "{pace:?}"
        );
    }

    #[test]
    fn markers_at_the_end_are_no_lag_once_that_is_proven() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        let rows = [row(0, 99, 0, 100)];
        let tail = Tail {
            committed: Offset(99),
            end: Offset(100),
            next: None,
            markers: 1,
            aborted: 0,
            read_to: Offset(100),
        };
        take(&mut watch, &rows, "Stable", begin);
        let at = |committed, end| Place::of(&row(0, committed, 0, end)).unwrap();
        assert!(!watch.knows(&at(99, 100)));
        watch.tails(&[(rows[0].partition.clone(), tail)]);
        assert!(watch.knows(&at(99, 100)) && !watch.knows(&at(98, 100)));
        take(&mut watch, &rows, "Stable", begin + 60 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok);
        assert_eq!(watch.pace().unwrap().eta, Some(Eta::In(Duration::ZERO)));
        // A record came: the proof was of another end.
        assert!(!watch.knows(&at(99, 101)));
        take(&mut watch, &[row(0, 99, 0, 101)], "Stable", begin + 65 * S);
        let partition = TopicPartition::new("orders", 0);
        assert_eq!(watch.partition(&partition).unwrap().nothing, None);
        assert_ne!(watch.pace().unwrap().verdict, Verdict::Ok);
    }

    #[test]
    fn an_unknown_lag_is_never_ok_and_has_no_end() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        take(&mut watch, &[row(0, 100, 0, 100)], "Stable", begin);
        let unknown = PartitionLag {
            end: None,
            case: LagCase::Unknown(UnknownLag::NoLeader),
            ..row(0, 100, 0, 100)
        };
        take(&mut watch, &[unknown], "Stable", begin + 5 * S);
        let pace = watch.pace().unwrap();
        assert_eq!(pace.verdict, Verdict::Unknown(Doubt::Lag(UnknownLag::NoLeader)));
        assert_eq!(pace.eta, None);
    }

    #[test]
    fn commits_that_could_not_be_read_are_unknown_and_what_was_seen_of_them_is_kept() {
        let (mut watch, begin) = abreast();
        let blind = |watch: &mut GroupWatch, at| {
            let look = Look {
                description: None,
                state: Some(&GroupState("Empty".into())),
                rows: &[],
                unread: Some("COORDINATOR_LOAD_IN_PROGRESS"),
                at,
            };
            watch.take(&look);
        };
        for second in (62..90).step_by(2) {
            blind(&mut watch, begin + second * S);
            let pace = watch.pace().unwrap();
            assert_eq!((pace.verdict.word(), pace.worst, pace.eta), ("unknown", 2, None));
        }
        let rows = [row(0, 8_800, 0, 9_000), row(1, 8_800, 0, 8_800)];
        take(&mut watch, &rows, "Stable", begin + 90 * S);
        assert_eq!(watch.pace().unwrap().verdict, Verdict::Ok);
        assert!(watch.interval().is_some());
        let mut never = GroupWatch::default();
        blind(&mut never, begin);
        let pace = never.pace().unwrap();
        assert_eq!((pace.verdict.word(), pace.worst), ("unknown", 0));
    }

    #[test]
    fn a_topic_that_was_made_anew_is_watched_anew() {
        let (mut watch, begin) = (GroupWatch::default(), begin());
        take(&mut watch, &[row(0, 500, 0, 900)], "Stable", begin);
        take(&mut watch, &[row(0, 5, 0, 9)], "Stable", begin + 60 * S);
        let pace = watch.pace().unwrap();
        assert!(
            matches!(pace.verdict, Verdict::Unknown(Doubt::Watching { .. })),
            "{pace:?}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        // However looks and commits drift against each other, who keeps up is never told to be in trouble.
        #[test]
        fn who_keeps_up_is_never_in_trouble(
            interval in 0.5_f64..40.0,
            every in 1.0_f64..16.0,
            rate in 1.0_f64..50_000.0,
            behind in 0.0_f64..0.9,
        ) {
            let script = Script {
                end: &|seconds| 1e7 + seconds * rate,
                committed: &|seconds| 1e7 + steady(rate, interval, behind * interval)(seconds) - 10.0,
                log_start: 0,
                state: "Stable",
                every,
            };
            for (at, verdict) in script.watch(400) {
                let is_fine = matches!(verdict, Verdict::Ok | Verdict::Unknown(Doubt::Watching { .. }));
                // Until two gaps were seen, 30 s are all that is known: a group that commits every 12 s and more may
                // rightly be called standing then.
                prop_assert!(is_fine || (interval > 12.0 && at < 4.0 * interval), "{at}: {verdict:?}");
            }
        }

        // Whatever is committed when: nothing panics, and a group without known lag is not called ok.
        #[test]
        fn no_look_is_too_strange(looks in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>(), 0_u64..1_000), 1..40)) {
            let (mut watch, mut at) = (GroupWatch::default(), begin());
            for (committed, start, end, pause) in looks {
                at += Duration::from_millis(pause);
                take(&mut watch, &[row(0, committed, start, end)], "Stable", at);
                let pace = watch.pace().unwrap();
                prop_assert!(pace.verdict != Verdict::Ok || end >= committed);
            }
        }
    }
}
