//! The newest records of one partition, by a scan backwards in growing windows. Pure: it says what to fetch and takes
//! what came.
//!
//! ```text
//!   start                lo ........ hi            end
//!   |--------------------|===scan===>|~~~ found ~~~|
//!                        next window is left of lo, and larger when this one gave little
//! ```

use std::collections::VecDeque;

use super::{Span, Wanted};
use crate::kafka::client::{FetchPosition, Fetched, Isolation};
use crate::kafka::model::{Offset, PartitionId, Row};
use crate::kafka::records::{Inflater, Walk, append_rows};

/// Bytes of one partition per request.
pub(super) const PAGE: i32 = 1 << 20;
/// Smallest first window, in offsets.
const FIRST_WINDOW: i64 = 16;
/// Factor by which a window grows that gave less than half of its offsets.
const GROWTH: i64 = 4;
/// Rows kept that are not counted: with a million aborted records before the newest, the oldest of them are left out.
const MOST_ASIDES: usize = 5_000;
/// Answers without progress before the partition is given up.
const PATIENCE: u32 = 3;

/// The scan of one partition.
#[derive(Debug)]
pub(super) struct Backward {
    partition: PartitionId,
    start: i64,
    lo: i64,
    hi: i64,
    at: i64,
    window: i64,
    wanted: Wanted,
    /// From which offset on transactions are undecided, as far as known.
    open_from: i64,
    max_bytes: i32,
    /// Bytes that may still be fetched.
    budget: usize,
    /// Answers in a row that held nothing for it.
    starved: u32,
    /// Those of them to requests where it stood first.
    stuck: u32,
    /// Rows of the windows that are done, in offset order.
    found: VecDeque<Row>,
    /// Rows of the window under way, in offset order.
    current: VecDeque<Row>,
}

impl Backward {
    /// Looks for the newest records of `span`, for about `budget` bytes.
    pub(super) fn new(span: Span, wanted: Wanted, budget: usize) -> Self {
        let Span { partition, start, end } = span;
        let window = i64::try_from(wanted.count).unwrap_or(i64::MAX).max(FIRST_WINDOW);
        let lo = end.0.saturating_sub(window).max(start.0);
        Self {
            partition,
            start: start.0,
            lo,
            hi: end.0,
            at: lo,
            window,
            wanted,
            open_from: i64::MAX,
            max_bytes: PAGE,
            budget,
            starved: 0,
            stuck: 0,
            found: VecDeque::new(),
            current: VecDeque::new(),
        }
    }

    /// The partition.
    pub(super) fn partition(&self) -> PartitionId {
        self.partition
    }

    /// Whether nothing is left to fetch.
    pub(super) fn is_done(&self) -> bool {
        let is_over_budget = self.budget == 0 && !self.found.is_empty();
        self.hi <= self.start || self.survivors() >= self.wanted.count || is_over_budget
    }

    /// Asks for more records than before.
    pub(super) fn deepen(&mut self, want: usize) {
        self.wanted.count = want;
    }

    /// What to fetch next, and with which isolation: records below the first open transaction come with the list of
    /// aborted ones, those above only without it.
    pub(super) fn next(&self) -> (FetchPosition, Isolation) {
        let isolation = if self.at < self.open_from {
            Isolation::ReadCommitted
        } else {
            Isolation::ReadUncommitted
        };
        let position = FetchPosition {
            partition: self.partition,
            offset: Offset(self.at),
            max_bytes: self.max_bytes,
        };
        (position, isolation)
    }

    /// How many answers in a row held nothing for it: the hungriest is asked for first (KIP-74).
    pub(super) fn hunger(&self) -> u32 {
        self.starved
    }

