//! What a worker does with a piece of a partition: bounds, decompression, filter, and what the caller makes of records.

use std::mem;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::made::{Outlet, PART};
use super::{Found, Held, Make, Part, ScanSpec, Tally, TimeBounds};
use crate::filter::{Filter, Subject, Unjudged};
use crate::kafka::client::Isolation;
use crate::kafka::model::{Offset, TimestampType, TopicPartition};
use crate::kafka::records::{BadRecords, Batch, BatchHeader, Fate, Inflater, RecordRef, Stretch, Walked};

/// Some batches of one partition, in order.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) partition: TopicPartition,
    pub(super) steps: Vec<Walked>,
    /// The offset after the last one wanted.
    pub(super) to: i64,
    /// Everything below is passed with this piece.
    pub(super) next: Offset,
    /// The room of the answer that the batches lie in; given back with the piece.
    pub(super) _room: Arc<OwnedSemaphorePermit>,
}

/// What all pieces of a scan have in common.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    isolation: Isolation,
    times: TimeBounds,
    filter: Option<Filter>,
}

impl From<&ScanSpec> for Aim {
    fn from(spec: &ScanSpec) -> Self {
        Self {
            isolation: spec.isolation,
            times: spec.times,
            filter: spec.filter.clone(),
        }
    }
}

impl Aim {
    /// Whether records of such a batch are wanted. Without isolation also those of transactions that are not decided;
    /// which were aborted the broker does not say then.
    fn wants(&self, fate: Fate) -> bool {
        match fate {
            Fate::Readable => true,
            Fate::Control | Fate::Aborted => false,
            Fate::Open => self.isolation == Isolation::ReadUncommitted,
        }
    }
}

impl TimeBounds {
    /// Whether a record with this timestamp is wanted.
    pub fn hold(&self, timestamp: i64) -> bool {
        let has_one = timestamp != -1;
        let is_late_enough = self.from.is_none_or(|from| has_one && timestamp >= from);
        is_late_enough && self.to.is_none_or(|to| has_one && timestamp < to)
    }

    /// Whether a batch may hold such a record. Its header has the largest timestamp of its records, and, where the
    /// broker stamped them, the only one; the smallest it does not have.
    fn may_hold(&self, header: &BatchHeader) -> bool {
        let latest = header.max_timestamp;
        match header.timestamp_type() {
            TimestampType::LogAppend => self.hold(latest),
            TimestampType::Create => self.from.is_none_or(|from| latest >= from),
        }
    }
}

/// One worker's tools.
pub(super) struct Worker<M> {
    aim: Aim,
    make: M,
    inflater: Inflater,
}

impl<M: Make> Worker<M> {
    pub(super) fn new(aim: Aim, make: M) -> Self {
        Self {
            aim,
            make,
            inflater: Inflater::default(),
        }
    }

    /// Works on a piece.
    pub(super) fn work(&mut self, piece: Piece, outlet: &Outlet<M::Made>) {
        let mut run = Run {
            aim: &self.aim,
            make: &mut self.make,
            partition: &piece.partition,
            to: piece.to,
            made: outlet.empty(),
            tally: Tally::default(),
            outlet,
        };
        run.make.begin(&mut run.made, &piece.partition);
        for step in &piece.steps {
            if outlet.is_closed() {
                break;
            }
            match step {
                Walked::Batch(batch) => run.batch(batch, &mut self.inflater),
                Walked::Damaged(stretch) => run.damaged(stretch),
            }
        }
        run.put(piece.next, true);
        self.inflater.trim();
    }
}

struct Run<'a, M: Make> {
    aim: &'a Aim,
    make: &'a mut M,
    partition: &'a TopicPartition,
    to: i64,
    made: M::Made,
    tally: Tally,
    outlet: &'a Outlet<M::Made>,
}

