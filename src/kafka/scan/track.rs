//! How far one partition has been read, and what stands in the way. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::Range;
use super::late::{Late, Origin};
use crate::kafka::client::{FetchPosition, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, TopicPartition};
use crate::kafka::newest::stuck;

/// Pause before the first retry; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Trouble that asking again does not mend is believed after this time: leaders and topics are made known step by step.
const DISBELIEF: Duration = Duration::from_secs(5);
/// Answers without progress before that is an error.
const STUCK: u32 = 3;

pub(super) const OFFSET_OUT_OF_RANGE: i16 = 1;

/// What a broker says of an offset that is outside of the log.
pub(super) fn out_of_range(name: &TopicPartition) -> Error {
    Error::Kafka {
        code: OFFSET_OUT_OF_RANGE,
        what: name.to_string(),
        message: None,
    }
}

/// What stands in the way of a partition.
#[derive(Clone, Debug)]
struct Trouble {
    error: Error,
    since: Instant,
    attempts: u32,
    retry_at: Instant,
}

/// What was said of a partition last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing, or that it is read.
    Well,
    /// What stands in its way.
    Trouble,
    /// The same, and it does not any more: that is to be said.
    Mended,
}

/// What a track needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: all of it has been read.
    Nothing,
    /// The answer to what was asked for it.
    Answer,
    /// To know where its log is.
    Place,
    /// Records.
    Records,
    /// To know where its next batch begins, whoever may read it.
    Look,
}

/// What an answer says besides records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// The offset after the last one that may be read now.
    pub(super) end: i64,
    /// Whether the answer had to hold something for this partition if there was anything.
    pub(super) stood_first: bool,
    /// Bytes the partition needs, where its next batch did not fit.
    pub(super) needed: Option<usize>,
}

/// The state of one partition.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) name: TopicPartition,
    pub(super) is_busy: bool,
    /// The number of the last request that asked for it: the lowest has its turn first.
    pub(super) asked: u64,
    at: i64,
    /// `None` when it is followed.
    to: Option<i64>,
    /// Where it begins, as long as that has no offset.
    origin: Option<Origin>,
    /// Whether the broker says that `at` is outside of the log.
    is_lost: bool,
    /// Whether all that there was has been read, and what comes is waited for.
    is_caught_up: bool,
    /// Bytes that its next batch needs, where they are more than usual.
    needed: usize,
    hunger: u32,
    stuck: u32,
    trouble: Option<Trouble>,
    told: Told,
}

impl Track {
    pub(super) fn new(range: Range) -> Self {
        Self {
            name: range.partition,
            is_busy: false,
            asked: 0,
            at: range.from.0,
            to: range.to.map(|to| to.0),
            origin: None,
            is_lost: false,
            is_caught_up: false,
            needed: 0,
            hunger: 0,
            stuck: 0,
            trouble: None,
            told: Told::Well,
        }
    }

    /// One that is followed from a place which has yet to be looked up.
    pub(super) fn late(late: Late) -> Self {
        let range = Range {
            partition: late.partition,
            from: Offset(0),
            to: None,
        };
        Self {
            origin: Some(late.from),
            ..Self::new(range)
        }
    }

    pub(super) fn need(&self) -> Need {
        if self.is_busy {
            Need::Answer
        } else if self.to.is_some_and(|to| self.at >= to) {
            Need::Nothing
        } else if self.is_lost || self.origin.is_some() {
            Need::Place
        } else if self.stuck >= STUCK {
            Need::Look
        } else {
            Need::Records
        }
    }

    /// The next offset to read.
    pub(super) fn at(&self) -> i64 {
        self.at
    }

    /// The offset after the last one wanted.
    pub(super) fn to(&self) -> i64 {
        self.to.unwrap_or(i64::MAX)
    }

    pub(super) fn is_followed(&self) -> bool {
        self.to.is_none()
    }

    /// Whether all that there was has been read, and what comes is waited for.
    pub(super) fn is_caught_up(&self) -> bool {
        self.is_caught_up
    }