    /// Takes the answer to [`Backward::next`]; `stood_first` says whether the answer had to hold something for it.
    /// `false` when the broker answers again and again without moving on.
    #[must_use]
    pub(super) fn take(&mut self, fetched: Fetched, stood_first: bool, inflater: &mut Inflater) -> bool {
        let (asked, is_committed) = (self.at, self.next().1 == Isolation::ReadCommitted);
        let bytes = fetched.range.bytes.len();
        let mut walk = Walk::new(fetched.range).with_records_from(self.start);
        let mut rows = Vec::new();
        let mut is_first = asked == self.lo;
        for step in walk.by_ref() {
            if step.base_offset() >= self.hi {
                break;
            }
            append_rows(self.partition, &step, inflater, &mut rows);
            if is_first {
                // The batch came whole: what lies before the window counts to it.
                let first = rows.first().map_or(step.base_offset(), |row| row.offset().0);
                self.lo = self.lo.min(first.min(step.base_offset())).max(self.start);
                is_first = false;
            }
            self.keep(&mut rows);
        }
        if is_committed {
            self.open_from = fetched.last_stable.0;
        }
        self.at = self.at.max(walk.next_offset());
        if let Some(needed) = walk.needed_bytes() {
            self.max_bytes = i32::try_from(needed).unwrap_or(i32::MAX);
        }
        let moved = self.at > asked || walk.needed_bytes().is_some() || (is_committed && self.at >= self.open_from);
        if self.at >= self.hi || self.at >= fetched.high_watermark.0 {
            self.finish_window();
        } else if !moved {
            self.starved += 1;
            self.stuck += u32::from(stood_first);
            return self.stuck < PATIENCE;
        } else {
            self.narrow(asked, bytes);
        }
        self.budget = self.budget.saturating_sub(bytes);
        (self.starved, self.stuck) = (0, 0);
        true
    }

    /// When the rest of the window would take more than the budget, goes on nearer to its end: better a few of the
    /// newest records than none.
    fn narrow(&mut self, asked: i64, bytes: usize) {
        let offsets = usize::try_from(self.at - asked).unwrap_or(1).max(1);
        let rest = usize::try_from(self.hi - self.at).unwrap_or(0);
        let each = bytes / offsets;
        if each > 0 && rest.saturating_mul(each) > self.budget {
            let affordable = i64::try_from(self.budget / 2 / each).unwrap_or(i64::MAX).max(1);
            self.lo = self.hi.saturating_sub(affordable).max(self.at);
            self.at = self.lo;
            self.current.clear();
        }
    }

    /// Looks for no more. What was found of a window that is not done is given up: newer rows would be missing.
    pub(super) fn stop(&mut self) {
        self.current.clear();
        self.hi = self.start;
    }

    /// Goes on at another log start, where retention overtook the scan; `false` when it did not.
    #[must_use]
    pub(super) fn start_moved(&mut self, start: Offset) -> bool {
        if start.0 <= self.at {
            return false;
        }
        self.start = start.0;
        self.lo = self.lo.max(self.start);
        self.at = self.at.max(self.lo);
        if self.at >= self.hi {
            self.finish_window();
        }
        true
    }

    /// The rows found, in offset order.
    pub(super) fn into_rows(self) -> VecDeque<Row> {
        self.found
    }

    /// The rows found so far.
    pub(super) fn rows(&self) -> &VecDeque<Row> {
        &self.found
    }

    fn survivors(&self) -> usize {
        self.found
            .iter()
            .filter(|row| self.wanted.isolation.hands_over(row))
            .count()
    }

    /// Keeps the newest rows of the window, on bytes of their own so that no whole batch stays in memory.
    fn keep(&mut self, rows: &mut Vec<Row>) {
        // A batch may reach over the window's end.
        rows.retain(|row| row.offset().0 < self.hi);
        let surplus = surplus(rows.iter(), self.wanted);
        for row in rows.drain(..).skip(surplus) {
            self.current.push_back(row.detached());
        }
        trim(&mut self.current, self.wanted);
    }

    fn finish_window(&mut self) {
        let gained = self.current.len();
        while let Some(row) = self.current.pop_back() {
            self.found.push_front(row);
        }
        trim(&mut self.found, self.wanted);
        if i64::try_from(gained).unwrap_or(i64::MAX) < self.window / 2 {
            self.window = self.window.saturating_mul(GROWTH);
        }
        self.hi = self.lo;
        self.lo = self.hi.saturating_sub(self.window).max(self.start);
        self.at = self.lo;
        self.max_bytes = PAGE;
    }
}

