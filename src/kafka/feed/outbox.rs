//! Rows on their way out: in batches of a bounded size, waiting while nobody takes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Row};
use crate::kafka::partial::Failure;
use crate::kafka::query::{Began, FeedBatch};

/// Most rows of a batch.
const ROWS: usize = 500;
/// Bytes after which a batch is full.
const BYTES: usize = 1 << 20;

/// Why a feed stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody takes batches any more.
    Closed,
    /// As many records as were asked for have been handed over.
    Done,
    /// Nothing can be read at all.
    Failed(Error),
}

/// Collects rows and sends them.
#[derive(Debug)]
pub(super) struct Outbox {
    batches_tx: mpsc::Sender<Result<FeedBatch, Error>>,
    batch: FeedBatch,
    bytes: usize,
    /// Whether something other than rows has changed since the last batch.
    is_changed: bool,
    limit: Option<Limit>,
}

/// Whether records may be left out by a feed that falls behind: who follows wants to see what happens now.
#[derive(Clone, Debug, Default)]
pub(super) struct Skipping(Arc<AtomicBool>);

impl Skipping {
    pub(super) fn set(&self, is_allowed: bool) {
        self.0.store(is_allowed, Ordering::Relaxed);
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many records are still to be handed over, and which rows count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) left: u64,
    pub(super) isolation: Isolation,
}

impl Outbox {
    pub(super) fn new(batches_tx: mpsc::Sender<Result<FeedBatch, Error>>, limit: Option<Limit>) -> Self {
        Self {
            batches_tx,
            batch: FeedBatch::default(),
            bytes: 0,
            is_changed: false,
            limit,
        }
    }

    /// Adds a row, and sends the batch when it is full.
    pub(super) async fn push(&mut self, row: Row) -> Result<(), Stop> {
        self.bytes += row.len();
        let counts = self.limit.is_some_and(|limit| limit.isolation.hands_over(&row));
        self.batch.rows.push(row);
        if let Some(limit) = self.limit.as_mut().filter(|_| counts) {
            limit.left = limit.left.saturating_sub(1);
            if limit.left == 0 {
                self.send().await?;
                return Err(Stop::Done);
            }
        }
        if self.batch.rows.len() >= ROWS || self.bytes >= BYTES {
            self.send().await?;
        }
        Ok(())
    }

    /// Adds a row of one of several topics.
    pub(super) async fn push_of(&mut self, topic: u16, row: Row) -> Result<(), Stop> {
        self.batch.topics.push(topic);
        self.push(row).await
    }

    /// Notes where partitions begin.
    pub(super) fn began(&mut self, began: impl IntoIterator<Item = Began>) {
        let before = self.batch.began.len();
        self.batch.began.extend(began);
        self.is_changed |= self.batch.began.len() > before;
    }

    /// Counts records that were left out.
    pub(super) fn skipped(&mut self, count: u64) {
        self.batch.skipped += count;
        self.is_changed |= count > 0;
    }

    /// Sets what every batch from now on says besides its rows.
    pub(super) fn say(&mut self, at_end: bool, failures: Vec<Failure>) {
        if self.batch.at_end != at_end || self.batch.failures != failures {
            self.batch.at_end = at_end;
            self.batch.failures = failures;
            self.is_changed = true;
        }
    }

    /// Sends what there is, if anything is new.
    pub(super) async fn flush(&mut self) -> Result<(), Stop> {
        if self.batch.rows.is_empty() && !self.is_changed {
            return Ok(());
        }
        self.send().await
    }

    async fn send(&mut self) -> Result<(), Stop> {
        let rest = FeedBatch {
            rows: Vec::new(),
            topics: Vec::new(),
            skipped: 0,
            began: Vec::new(),
            at_end: self.batch.at_end,
            failures: self.batch.failures.clone(),
        };
        let batch = std::mem::replace(&mut self.batch, rest);
        self.bytes = 0;
        self.is_changed = false;
        self.batches_tx.send(Ok(batch)).await.map_err(|_| Stop::Closed)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::kafka::model::{Damage, Offset, PartitionId, Unreadable};

    fn row(bytes: usize) -> Row {
        Row::Unreadable(Unreadable {
            partition: PartitionId(0),
            first: Offset(0),
            last: Offset(0),
            damage: Damage::UnknownFormat { magic: 9 },
            bytes: Bytes::from(vec![0; bytes]),
        })
    }

    fn sizes(batches: &mut mpsc::Receiver<Result<FeedBatch, Error>>) -> Vec<usize> {
        std::iter::from_fn(|| batches.try_recv().ok())
            .map(|batch| batch.unwrap().rows.len())
            .collect()
    }

    #[tokio::test]
    async fn batches_are_bounded_by_count_and_bytes() {
        let (tx, mut rx) = mpsc::channel(10);
        let mut outbox = Outbox::new(tx, None);
        for _ in 0..501 {
            outbox.push(row(1)).await.unwrap();
        }
        for _ in 0..3 {
            outbox.push(row(600 << 10)).await.unwrap();
        }
        outbox.flush().await.unwrap();
        assert_eq!(sizes(&mut rx), [500, 3, 1]);
    }

    #[tokio::test]
    async fn news_without_rows_is_sent_once() {
        let (tx, mut rx) = mpsc::channel(10);
        let mut outbox = Outbox::new(tx, None);
        outbox.flush().await.unwrap();
        outbox.say(true, Vec::new());
        outbox.flush().await.unwrap();
        outbox.say(true, Vec::new());
        outbox.flush().await.unwrap();
        assert_eq!(sizes(&mut rx), [0]);
    }

    #[tokio::test]
    async fn a_feed_that_nobody_reads_stops() {
        let (tx, rx) = mpsc::channel(10);
        let mut outbox = Outbox::new(tx, None);
        drop(rx);
        outbox.say(true, Vec::new());
        assert!(matches!(outbox.flush().await, Err(Stop::Closed)));
    }
}
