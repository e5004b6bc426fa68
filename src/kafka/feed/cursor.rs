//! How far one partition has been read, and what stands in the way. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::kafka::client::{FetchPosition, Isolation};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, PartitionId};

/// Bytes of one partition per request.
const PAGE: i32 = 1 << 20;
/// Pause before the first retry; doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// After trouble of this length nobody waits for the partition to reach the end.
const PATIENCE: Duration = Duration::from_secs(3);
/// A follower that has not caught up for so long does not keep up.
const TOO_LONG: Duration = Duration::from_secs(2);
/// Records before the end that are read all the same by a follower that leaves some out.
const SAMPLE: i64 = 50;
/// Answers without progress before that is an error.
const STUCK: u32 = 3;

/// Where a partition is read, and from where on it has caught up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Next offset to read.
    pub(super) at: Offset,
    /// The high watermark when the feed was opened.
    pub(super) end: Offset,
}

/// What stands in the way of a partition.
#[derive(Clone, Debug)]
struct Trouble {
    error: Error,
    since: Instant,
    attempts: u32,
    retry_at: Instant,
}

/// What a cursor needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: it has read all it should.
    Nothing,
    /// The answer to what was asked for it.
    Answer,
    /// To know where to read.
    Place,
    /// Records, at this isolation.
    Records(Isolation),
}

/// What an answer says besides records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) high_watermark: Offset,
    pub(super) last_stable: Offset,
    /// Whether the answer had to hold something for this partition if there was anything.
    pub(super) stood_first: bool,
}

/// The state of one partition.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) partition: PartitionId,
    pub(super) is_busy: bool,
    place: Option<Place>,
    /// Whether the place has to be looked up: there is none yet, or it is outside of the log.
    is_lost: bool,
    /// Where the broker last said that it is outside.
    lost_at: Option<Offset>,
    isolation: Isolation,
    max_bytes: i32,
    /// Answers in a row that held nothing although there is something, and those of them where it stood first.
    starved: u32,
    stuck: u32,
    trouble: Option<Trouble>,
    /// Since when answers end before the log does.
    behind_since: Option<Instant>,
}

impl Cursor {
    /// A partition whose place is not known yet.
    pub(super) fn new(partition: PartitionId) -> Self {
        Self {
            partition,
            is_busy: false,
            place: None,
            is_lost: true,
            lost_at: None,
            isolation: Isolation::ReadCommitted,
            max_bytes: PAGE,
            starved: 0,
            stuck: 0,
            trouble: None,
            behind_since: None,
        }
    }

    /// What it needs; `follow` says whether it goes on after the end.
    pub(super) fn next(&self, follow: bool) -> Next {
        match self.place {
            _ if self.is_busy => Next::Answer,
            Some(place) if !self.is_lost => {
                if follow || place.at < place.end {
                    Next::Records(self.isolation)
                } else {
                    Next::Nothing
                }
            }
            _ => Next::Place,
        }
    }