/// How many rows at the front are older than the newest wanted ones that count.
fn surplus<'a>(rows: impl DoubleEndedIterator<Item = &'a Row> + ExactSizeIterator, wanted: Wanted) -> usize {
    let count = rows.len();
    let mut left = wanted.count;
    let kept = rows.rev().take_while(|row| {
        let is_kept = left > 0;
        left -= usize::from(is_kept && wanted.isolation.hands_over(row));
        is_kept
    });
    count - kept.count()
}

fn trim(rows: &mut VecDeque<Row>, wanted: Wanted) {
    let surplus = surplus(rows.iter(), wanted);
    let isolation = wanted.isolation;
    rows.drain(..surplus);
    let counted = rows.iter().filter(|row| isolation.hands_over(row)).count();
    let mut too_many = (rows.len() - counted).saturating_sub(MOST_ASIDES);
    if too_many > 0 {
        rows.retain(|row| {
            let leaves = too_many > 0 && !isolation.hands_over(row);
            too_many -= usize::from(leaves);
            !leaves
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::records::{BatchSpec, FetchedRange, RecordSpec, encode_batch};

    /// A log of batches, each from an offset with so many records of 100 bytes.
    struct Log(Vec<(i64, i64)>);

    impl Log {
        fn end(&self) -> i64 {
            self.0.last().map_or(0, |(base, count)| base + count)
        }

        /// What a broker answers: whole batches from the one that holds the offset on, at most `batches` of them.
        fn fetch(&self, position: FetchPosition, batches: usize) -> Fetched {
            let holds = |&&(base, count): &&(i64, i64)| base + count > position.offset.0;
            let mut bytes = Vec::new();
            for (base, count) in self.0.iter().filter(holds).take(batches) {
                let records: Vec<_> = (*base..base + count).map(record).collect();
                let spec = BatchSpec {
                    base_offset: *base,
                    ..BatchSpec::default()
                };
                bytes.extend(encode_batch(&spec, &records).unwrap());
            }
            Fetched {
                log_start: None,
                high_watermark: Offset(self.end()),
                last_stable: Offset(self.end()),
                range: FetchedRange {
                    bytes: bytes.into(),
                    fetch_offset: position.offset.0,
                    high_watermark: self.end(),
                    open_from: i64::MAX,
                    aborted: Vec::new(),
                },
            }
        }

        fn scan(&self, want: usize, budget: usize) -> Backward {
            let span = Span {
                partition: PartitionId(0),
                start: Offset(0),
                end: Offset(self.end()),
            };
            let wanted = Wanted {
                count: want,
                isolation: Isolation::ReadCommitted,
            };
            Backward::new(span, wanted, budget)
        }
    }

    fn record(offset: i64) -> RecordSpec<'static> {
        RecordSpec {
            offset,
            timestamp: offset,
            key: None,
            value: Some(&[b'x'; 100]),
            headers: &[],
        }
    }

    /// Scans to the end; answers the offsets found and how many requests that took.
    fn run(log: &Log, scan: &mut Backward, batches: usize) -> (Vec<i64>, usize) {
        let (mut inflater, mut requests) = (Inflater::default(), 0);
        while !scan.is_done() {
            assert!(scan.take(log.fetch(scan.next().0, batches), true, &mut inflater));
            requests += 1;
            assert!(requests < 1000, "it ends");
        }
        (scan.rows().iter().map(|row| row.offset().0).collect(), requests)
    }

    #[test]
    fn the_newest_of_a_dense_log_take_one_request() {
        let log = Log((0..100).map(|n| (n * 10, 10)).collect());
        let (offsets, requests) = run(&log, &mut log.scan(25, usize::MAX), 100);
        assert_eq!((offsets, requests), ((975..1000).collect(), 1));
    }

    #[test]
    fn windows_grow_over_holes() {
        let log = Log(vec![(0, 5), (1_000_000_000, 5)]);
        let (offsets, requests) = run(&log, &mut log.scan(8, usize::MAX), 100);
        assert_eq!(offsets.len(), 8);
        assert_eq!(offsets[..3], [2, 3, 4]);
        assert!(requests <= 16, "{requests}");
    }

    #[test]
    fn a_log_with_fewer_records_gives_them_all() {
        let log = Log(vec![(0, 3), (50, 4)]);
        assert_eq!(
            run(&log, &mut log.scan(100, usize::MAX), 1).0,
            [0, 1, 2, 50, 51, 52, 53]
        );
        let empty = Log(vec![]);
        assert!(empty.scan(10, usize::MAX).is_done());
    }

    #[test]
    fn a_batch_that_begins_before_the_window_is_not_fetched_twice() {
        let log = Log(vec![(0, 1000), (1000, 10)]);
        let (offsets, requests) = run(&log, &mut log.scan(300, usize::MAX), 100);
        assert_eq!((offsets.len(), requests), (300, 1));
    }

    #[test]
    fn a_scan_can_be_made_deeper() {
        let log = Log((0..100).map(|n| (n * 10, 10)).collect());
        let mut scan = log.scan(20, usize::MAX);
        run(&log, &mut scan, 100);
        scan.deepen(60);
        assert_eq!(run(&log, &mut scan, 100).0, (940..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_window_beyond_the_budget_gives_its_newest_records() {
        let log = Log((0..100).map(|n| (n * 10, 10)).collect());
        let (offsets, requests) = run(&log, &mut log.scan(500, 8000), 1);
        assert_eq!(offsets.last(), Some(&999));
        assert!(offsets.len() >= 10 && offsets.len() < 100, "{} records", offsets.len());
        assert_eq!(
            offsets,
            (1000 - offsets.len() as i64..1000).collect::<Vec<_>>(),
            "without gaps"
        );
        assert!(requests < 12, "{requests}");
    }

    #[test]
    fn answers_without_records_end_the_scan_only_where_it_stood_first() {
        let log = Log(vec![(0, 100)]);
        let (mut scan, mut inflater) = (log.scan(10, usize::MAX), Inflater::default());
        for _ in 0..10 {
            assert!(scan.take(log.fetch(scan.next().0, 0), false, &mut inflater));
        }
        assert_eq!(scan.hunger(), 10);
        assert!(scan.take(log.fetch(scan.next().0, 0), true, &mut inflater));
        assert!(scan.take(log.fetch(scan.next().0, 0), true, &mut inflater));
        assert!(!scan.take(log.fetch(scan.next().0, 0), true, &mut inflater));
    }

    #[test]
    fn records_above_the_last_stable_offset_are_read_uncommitted() {
        let log = Log(vec![(0, 10), (10, 10)]);
        let (mut scan, mut inflater) = (log.scan(20, usize::MAX), Inflater::default());
        assert_eq!(scan.next().1, Isolation::ReadCommitted);
        let answer = Fetched {
            last_stable: Offset(10),
            ..log.fetch(scan.next().0, 1)
        };
        assert!(scan.take(answer, true, &mut inflater));
        let (position, isolation) = scan.next();
        assert_eq!((position.offset, isolation), (Offset(10), Isolation::ReadUncommitted));
        assert!(scan.take(log.fetch(position, 1), true, &mut inflater));
        assert_eq!(scan.rows().len(), 20);
    }

    #[test]
    fn retention_that_overtakes_the_scan_moves_it_on() {
        let log = Log(vec![(0, 100)]);
        let mut scan = log.scan(50, usize::MAX);
        assert!(!scan.start_moved(Offset(50)), "that is where it reads");
        assert!(scan.start_moved(Offset(80)));
        assert_eq!(scan.next().0.offset, Offset(80));
        assert!(scan.start_moved(Offset(200)));
        assert!(scan.is_done());
    }
}
