//! Rows on their way out: in batches of a bounded size, waiting while nobody takes them.

use tokio::sync::mpsc;

use crate::kafka::error::Error;
use crate::kafka::model::Row;
use crate::kafka::partial::Failure;
use crate::kafka::query::FeedBatch;

/// Most rows of a batch.
const ROWS: usize = 500;
/// Bytes after which a batch is full.
const BYTES: usize = 1 << 20;

/// Why a feed stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody takes batches any more.
    Closed,
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
}

impl Outbox {
    pub(super) fn new(batches_tx: mpsc::Sender<Result<FeedBatch, Error>>) -> Self {
        Self {
            batches_tx,
            batch: FeedBatch::default(),
            bytes: 0,
            is_changed: false,
        }
    }

    /// Adds a row, and sends the batch when it is full.
    pub(super) async fn push(&mut self, row: Row) -> Result<(), Stop> {
        self.bytes += row.len();
        self.batch.rows.push(row);
        if self.batch.rows.len() >= ROWS || self.bytes >= BYTES {
            self.send().await?;
        }
        Ok(())
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
        let mut outbox = Outbox::new(tx);
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
        let mut outbox = Outbox::new(tx);
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
        let mut outbox = Outbox::new(tx);
        drop(rx);
        outbox.say(true, Vec::new());
        assert!(matches!(outbox.flush().await, Err(Stop::Closed)));
    }
}
