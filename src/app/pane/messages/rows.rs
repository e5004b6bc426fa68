//! The rows that are kept: bounded by count and bytes, oldest out first, and which of them are shown.
//!
//! Rows have a number that never changes (their place since the feed was opened), so that the list of shown rows, the
//! cursor and a pause survive rows leaving at the front.

use std::collections::VecDeque;

use super::edges::Edges;
use crate::kafka::model::record::{RecordKind, Row};
use crate::kafka::query::Began;
use crate::position::Shown;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Rows.
    pub rows: usize,
    /// Bytes of keys, values and headers, and what a row itself takes.
    pub bytes: usize,
}

/// While the screen follows: the oldest leave.
pub const FOLLOWING: Limit = Limit {
    rows: 4_000,
    bytes: 24 << 20,
};

/// While the user looks at something: then the feed is held instead. What is between the two limits is the room for
/// records that arrive during a pause.
pub const LOOKING: Limit = Limit {
    rows: 6_000,
    bytes: 32 << 20,
};

/// Number of a row: of rows that are kept together, the one after has one more.
pub type Seq = u64;

/// Number of the first row that a feed brings: there is room before it for older ones.
pub const FIRST: Seq = 1 << 40;

/// Kept rows that no consumer with `isolation.level=read_committed` is handed as data, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asides {
    /// Control records.
    pub control: usize,
    /// Records of aborted transactions.
    pub aborted: usize,
    /// Records of transactions that are still open.
    pub open: usize,
}

impl Asides {
    /// All of them.
    pub fn total(self) -> usize {
        self.control + self.aborted + self.open
    }

    fn count_of(&mut self, row: &Row) -> Option<&mut usize> {
        match row.record()?.kind {
            RecordKind::Data => None,
            RecordKind::Control(_) => Some(&mut self.control),
            RecordKind::Aborted => Some(&mut self.aborted),
            RecordKind::OpenTransaction => Some(&mut self.open),
        }
    }
}

/// A row, and the number of its topic among those that are read.
#[derive(Debug)]
struct Kept {
    topic: u16,
    row: Row,
}

/// Kept rows, and those of them that are shown.
#[derive(Debug)]
pub struct Rows {
    kept: VecDeque<Kept>,
    /// Number of the first kept row.
    first: Seq,
    bytes: usize,
    /// Numbers of the shown rows, ascending.
    shown: VecDeque<Seq>,
    asides: Asides,
    which: Shown,
    dropped: u64,
    edges: Edges,
    /// The number after that of the last row there ever was.
    furthest: Seq,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            first: FIRST,
            bytes: 0,
            shown: VecDeque::new(),
            asides: Asides::default(),
            which: Shown::default(),
            dropped: 0,
            edges: Edges::default(),
            furthest: FIRST,
        }
    }
}

impl Rows {
    /// Forgets every row; what is shown of those to come stays.
    pub fn clear(&mut self) {
        *self = Self {
            which: self.which,
            ..Self::default()
        };
    }

    /// Adds a row at the end, on bytes of its own: a kept record must not keep its whole batch in memory.
    pub fn push(&mut self, topic: u16, row: &Row) {
        let row = row.detached();
        self.count_in(&row);
        self.edges.came(topic, &row);
        if self.is_shown(&row) {
            self.shown.push_back(self.end());
        }
        self.kept.push_back(Kept { topic, row });
        self.furthest = self.furthest.max(self.end());
    }

    /// Adds a row, on bytes of its own already, where its time belongs, after others of that time; gives its place. For
    /// rows that come in no order and are all shown: what is kept of each partition is not known then.
    pub fn insert(&mut self, topic: u16, row: Row) -> usize {
        let at = self
            .kept
            .partition_point(|kept| kept.row.timestamp() <= row.timestamp());
        self.count_in(&row);
        self.shown.push_back(self.end());
        self.kept.insert(at, Kept { topic, row });
        at
    }

    /// Adds a row, on bytes of its own already, before the first; `true` when it is shown.
    pub fn prepend(&mut self, topic: u16, row: Row) -> bool {
        self.count_in(&row);
        self.edges.came(topic, &row);
        self.first -= 1;
        let is_shown = self.is_shown(&row);
        if is_shown {
            self.shown.push_front(self.first);
        }
        self.kept.push_front(Kept { topic, row });
        is_shown
    }