    /// When it may be asked for again; `None` when at once.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|trouble| trouble.retry_at)
    }

    /// How long it has been in trouble.
    pub(super) fn failing_for(&self, now: Instant) -> Option<Duration> {
        self.trouble
            .as_ref()
            .map(|trouble| now.saturating_duration_since(trouble.since))
    }

    /// The error to show: leaders move all the time, so one that asking once more mends is not worth telling.
    pub(super) fn news(&self) -> Option<&Error> {
        let trouble = self.trouble.as_ref()?;
        (trouble.attempts > 0 || !trouble.error.is_retriable()).then_some(&trouble.error)
    }

    /// Why it cannot be read.
    pub(super) fn error(&self) -> Option<&Error> {
        self.trouble.as_ref().map(|trouble| &trouble.error)
    }

    /// Its place, where it had one.
    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }

    /// What to fetch.
    pub(super) fn position(&self) -> FetchPosition {
        FetchPosition {
            partition: self.partition,
            offset: self.place.map_or(Offset(0), |place| place.at),
            max_bytes: self.max_bytes,
        }
    }

    /// How many answers in a row held nothing for it: the hungriest is asked for first (KIP-74).
    pub(super) fn hunger(&self) -> u32 {
        self.starved
    }

    /// Whether it has caught up, or cannot for the time being.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        match (self.failing_for(now), self.place) {
            (Some(time), _) => time >= PATIENCE,
            (None, Some(place)) => place.at >= place.end,
            (None, None) => false,
        }
    }

    /// Takes the place to read from.
    pub(super) fn found(&mut self, place: Place) {
        *self = Self {
            place: Some(place),
            is_lost: false,
            lost_at: self.lost_at,
            ..Self::new(self.partition)
        };
    }

    /// The broker says that the place is outside of the log. Once that is looked up at once; when the place turns out
    /// to be inside and the broker says so again, it is trouble like any other.
    pub(super) fn out_of_range(&mut self, error: Error, now: Instant) {
        let at = self.place.map(|place| place.at);
        if self.lost_at == at {
            self.failed(error, now);
        }
        self.lost_at = at;
        self.is_busy = false;
        self.is_lost = true;
    }

    /// Whether the answer under way is of no use: it is about another log.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The log is another one: reads it from its start. An answer that is under way is waited for and left out.
    pub(super) fn restart(&mut self) {
        let (nowhere, is_busy) = (Offset(0), self.is_busy);
        self.found(Place {
            at: nowhere,
            end: nowhere,
        });
        self.is_lost = true;
        self.is_busy = is_busy;
    }

    /// Notes whether an answer reached the end of the log as it was then.
    pub(super) fn keep_up(&mut self, high_watermark: Offset, now: Instant) {
        let is_behind = self.place.is_some_and(|place| place.at < high_watermark);
        self.behind_since = is_behind.then(|| self.behind_since.unwrap_or(now));
    }

    /// Leaves out what it cannot keep up with, but for the last records; how many that are.
    pub(super) fn skip(&mut self, high_watermark: Offset, now: Instant) -> u64 {
        let is_too_far = self.behind_since.is_some_and(|since| now >= since + TOO_LONG);
        let Some(place) = self.place.as_mut().filter(|_| is_too_far) else {
            return 0;
        };
        let to = high_watermark.0 - SAMPLE;
        let skipped = u64::try_from(to - place.at.0).unwrap_or(0);
        if skipped > 0 {
            place.at = Offset(to);
            self.behind_since = None;
        }
        skipped
    }

    /// Everything that should be read of it has been.
    pub(super) fn finish(&mut self) {
        if let Some(place) = &mut self.place {
            place.end = place.end.min(place.at);
        }
    }

    /// Notes what stands in the way.
    pub(super) fn failed(&mut self, error: Error, now: Instant) {
        self.is_busy = false;
        let (since, attempts) = self
            .trouble
            .as_ref()
            .map_or((now, 0), |old| (old.since, old.attempts + 1));
        let pause = FIRST_PAUSE.saturating_mul(1 << attempts.min(10)).min(LONGEST_PAUSE);
        self.trouble = Some(Trouble {
            error,
            since,
            attempts,
            retry_at: now + pause,
        });
    }

    /// Takes an answer when the walk over its records is done: it came to `next`, and may need more bytes to get
    /// anywhere. `false` when the broker answers again and again without moving on.
    #[must_use]
    pub(super) fn read(&mut self, next: Offset, needed: Option<usize>, heard: Heard) -> bool {
        self.is_busy = false;
        let Some(place) = &mut self.place else { return true };
        let has_moved = next > place.at;
        place.at = place.at.max(next);
        let at = place.at;
        let readable = match self.isolation {
            Isolation::ReadCommitted => heard.last_stable,
            Isolation::ReadUncommitted => heard.high_watermark,
        };
        self.max_bytes = needed.map_or(PAGE, |needed| i32::try_from(needed).unwrap_or(i32::MAX));
        if has_moved || needed.is_some() || at >= readable {
            (self.starved, self.stuck) = (0, 0);
        } else {
            self.starved += 1;
            self.stuck += u32::from(heard.stood_first);
        }
        // Below the last stable offset aborted transactions are listed; above it only uncommitted reads see anything.
        if at <= heard.last_stable {
            self.isolation = Isolation::ReadCommitted;
        }
        if at >= heard.last_stable && at < heard.high_watermark {
            self.isolation = Isolation::ReadUncommitted;
        }
        let moves_on = self.stuck < STUCK;
        if moves_on {
            self.trouble = None;
            self.lost_at = None;
        }
        moves_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at: i64, end: i64) -> Cursor {
        let mut cursor = Cursor::new(PartitionId(0));
        cursor.found(Place {
            at: Offset(at),
            end: Offset(end),
        });
        cursor
    }

    fn heard(high_watermark: i64, last_stable: i64) -> Heard {
        Heard {
            high_watermark: Offset(high_watermark),
            last_stable: Offset(last_stable),
            stood_first: true,
        }
    }

    fn error() -> Error {
        Error::Cancelled { what: "test".into() }
    }

    #[test]
    fn a_new_cursor_needs_a_place_and_then_records() {
        let mut cursor = Cursor::new(PartitionId(3));
        assert_eq!(cursor.next(true), Next::Place);
        cursor.found(Place {
            at: Offset(5),
            end: Offset(9),
        });
        assert_eq!(cursor.next(false), Next::Records(Isolation::ReadCommitted));
        assert_eq!(cursor.position().offset, Offset(5));
    }

    #[test]
    fn at_the_end_only_a_follower_goes_on() {
        let cursor = at(9, 9);
        assert_eq!(cursor.next(false), Next::Nothing);
        assert_eq!(cursor.next(true), Next::Records(Isolation::ReadCommitted));
        assert!(cursor.is_settled(Instant::now()));
    }

    #[test]
    fn above_the_last_stable_offset_it_reads_uncommitted_and_comes_back() {
        let mut cursor = at(0, 20);
        assert!(cursor.read(Offset(10), None, heard(20, 10)));
        assert_eq!(cursor.next(true), Next::Records(Isolation::ReadUncommitted));
        assert!(cursor.read(Offset(20), None, heard(20, 10)));
        assert_eq!(
            cursor.next(true),
            Next::Records(Isolation::ReadUncommitted),
            "still open"
        );
        assert!(cursor.read(Offset(21), None, heard(21, 21)));
        assert_eq!(cursor.next(true), Next::Records(Isolation::ReadCommitted));
    }

    #[test]
    fn answers_without_progress_are_an_error_only_when_it_stood_first() {
        let mut cursor = at(0, 20);
        let last = Heard {
            stood_first: false,
            ..heard(20, 20)
        };
        for _ in 0..10 {
            assert!(cursor.read(Offset(0), None, last));
        }
        assert_eq!(cursor.hunger(), 10);
        assert!(cursor.read(Offset(0), None, heard(20, 20)));
        assert!(cursor.read(Offset(0), None, heard(20, 20)));
        assert!(!cursor.read(Offset(0), None, heard(20, 20)));
    }

    #[test]
    fn waiting_at_the_tail_is_not_being_stuck() {
        let mut cursor = at(20, 20);
        for _ in 0..10 {
            assert!(cursor.read(Offset(20), None, heard(20, 20)));
        }
        assert_eq!(cursor.hunger(), 0);
    }

    #[test]
    fn a_batch_larger_than_a_page_is_asked_for_as_a_whole() {
        let mut cursor = at(0, 20);
        assert!(cursor.read(Offset(0), Some(5 << 20), heard(20, 20)));
        assert_eq!(cursor.position().max_bytes, 5 << 20);
        assert!(cursor.read(Offset(1), None, heard(20, 20)));
        assert_eq!(cursor.position().max_bytes, PAGE);
    }

    #[test]
    fn a_follower_that_does_not_keep_up_goes_to_the_last_records() {
        let (mut cursor, now) = (at(1_000, 1_000), Instant::now());
        cursor.keep_up(Offset(1_000), now);
        assert_eq!(cursor.skip(Offset(90_000), now + TOO_LONG), 0, "it had caught up");
        cursor.keep_up(Offset(50_000), now);
        assert_eq!(cursor.skip(Offset(50_000), now), 0, "a burst is read");
        cursor.keep_up(Offset(90_000), now + TOO_LONG);
        assert_eq!(cursor.skip(Offset(90_000), now + TOO_LONG), 88_950);
        assert_eq!(cursor.position().offset, Offset(89_950));
        assert_eq!(cursor.skip(Offset(91_000), now + TOO_LONG), 0, "and reads on");
    }

    #[test]
    fn trouble_is_retried_less_and_less_often_and_forgotten_when_over() {
        let mut cursor = at(0, 20);
        let mut now = Instant::now();
        let begin = now;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            cursor.failed(error(), now);
            pauses.push((cursor.retry_at().unwrap() - now).as_millis());
            now = cursor.retry_at().unwrap();
        }
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(cursor.failing_for(now), Some(now - begin));
        assert!(cursor.is_settled(now) && !cursor.is_settled(begin));
        assert!(cursor.read(Offset(1), None, heard(20, 20)));
        assert!(cursor.error().is_none() && cursor.retry_at().is_none());
    }

    #[test]
    fn what_one_retry_mends_is_not_told() {
        let (mut cursor, now) = (at(0, 20), Instant::now());
        let moved = Error::from_code(6, "orders-0", None).unwrap();
        cursor.failed(moved.clone(), now);
        assert_eq!(cursor.news(), None);
        cursor.failed(moved.clone(), now);
        assert_eq!(cursor.news(), Some(&moved));
        let mut cursor = at(0, 20);
        cursor.failed(Error::from_code(29, "orders-0", None).unwrap(), now);
        assert!(cursor.news().is_some(), "denied stays denied");
    }

    #[test]
    fn a_broker_that_insists_on_an_offset_inside_the_log_being_outside_is_not_asked_without_a_pause() {
        let (mut cursor, now) = (at(7, 20), Instant::now());
        let place = cursor.place().unwrap();
        cursor.out_of_range(error(), now);
        cursor.found(place);
        assert_eq!(cursor.retry_at(), None);
        cursor.out_of_range(error(), now);
        assert!(cursor.retry_at().is_some());
    }

    #[test]
    fn a_lost_cursor_keeps_its_place_to_be_clamped() {
        let mut cursor = at(7, 20);
        cursor.out_of_range(error(), Instant::now());
        assert_eq!((cursor.next(true), cursor.retry_at()), (Next::Place, None));
        assert_eq!(cursor.place().unwrap().at, Offset(7));
        cursor.restart();
        assert_eq!(
            (cursor.next(true), cursor.place().unwrap().at),
            (Next::Place, Offset(0))
        );
    }
}
