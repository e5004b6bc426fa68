//! The log of one partition: batches as they were received, with the watermarks a broker keeps.

use std::collections::{HashMap, VecDeque};

use bytes::{Bytes, BytesMut};

use crate::sim::batch::{self, Header};

/// A transaction that ended with an abort marker (a line of a segment's transaction index).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Who aborted.
    pub producer_id: i64,
    /// The transaction's first record.
    pub first_offset: i64,
    /// The abort marker.
    pub last_offset: i64,
}

#[derive(Debug, Default)]
struct Txns {
    open: HashMap<i64, i64>,
    aborted: Vec<AbortedTxn>,
}

#[derive(Clone, Debug)]
struct Stored {
    base: i64,
    last: i64,
    max_timestamp: i64,
    bytes: Bytes,
}

/// A batch at or after an offset, as a time search finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Offset of the record.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
}

/// What one read of a log gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Whole batches, the last one possibly cut off.
    pub bytes: Bytes,
    /// Whether not even the first batch was whole (then a broker may send nothing instead).
    pub is_first_cut: bool,
    /// Offset after the last batch that was touched.
    pub next: i64,
}

/// The log of one partition. An empty one costs no heap memory.
#[derive(Debug, Default)]
pub struct Log {
    start: i64,
    end: i64,
    bytes: usize,
    batches: VecDeque<Stored>,
    txns: Option<Box<Txns>>,
}

impl Log {
    /// A log that has offsets but no data: cheap content for scale tests.
    pub fn without_data(start: i64, end: i64) -> Self {
        Self {
            start,
            end: end.max(start),
            ..Self::default()
        }
    }

    /// Offset of the first record that can be read.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// High watermark: everything below is replicated. Replication takes no time here, so it is also the log end.
    pub fn high_watermark(&self) -> i64 {
        self.end
    }

    /// Last stable offset: the first record of the oldest open transaction, else the high watermark.
    pub fn last_stable(&self) -> i64 {
        self.txns
            .as_ref()
            .and_then(|txns| txns.open.values().min().copied())
            .unwrap_or(self.end)
    }

    /// Bytes on disk.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// Timestamp and offset of the batch with the largest timestamp; `None` in an empty log.
    pub fn max_timestamp(&self) -> Option<Found> {
        let newest = self.batches.iter().rev().max_by_key(|stored| stored.max_timestamp)?;
        Some(Found {
            offset: newest.last,
            timestamp: newest.max_timestamp,
        })
    }

    /// Appends a v2 batch and gives it the next offsets and the leader's epoch; both fields lie outside the CRC.
    /// Answers the batch's base offset, `None` when `batch` is not a whole v2 batch.
    pub fn append(&mut self, mut batch: BytesMut, leader_epoch: i32) -> Option<i64> {
        let header = Header::parse(&batch).filter(|header| header.magic == 2 && header.len == batch.len())?;
        let base = self.end;
        batch[0..8].copy_from_slice(&base.to_be_bytes());
        batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
        self.store(
            Header {
                base_offset: base,
                ..header
            },
            batch.freeze(),
        );
        Some(base)
    }

    /// Appends one entry of any format exactly as it is, its own offsets included: gaps, wrong checksums and old
    /// formats stay. Answers `false` when it is no whole entry or lies before the log's end.
    pub fn append_verbatim(&mut self, entry: &Bytes) -> bool {
        let Some(header) = Header::parse(entry).filter(|header| header.base_offset >= self.end) else {
            return false;
        };
        if self.batches.is_empty() && self.start == self.end && self.end == 0 {
            self.start = header.base_offset;
        }
        self.store(header, entry.slice(..header.len));
        true
    }

    fn store(&mut self, header: Header, bytes: Bytes) {
        let base = if header.magic < 2 {
            self.end.min(header.base_offset)
        } else {
            header.base_offset
        };
        let last = header.last_offset().max(base);
        self.end = last + 1;
        self.bytes += bytes.len();
        if header.is_transactional() {
            self.track(&header, &bytes);
        }
        self.batches.push_back(Stored {
            base,
            last,
            max_timestamp: header.max_timestamp,
            bytes,
        });
    }

    fn track(&mut self, header: &Header, bytes: &Bytes) {
        let txns = self.txns.get_or_insert_default();
        if !header.is_control() {
            txns.open.entry(header.producer_id).or_insert(header.base_offset);
            return;
        }
        let is_abort = batch::glance(bytes, header)
            .and_then(|records| records.first()?.key.clone())
            .is_some_and(|key| key.get(2..4) == Some(&[0, 0]));
        if let Some(first_offset) = txns.open.remove(&header.producer_id)
            && is_abort
        {
            let last_offset = header.last_offset();
            txns.aborted.push(AbortedTxn {
                producer_id: header.producer_id,
                first_offset,
                last_offset,
            });
        }
    }