    fn count_in(&mut self, row: &Row) {
        if let Some(count) = self.asides.count_of(row) {
            *count += 1;
        }
        self.bytes += row.footprint();
    }

    fn count_out(&mut self, row: &Row) {
        self.bytes -= row.footprint();
        if let Some(count) = self.asides.count_of(row) {
            *count -= 1;
        }
    }

    /// A partition begins to be read.
    pub fn began(&mut self, began: &Began) {
        self.edges.began(began);
    }

    /// From where to where each partition is kept.
    pub fn edges(&self) -> &Edges {
        &self.edges
    }

    /// Drops the oldest rows until `limit` is kept; gives the number of shown rows among them. The newest always stays.
    pub fn trim(&mut self, limit: Limit) -> usize {
        self.trim_before(limit, self.end())
    }

    /// The same, but the row `seq` and all after it stay.
    pub fn trim_before(&mut self, limit: Limit, seq: Seq) -> usize {
        let mut gone = 0;
        while self.kept.len() > 1 && self.first < seq && self.is_over(limit) {
            let Some(Kept { topic, row }) = self.kept.pop_front() else {
                break;
            };
            self.count_out(&row);
            self.edges.left_front(topic, &row);
            if self.shown.front() == Some(&self.first) {
                self.shown.pop_front();
                gone += 1;
            }
            self.first += 1;
            self.dropped += 1;
        }
        gone
    }

    /// Drops the newest rows until `limit` is kept; `true` when any left. The row `seq` and all before it stay, and the
    /// oldest always.
    pub fn trim_after(&mut self, limit: Limit, seq: Seq) -> bool {
        let before = self.kept.len();
        while self.kept.len() > 1 && self.end() > seq + 1 && self.is_over(limit) {
            let Some(Kept { topic, row }) = self.kept.pop_back() else {
                break;
            };
            self.count_out(&row);
            self.edges.left_back(topic, &row);
            if self.shown.back() == Some(&self.end()) {
                self.shown.pop_back();
            }
        }
        self.kept.len() < before
    }

    /// Whether more is kept than `limit`.
    pub fn is_over(&self, limit: Limit) -> bool {
        self.kept.len() > limit.rows || self.bytes > limit.bytes
    }

    /// How many rows are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no row is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// How many rows are kept, shown or not.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Bytes the kept rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many rows have left to make room since the feed was opened.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The n-th shown row.
    pub fn get(&self, index: usize) -> Option<&Row> {
        self.kept_at(index).map(|kept| &kept.row)
    }

    /// The number of the n-th shown row's topic.
    pub fn topic(&self, index: usize) -> u16 {
        self.kept_at(index).map_or(0, |kept| kept.topic)
    }

    fn kept_at(&self, index: usize) -> Option<&Kept> {
        self.kept_as(self.seq(index)?)
    }

    fn kept_as(&self, seq: Seq) -> Option<&Kept> {
        self.kept.get(usize::try_from(seq.checked_sub(self.first)?).ok()?)
    }

    /// The number of the n-th shown row.
    pub fn seq(&self, index: usize) -> Option<Seq> {
        self.shown.get(index).copied()
    }

    /// The shown row with a number, or the next one that is shown, or the last.
    pub fn index_of(&self, seq: Seq) -> usize {
        let index = self.shown.partition_point(|shown| *shown < seq);
        index.min(self.shown.len().saturating_sub(1))
    }

    /// The first of the rows that are near the n-th shown one, and before it: as many shown ones as `reach` has rows,
    /// and no more than it has bytes. The row itself at least; none where none is shown.
    pub fn near_before(&self, index: usize, reach: Limit) -> Seq {
        let (Some(at), Some(far)) = (self.seq(index), self.seq(index.saturating_sub(reach.rows))) else {
            return self.end();
        };
        let far = if index <= reach.rows { self.first } else { far };
        let mut bytes = 0;
        let is_near = |seq: &Seq| {
            bytes += self.kept_as(*seq).map_or(0, |kept| kept.row.footprint());
            bytes <= reach.bytes
        };
        (far..at).rev().take_while(is_near).last().unwrap_or(at)
    }