impl<M: Make> Run<'_, M> {
    /// Hands on what was made.
    fn put(&mut self, next: Offset, is_last: bool) {
        self.make.finish(&mut self.made);
        let size = self.make.size(&self.made);
        let part = Part {
            partition: self.partition.clone(),
            made: mem::take(&mut self.made),
            tally: mem::take(&mut self.tally),
            next,
            held: Held::default(),
        };
        self.outlet.put(part, size, is_last);
    }

    fn damaged(&mut self, stretch: &Stretch) {
        if stretch.first < self.to {
            self.tally
                .damage(self.partition, stretch.first, stretch.last, &stretch.damage);
            self.make.unreadable(&mut self.made, self.partition, stretch);
        }
    }

    fn batch(&mut self, batch: &Batch, inflater: &mut Inflater) {
        let header = &batch.header;
        self.tally.bytes += batch.bytes.len() as u64;
        // In formats v0 and v1 the header has the last offset of a set.
        let is_behind = header.magic == 2 && header.base_offset >= self.to;
        if is_behind || !self.aim.wants(batch.fate) {
            return;
        }
        if !self.aim.times.may_hold(header) {
            self.tally.records += u64::from(header.record_count.unsigned_abs());
            return;
        }
        match inflater.payload(batch) {
            Ok(payload) => self.records(batch, payload),
            Err(damage) => {
                let last = header.last_offset();
                self.damaged(&Stretch {
                    first: header.base_offset.max(batch.from).min(last),
                    last,
                    damage,
                    bytes: batch.bytes.clone(),
                });
            }
        }
    }

    fn records(&mut self, batch: &Batch, payload: &[u8]) {
        self.tally.payload_bytes += payload.len() as u64;
        let header = &batch.header;
        let is_whole = header.magic == 2 && header.base_offset >= batch.from && header.last_offset() < self.to;
        match &self.aim.filter {
            Some(filter) if is_whole => {
                self.around(filter, batch, payload);
                self.tally.records += u64::from(header.record_count.unsigned_abs());
            }
            filter => self.all(filter.as_ref(), batch, payload),
        }
    }

    /// Cuts only the records around which the filter finds something.
    fn around(&mut self, filter: &Filter, batch: &Batch, payload: &[u8]) {
        let mut records = batch.records(payload);
        let mut candidates = filter.candidates(payload);
        while let Some(place) = candidates.next(records.place().unwrap_or(0)) {
            records.skip_to(place);
            match records.next() {
                Some(Ok(record)) => self.record(Some(filter), batch, payload, &record),
                Some(Err(bad)) => return self.damaged(&stretch(bad, batch)),
                None => return,
            }
        }
    }

    fn all(&mut self, filter: Option<&Filter>, batch: &Batch, payload: &[u8]) {
        for record in batch.records(payload) {
            match record {
                Ok(record) if record.offset >= self.to => {}
                Ok(record) => {
                    self.tally.records += 1;
                    self.record(filter, batch, payload, &record);
                }
                Err(bad) => self.damaged(&stretch(bad, batch)),
            }
        }
    }

    fn record(&mut self, filter: Option<&Filter>, batch: &Batch, payload: &[u8], record: &RecordRef<'_>) {
        if !self.aim.times.hold(record.timestamp) {
            return;
        }
        if let Some(filter) = filter {
            let subject = Subject::of(self.partition.partition, record);
            match filter.matches(&subject) {
                Ok(true) => {}
                Ok(false) => return,
                Err(Unjudged) => {
                    let why = || Some(filter.why(&subject)?.to_string());
                    return self.tally.error(self.partition, record.offset, why);
                }
            }
        }
        self.tally.matches += 1;
        let found = Found {
            partition: self.partition,
            batch,
            payload,
            record,
        };
        self.make.record(&mut self.made, &found);
        if self.make.size(&self.made) >= PART {
            self.put(Offset(record.offset.saturating_add(1)), false);
            self.made = self.outlet.empty();
            self.make.begin(&mut self.made, self.partition);
        }
    }
}

fn stretch(bad: BadRecords, batch: &Batch) -> Stretch {
    Stretch {
        first: bad.first,
        last: bad.last,
        damage: bad.damage,
        bytes: batch.bytes.clone(),
    }
}