    /// Whether it may be asked for now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.retry_at().is_none_or(|at| at <= now)
    }

    /// When it may be asked for again; `None` when at once.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|trouble| trouble.retry_at)
    }

    /// How many answers in a row held nothing for it: the hungriest is asked for first (KIP-74).
    pub(super) fn hunger(&self) -> u32 {
        self.hunger
    }

    /// What to fetch, with `page` bytes at most unless its next batch is larger.
    pub(super) fn position(&self, page: usize) -> FetchPosition {
        FetchPosition {
            partition: self.name.partition,
            offset: Offset(self.at),
            max_bytes: i32::try_from(page.max(self.needed)).unwrap_or(i32::MAX),
        }
    }

    /// An answer has come, and everything below `next` is in it.
    pub(super) fn read(&mut self, next: i64, heard: Heard, now: Instant) {
        self.is_busy = false;
        self.needed = heard.needed.unwrap_or(0);
        let is_at_end = next.max(self.at) >= heard.end;
        self.is_caught_up = is_at_end && self.is_followed();
        if next > self.at {
            self.at = next;
            (self.hunger, self.stuck) = (0, 0);
            self.mend();
            return;
        }
        self.hunger += 1;
        if self.is_caught_up {
            self.hunger = 0;
            self.mend();
        } else if is_at_end {
            // The end was known to be further away: the log was cut off, or its new leader has yet to learn where it is.
            self.failed(self.gone(heard.end), now);
        } else if heard.stood_first && heard.needed.is_none() {
            self.stuck += 1;
        }
    }

    /// Answers hold nothing although there should be something, and the next batch begins at `next`: when it is further
    /// on, compaction left a hole. Below the last stable offset that is the only way to learn of it.
    pub(super) fn looked(&mut self, next: Option<i64>, now: Instant) {
        self.is_busy = false;
        self.stuck = 0;
        match next {
            Some(next) if next > self.at => {
                self.at = next.min(self.to());
                self.hunger = 0;
                self.mend();
            }
            _ => self.failed(stuck(&self.name.topic, self.name.partition), now),
        }
    }

    fn gone(&self, end: i64) -> Error {
        Error::Missing {
            what: format!("offsets {end} to {}", self.to().saturating_sub(1)),
            addr: format!("the leader of {}", self.name),
        }
    }

    /// The broker says that the offset is outside of the log.
    pub(super) fn out_of_range(&mut self) {
        self.is_busy = false;
        self.is_lost = true;
    }

    /// What to ask beside where the log ends, to know where to read.
    pub(super) fn question(&self) -> OffsetSpec {
        self.origin.map_or(OffsetSpec::Earliest, Origin::question)
    }

    /// The question's answer is `start`, and the log goes to `end`. Returns the stretch that is lost, if there is one.
    pub(super) fn found(&mut self, start: i64, end: i64, error: Error, now: Instant) -> Option<(i64, i64)> {
        self.is_busy = false;
        self.is_lost = false;
        if let Some(origin) = self.origin.take() {
            self.at = origin.place(start, end);
            // Whoever named it late was told so before it was read.
            (self.trouble, self.told) = (None, Told::Mended);
            return origin.lost(self.at).map(|from| (from, self.at));
        }
        if start > self.at {
            let lost = (self.at, start.min(self.to()));
            self.at = lost.1;
            self.mend();
            return Some(lost);
        }
        // Inside after all, or behind the end: a log that was cut off does not grow back.
        let error = if self.at > end { self.gone(end) } else { error };
        self.failed(error, now);
        None
    }

    /// Notes what stands in the way.
    pub(super) fn failed(&mut self, error: Error, now: Instant) {
        self.is_busy = false;
        let (since, attempts) = match &self.trouble {
            Some(trouble) => (trouble.since, trouble.attempts + 1),
            None => (now, 0),
        };
        // Leaders move all the time: the first time it is worth asking again at once.
        let pause = match attempts {
            0 => Duration::from_millis(20),
            more => FIRST_PAUSE.saturating_mul(1 << (more - 1).min(8)).min(LONGEST_PAUSE),
        };
        self.trouble = Some(Trouble {
            error,
            since,
            attempts,
            retry_at: now + pause,
        });
    }

    /// Nothing stands in the way any more.
    fn mend(&mut self) {
        self.trouble = None;
        if self.told == Told::Trouble {
            self.told = Told::Mended;
        }
    }

    /// Whether what was told to stand in the way does not any more; told once.
    pub(super) fn take_mended(&mut self) -> bool {
        let is_mended = self.told == Told::Mended;
        if is_mended {
            self.told = Told::Well;
        }
        is_mended
    }

    /// The error that is worth telling: one that asking once more did not mend, and once.
    pub(super) fn news(&mut self) -> Option<Error> {
        let trouble = self.trouble.as_ref()?;
        if trouble.attempts < 3 || self.told == Told::Trouble {
            return None;
        }
        self.told = Told::Trouble;
        Some(trouble.error.clone())
    }

    /// Why it is given up, if it is.
    pub(super) fn verdict(&self, patience: Duration, now: Instant) -> Option<&Error> {
        let trouble = self.trouble.as_ref().filter(|_| !self.is_busy)?;
        let time = now.saturating_duration_since(trouble.since);
        let limit = match &trouble.error {
            Error::Denied { .. } => Duration::ZERO,
            error if error.is_retriable() && self.is_followed() => return None,
            error if error.is_retriable() || matches!(error, Error::Missing { .. }) => patience,
            _ => patience.min(DISBELIEF),
        };
        (time >= limit).then_some(&trouble.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Heard = Heard {
        end: 100,
        stood_first: true,
        needed: None,
    };

    fn track(to: Option<i64>) -> Track {
        Track::new(Range {
            partition: TopicPartition::new("orders", 1),
            from: Offset(10),
            to: to.map(Offset),
        })
    }

    fn timeout() -> Error {
        Error::Timeout {
            what: "Fetch".into(),
            addr: "b".into(),
            after: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_track_ends_by_position() {
        let (mut track, now) = (track(Some(100)), Instant::now());
        assert_eq!(track.need(), Need::Records);
        track.is_busy = true;
        assert_eq!(track.need(), Need::Answer);
        track.read(99, END, now);
        assert_eq!((track.need(), track.at()), (Need::Records, 99));
        track.read(104, END, now);
        assert_eq!(track.need(), Need::Nothing);
    }

    #[test]
    fn a_batch_larger_than_the_page_is_asked_for_whole() {
        let (mut track, now) = (track(Some(100)), Instant::now());
        let heard = Heard {
            needed: Some(5000),
            ..END
        };
        track.read(10, heard, now);
        assert_eq!((track.position(1000).max_bytes, track.hunger()), (5000, 1));
        assert!(track.is_due(now), "that is no trouble");
        track.read(50, END, now);
        assert_eq!((track.position(1000).max_bytes, track.hunger()), (1000, 0));
    }

    #[test]
    fn retention_that_was_faster_is_a_lost_stretch_within_the_range() {
        let (mut one, now) = (track(Some(100)), Instant::now());
        one.out_of_range();
        assert_eq!(one.need(), Need::Place);
        assert_eq!(one.found(40, 200, timeout(), now), Some((10, 40)));
        assert_eq!((one.need(), one.at()), (Need::Records, 40));
        let mut all = track(Some(100));
        assert_eq!(all.found(150, 200, timeout(), now), Some((10, 100)));
        assert_eq!(all.need(), Need::Nothing);
    }

    #[test]
    fn a_log_that_was_cut_off_is_given_up_and_names_what_is_gone() {
        let (mut track, now) = (track(Some(100)), Instant::now());
        track.read(10, Heard { end: 10, ..END }, now);
        let patience = Duration::from_secs(30);
        assert_eq!(track.verdict(patience, now), None);
        let error = track.verdict(patience, now + patience).unwrap();
        assert_eq!(
            error.to_string(),
            "the leader of orders-1 left offsets 10 to 99 out of its answer"
        );
        let mut behind = self::track(Some(100));
        assert_eq!(behind.found(0, 5, timeout(), now), None);
        assert!(
            behind
                .verdict(patience, now + patience)
                .unwrap()
                .to_string()
                .contains("offsets 5 to 99")
        );
    }

    #[test]
    fn who_follows_waits_at_the_end_and_forever() {
        let (mut track, now) = (track(None), Instant::now());
        track.read(10, Heard { end: 10, ..END }, now);
        assert!(track.is_caught_up() && track.is_due(now));
        track.read(20, Heard { end: 30, ..END }, now);
        assert!(!track.is_caught_up(), "there is more");
        track.read(30, Heard { end: 30, ..END }, now);
        assert!(track.is_caught_up());
        track.failed(timeout(), now);
        assert_eq!(
            track.verdict(Duration::from_secs(1), now + Duration::from_hours(1)),
            None
        );
        let denied = Error::from_code(29, "orders", None).unwrap();
        track.failed(denied, now);
        assert!(track.verdict(Duration::from_secs(1), now).is_some());
    }

    #[test]
    fn what_was_told_is_taken_back_once_and_what_was_not_is_not() {
        let (mut track, now) = (track(None), Instant::now());
        track.failed(timeout(), now);
        track.read(10, Heard { end: 10, ..END }, now);
        assert!(!track.take_mended(), "nobody heard of it");
        (0..4).for_each(|_| track.failed(timeout(), now));
        assert!(track.news().is_some() && !track.take_mended());
        track.read(10, Heard { end: 10, ..END }, now);
        assert!(track.take_mended(), "also where there is nothing new");
        assert!(!track.take_mended());
    }

    #[test]
    fn answers_without_progress_are_looked_into_before_they_are_an_error() {
        let (mut hidden, now) = (track(Some(100)), Instant::now());
        let starve = |track: &mut Track| (0..STUCK).for_each(|_| track.read(10, END, now));
        starve(&mut hidden);
        assert_eq!(hidden.need(), Need::Look);
        let mut stuck = track(None);
        starve(&mut stuck);
        hidden.looked(Some(140), now);
        assert_eq!(
            (hidden.need(), hidden.at()),
            (Need::Nothing, 100),
            "nothing below its end is left"
        );
        stuck.looked(Some(10), now);
        assert!(!stuck.is_due(now), "not at once again");
        assert!(
            stuck.verdict(DISBELIEF, now + DISBELIEF).is_some(),
            "it is there, and is not given"
        );
    }

    #[test]
    fn trouble_is_told_once_and_when_it_lasts() {
        let (mut track, now) = (track(Some(100)), Instant::now());
        let told: Vec<bool> = (0..6)
            .map(|_| {
                track.failed(timeout(), now);
                track.news().is_some()
            })
            .collect();
        assert_eq!(told, [false, false, false, true, false, false]);
        assert!(track.retry_at().unwrap() <= now + LONGEST_PAUSE);
        track.read(11, END, now);
        assert!(track.news().is_none() && track.is_due(now));
    }
}