    /// The last of the rows that are near the n-th shown one, and after it. The row itself at least.
    pub fn near_after(&self, index: usize, reach: Limit) -> Seq {
        let Some(at) = self.seq(index) else { return self.first };
        let far = match self.seq(index + reach.rows) {
            Some(far) if index + reach.rows + 1 < self.len() => far,
            _ => self.end() - 1,
        };
        let mut bytes = 0;
        let is_near = |seq: &Seq| {
            bytes += self.kept_as(*seq).map_or(0, |kept| kept.row.footprint());
            bytes <= reach.bytes
        };
        (at + 1..=far).take_while(is_near).last().unwrap_or(at)
    }

    /// Whether the first kept row is near the n-th shown one.
    pub fn is_near_first(&self, index: usize, reach: Limit) -> bool {
        index == 0 || self.near_before(index, reach) == self.first
    }

    /// Whether the last kept row is near the n-th shown one.
    pub fn is_near_end(&self, index: usize, reach: Limit) -> bool {
        index + 1 >= self.len() || self.near_after(index, reach) + 1 == self.end()
    }

    /// How many shown rows have this number or a higher one.
    pub fn shown_since(&self, seq: Seq) -> usize {
        self.shown.len() - self.shown.partition_point(|shown| *shown < seq)
    }

    /// How many rows of this number or a higher one were let go at the end, and were not read again.
    pub fn let_go_since(&self, seq: Seq) -> u64 {
        self.furthest.saturating_sub(self.end().max(seq))
    }

    /// The number that the next row will get.
    pub fn end(&self) -> Seq {
        self.first + self.kept.len() as Seq
    }

    /// Kept rows that are not shown because of what they are.
    pub fn hidden(&self) -> Asides {
        match self.which {
            Shown::Committed => self.asides,
            Shown::Uncommitted => Asides {
                control: self.asides.control,
                ..Asides::default()
            },
            Shown::All => Asides::default(),
        }
    }

    /// Which records are shown.
    pub fn which(&self) -> Shown {
        self.which
    }

    /// Shows these records.
    pub fn show(&mut self, which: Shown) {
        self.which = which;
        self.show_again();
    }

    /// How many kept rows could be shown.
    pub fn showable(&self) -> usize {
        self.kept.len() - self.hidden().total()
    }

    fn show_again(&mut self) {
        let numbered = (self.first..).zip(&self.kept);
        self.shown = numbered
            .filter(|(_, kept)| self.is_shown(&kept.row))
            .map(|(seq, _)| seq)
            .collect();
    }