    /// Drops the oldest batches until at most `max_bytes` are left, the newest batch always stays.
    pub fn trim_to(&mut self, max_bytes: usize) {
        while self.bytes > max_bytes && self.batches.len() > 1 {
            let Some(oldest) = self.batches.pop_front() else { return };
            self.bytes -= oldest.bytes.len();
            self.start = self
                .batches
                .front()
                .map_or(self.end, |next| next.base.max(oldest.last + 1));
        }
        self.forget_before_start();
    }

    /// Moves the log start to `offset` (DeleteRecords, retention) and drops what lies wholly before it.
    pub fn trim_before(&mut self, offset: i64) {
        self.start = offset.clamp(self.start, self.end);
        while let Some(oldest) = self.batches.front().filter(|oldest| oldest.last < self.start) {
            self.bytes -= oldest.bytes.len();
            self.batches.pop_front();
        }
        self.forget_before_start();
    }

    fn forget_before_start(&mut self) {
        let start = self.start;
        if let Some(txns) = &mut self.txns {
            txns.aborted.retain(|txn| txn.last_offset >= start);
        }
    }

    /// Reads from the batch that holds `from`, below `end`, at most `max_bytes` (the last batch may be cut, as a
    /// broker cuts its segment file); with `at_least_one` the first batch comes whole however large (KIP-74).
    pub fn read(&self, from: i64, end: i64, max_bytes: usize, at_least_one: bool) -> Slice {
        let first = self.batches.partition_point(|stored| stored.last < from);
        let mut parts: Vec<&Stored> = Vec::new();
        let mut total = 0;
        for stored in self.batches.range(first..).take_while(|stored| stored.base < end) {
            if !parts.is_empty() && total >= max_bytes {
                break;
            }
            total += stored.bytes.len();
            parts.push(stored);
        }
        let Some(head) = parts.first() else {
            return Slice {
                next: from,
                ..Slice::default()
            };
        };
        let limit = if at_least_one {
            max_bytes.max(head.bytes.len())
        } else {
            max_bytes
        };
        let is_first_cut = limit < head.bytes.len();
        let next = parts.last().map_or(from, |stored| stored.last + 1);
        Slice {
            bytes: concat(&parts, total.min(limit)),
            is_first_cut,
            next,
        }
    }

    /// Transactions aborted within `[from, next)`, including those begun before, by first offset.
    pub fn aborted_between(&self, from: i64, next: i64) -> Vec<AbortedTxn> {
        let Some(txns) = &self.txns else { return Vec::new() };
        let mut aborted: Vec<_> = txns
            .aborted
            .iter()
            .filter(|txn| txn.last_offset >= from && txn.first_offset < next)
            .copied()
            .collect();
        aborted.sort_by_key(|txn| txn.first_offset);
        aborted
    }

    /// First record at or after the log start whose timestamp is at least `timestamp`.
    pub fn find_time(&self, timestamp: i64) -> Option<Found> {
        self.batches
            .iter()
            .filter(|stored| stored.max_timestamp >= timestamp)
            .find_map(|stored| {
                let header = Header::parse(&stored.bytes)?;
                if header.magic < 2 || header.is_append_time() {
                    return Some(Found {
                        offset: stored.base.max(self.start),
                        timestamp: stored.max_timestamp,
                    });
                }
                let records = batch::glance(&stored.bytes, &header)?;
                let hit = records.iter().find(|record| {
                    record.timestamp >= timestamp && stored.base.saturating_add(record.offset_delta) >= self.start
                })?;
                Some(Found {
                    offset: stored.base + hit.offset_delta,
                    timestamp: hit.timestamp,
                })
            })
    }
}