    fn is_shown(&self, row: &Row) -> bool {
        match self.which {
            Shown::All => true,
            which => which.isolation().hands_over(row),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::kafka::model::{BatchInfo, Codec, ControlType, Offset, PartitionId, Record, Timestamp, TimestampType};

    fn row(offset: i64, value: &str, kind: RecordKind) -> Row {
        let batch = BatchInfo {
            base_offset: Offset(0),
            last_offset: Offset(9),
            magic: 2,
            codec: Codec::None,
            producer: None,
            transactional: false,
            control: false,
            leader_epoch: None,
            record_count: 10,
            wire_bytes: 100,
            payload_bytes: 100,
        };
        Row::Record(Record {
            partition: PartitionId(0),
            offset: Offset(offset),
            timestamp: Timestamp(offset),
            timestamp_type: TimestampType::Create,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Vec::new(),
            batch: std::sync::Arc::new(batch),
            kind,
        })
    }

    fn data(rows: &mut Rows, offsets: std::ops::Range<i64>) {
        for offset in offsets {
            rows.push(0, &row(offset, "some value", RecordKind::Data));
        }
    }

    fn offsets(rows: &Rows) -> Vec<i64> {
        (0..rows.len())
            .filter_map(|index| rows.get(index))
            .map(|row| row.offset().0)
            .collect()
    }

    #[test]
    fn the_oldest_leave_first_and_are_counted() {
        let mut rows = Rows::default();
        data(&mut rows, 0..10);
        let limit = Limit {
            rows: 4,
            bytes: usize::MAX,
        };
        assert_eq!(rows.trim(limit), 6);
        assert_eq!((offsets(&rows), rows.dropped()), (vec![6, 7, 8, 9], 6));
        data(&mut rows, 10..11);
        assert_eq!(rows.trim(limit), 1);
        assert_eq!(offsets(&rows), [7, 8, 9, 10]);
    }

    #[test]
    fn bytes_are_bounded_too_but_the_newest_always_stays() {
        let mut rows = Rows::default();
        data(&mut rows, 0..100);
        let one = rows.bytes() / 100;
        assert!(one > "some value".len(), "a row costs more than its bytes");
        let limit = Limit {
            rows: 100,
            bytes: 10 * one,
        };
        rows.trim(limit);
        assert_eq!((rows.kept(), rows.bytes()), (10, 10 * one));
        rows.trim(Limit { rows: 0, bytes: 0 });
        assert_eq!(offsets(&rows), [99]);
    }

    #[test]
    fn what_consumers_never_see_is_hidden_and_counted_until_it_is_shown() {
        let mut rows = Rows::default();
        rows.push(0, &row(0, "a", RecordKind::Data));
        rows.push(0, &row(1, "b", RecordKind::Aborted));
        rows.push(0, &row(2, "", RecordKind::Control(ControlType::Abort)));
        rows.push(0, &row(3, "c", RecordKind::OpenTransaction));
        assert_eq!(offsets(&rows), [0]);
        let asides = Asides {
            control: 1,
            aborted: 1,
            open: 1,
        };
        assert_eq!((rows.asides, rows.showable()), (asides, 1));
        rows.show(Shown::Uncommitted);
        assert_eq!(
            (offsets(&rows), rows.showable(), rows.hidden().control),
            (vec![0, 1, 3], 3, 1)
        );
        rows.show(Shown::All);
        assert_eq!((offsets(&rows), rows.showable()), (vec![0, 1, 2, 3], 4));
        rows.trim(Limit {
            rows: 2,
            bytes: usize::MAX,
        });
        assert_eq!((rows.asides.total(), rows.asides.aborted), (2, 0));
    }

    #[test]
    fn rows_in_no_order_are_put_where_their_time_belongs() {
        let mut rows = Rows::default();
        let timed = |offset, time| match row(offset, "some value", RecordKind::Data) {
            Row::Record(record) => Row::Record(Record {
                timestamp: Timestamp(time),
                ..record
            }),
            other @ Row::Unreadable(_) => other,
        };
        let places: Vec<usize> = [(0, 50), (1, 70), (2, 60), (3, 60), (4, 10)]
            .map(|(offset, time)| rows.insert(0, timed(offset, time)))
            .to_vec();
        assert_eq!(places, [0, 1, 1, 2, 0]);
        assert_eq!(offsets(&rows), [4, 0, 2, 3, 1]);
        rows.trim(Limit {
            rows: 2,
            bytes: usize::MAX,
        });
        assert_eq!((offsets(&rows), rows.dropped()), (vec![3, 1], 3));
        assert_eq!(rows.index_of(FIRST + 3), 0);
    }

    #[test]
    fn older_rows_come_first_and_make_room_at_the_end() {
        let mut rows = Rows::default();
        data(&mut rows, 10..14);
        let under_cursor = rows.seq(0);
        for offset in (6..10).rev() {
            assert!(rows.prepend(0, row(offset, "some value", RecordKind::Data)));
        }
        assert!(!rows.prepend(0, row(5, "", RecordKind::Aborted)));
        assert_eq!(offsets(&rows), [6, 7, 8, 9, 10, 11, 12, 13]);
        assert_eq!(rows.seq(4), under_cursor, "numbers stay");
        let limit = Limit {
            rows: 6,
            bytes: usize::MAX,
        };
        assert!(rows.trim_after(limit, 0) && !rows.trim_after(limit, 0));
        assert_eq!((offsets(&rows), rows.asides.aborted), (vec![6, 7, 8, 9, 10], 1));
        let edges: Vec<_> = rows.edges().iter().map(|(_, edge)| (edge.low.0, edge.high.0)).collect();
        assert_eq!(edges, [(5, 11)]);
        data(&mut rows, 11..12);
        assert_eq!(offsets(&rows), [6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn a_kept_record_does_not_keep_its_batch() {
        let batch = Bytes::from(vec![b'x'; 1 << 20]);
        let Row::Record(mut record) = row(0, "", RecordKind::Data) else {
            unreachable!("a record was made")
        };
        record.value = Some(batch.slice(10..20));
        let mut rows = Rows::default();
        rows.push(0, &Row::Record(record));
        let kept = rows
            .get(0)
            .and_then(Row::record)
            .and_then(|record| record.value.clone());
        let kept = kept.unwrap();
        assert_eq!(kept, batch.slice(10..20));
        assert!(!batch.as_ptr_range().contains(&kept.as_ptr()));
    }
}