fn concat(parts: &[&Stored], limit: usize) -> Bytes {
    if let [only] = parts {
        return only.bytes.slice(..limit.min(only.bytes.len()));
    }
    let mut out = BytesMut::with_capacity(limit);
    for stored in parts {
        let room = limit - out.len();
        out.extend_from_slice(&stored.bytes[..room.min(stored.bytes.len())]);
    }
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::batch::{Batch, Marker, Record};

    fn batch(records: usize, at: i64) -> BytesMut {
        let records = (0..records).map(|n| Record::value(vec![b'v'; 100]).at(at + n as i64));
        Batch::of(records).encode(0).unwrap().into()
    }

    fn log_of(batches: usize) -> Log {
        let mut log = Log::default();
        for n in 0..batches {
            log.append(batch(10, 1_000 * n as i64), 3).unwrap();
        }
        log
    }

    #[test]
    fn appending_assigns_offsets_and_leader_epoch_outside_the_crc() {
        let log = log_of(2);
        let slice = log.read(10, 20, usize::MAX, true);
        let header = Header::parse(&slice.bytes).unwrap();
        assert_eq!((header.base_offset, log.high_watermark()), (10, 20));
        assert_eq!(slice.bytes[12..16], [0, 0, 0, 3]);
        assert_eq!(crc32c::crc32c(&slice.bytes[21..]), header.crc);
    }

    #[test]
    fn a_read_starts_with_the_batch_that_holds_the_offset() {
        let slice = log_of(3).read(15, 30, usize::MAX, true);
        assert_eq!(Header::parse(&slice.bytes).unwrap().base_offset, 10);
        assert_eq!(slice.next, 30);
    }

    #[test]
    fn a_read_is_cut_inside_a_batch_but_never_inside_the_first_when_one_is_due() {
        let log = log_of(3);
        let one = Header::parse(&log.read(0, 30, 1, true).bytes).unwrap().len;
        assert_eq!(log.read(0, 30, 1, true).bytes.len(), one);
        assert!(log.read(0, 30, 1, false).is_first_cut);
        assert_eq!(log.read(0, 30, one + 50, true).bytes.len(), one + 50);
    }

    #[test]
    fn trimming_moves_the_log_start_and_keeps_the_newest() {
        let mut log = log_of(5);
        log.trim_to(log.size() / 2);
        assert_eq!((log.start(), log.high_watermark()), (30, 50));
        log.trim_to(0);
        assert_eq!(log.start(), 40);
        log.trim_before(45);
        assert_eq!((log.start(), log.read(45, 50, 1, true).next), (45, 50));
    }

    #[test]
    fn an_open_transaction_holds_the_last_stable_offset_until_its_marker() {
        let mut log = log_of(1);
        let open = Batch::of([Record::value("x")]).transactional(7).encode(0).unwrap();
        log.append(open.into(), 0).unwrap();
        log.append(batch(1, 0), 0).unwrap();
        assert_eq!((log.last_stable(), log.high_watermark()), (10, 12));
        log.append(Batch::marker(7, Marker::Abort).encode(0).unwrap().into(), 0)
            .unwrap();
        assert_eq!(log.last_stable(), 13);
        let aborted = AbortedTxn {
            producer_id: 7,
            first_offset: 10,
            last_offset: 12,
        };
        assert_eq!(log.aborted_between(0, 20), [aborted]);
        assert_eq!(log.aborted_between(0, 10), []);
    }

    #[test]
    fn a_commit_leaves_no_aborted_transaction() {
        let mut log = Log::default();
        log.append(
            Batch::of([Record::value("x")])
                .transactional(7)
                .encode(0)
                .unwrap()
                .into(),
            0,
        )
        .unwrap();
        log.append(Batch::marker(7, Marker::Commit).encode(0).unwrap().into(), 0)
            .unwrap();
        assert_eq!((log.last_stable(), log.aborted_between(0, 9)), (2, vec![]));
    }

    #[test]
    fn a_time_is_found_inside_a_batch() {
        let log = log_of(3);
        assert_eq!(
            log.find_time(1_004),
            Some(Found {
                offset: 14,
                timestamp: 1_004
            })
        );
        assert_eq!(
            log.find_time(500),
            Some(Found {
                offset: 10,
                timestamp: 1_000
            })
        );
        assert_eq!(log.find_time(9_999), None);
        assert_eq!(
            log.max_timestamp(),
            Some(Found {
                offset: 29,
                timestamp: 2_009
            })
        );
    }

    #[test]
    fn verbatim_entries_keep_their_gaps() {
        let mut log = Log::default();
        assert!(log.append_verbatim(&Batch::of([Record::value("a")]).base_offset(100).encode(0).unwrap()));
        assert!(log.append_verbatim(&Batch::of([Record::value("b")]).base_offset(500).encode(0).unwrap()));
        assert!(!log.append_verbatim(&Batch::of([Record::value("c")]).base_offset(7).encode(0).unwrap()));
        assert_eq!((log.start(), log.high_watermark()), (100, 501));
        let slice = log.read(101, 501, usize::MAX, true);
        assert_eq!(Header::parse(&slice.bytes).unwrap().base_offset, 500);
    }
}
