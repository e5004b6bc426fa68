//! A search for the screen: a scan whose matches are rows, with how far it is.
//!
//! ```text
//!   ranges (ListOffsets) -> Scan on all cores -> matches as rows, progress -> Search::next
//! ```
//!
//! It ends by position: when everything below the end offsets of its start has been passed. Nothing is fetched while
//! nobody takes what is there, so holding it is all it takes to pause it.

mod progress;
mod ranges;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::client::Client;
use super::error::Error;
use super::model::record::Row;
use super::model::{BatchInfo, Offset, TopicPartition};
use super::query::{Progress, SearchBatch, SearchSpec};
use super::records::owned;
use super::scan::{Found, Make, Scan, ScanSpec, TimeBounds};
use crate::position::Until;
use crate::task::{Task, spawn};
use progress::Seen;
use ranges::Targets;

/// Batches that may wait to be taken.
const WAITING: usize = 2;
/// Rows of a batch at most, and bytes of rows after which they are handed over.
const ROWS: usize = 500;
const BYTES: usize = 1 << 20;
/// What was seen is told at least this often.
const PACE: Duration = Duration::from_millis(50);

/// A search under way. Dropping it ends it.
#[derive(Debug)]
pub struct Search {
    batches_rx: mpsc::Receiver<Result<SearchBatch, Error>>,
    _reader: Task<()>,
}

impl Search {
    /// Starts the search that `spec` describes; `now` is the time of day in Unix milliseconds. Must be called within a
    /// tokio runtime.
    pub fn open(client: Client, spec: SearchSpec, now: i64) -> Self {
        let (batches_tx, batches_rx) = mpsc::channel(WAITING);
        let reader = async move {
            if let Err(error) = search(client, spec, now, &batches_tx).await {
                // When this fails nobody listens any more.
                batches_tx.send(Err(error)).await.ok();
            }
        };
        Self {
            batches_rx,
            _reader: spawn(reader),
        }
    }

    /// The next batch, or the error that ended the search; `None` after its end. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Result<SearchBatch, Error>> {
        self.batches_rx.recv().await
    }
}

async fn search(
    client: Client,
    spec: SearchSpec,
    now: i64,
    batches: &mpsc::Sender<Result<SearchBatch, Error>>,
) -> Result<(), Error> {
    let limit = match spec.until {
        Until::Count(count) => count,
        _ => u64::MAX,
    };
    let targets = ranges::targets(&client, &spec, now).await?;
    let scan = scan_of(spec, &targets);
    let mut seen = Seen::new(targets);
    let mut scan = Scan::start(client, scan, Matches::default);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    let mut tell_at = Instant::now();
    loop {
        let next = scan.next();
        let step = if seen.has_news() {
            timeout_at(tell_at, next).await
        } else {
            Ok(next.await)
        };
        let is_over = matches!(step, Ok(None));
        if let Ok(Some(step)) = step {
            let more = seen.take(step, limit)?;
            bytes += more.iter().map(|(_, row)| row.footprint()).sum::<usize>();
            rows.extend(more);
        }
        let is_over = is_over || seen.progress().matches >= limit;
        if is_over || rows.len() >= ROWS || bytes >= BYTES || Instant::now() >= tell_at {
            bytes = 0;
            if tell(batches, &mut rows, seen.news()).await.is_none() || is_over {
                return Ok(());
            }
            tell_at = Instant::now() + PACE;
        }
    }
}

/// Hands over what was found and seen; `None` when nobody listens any more.
async fn tell(
    batches: &mpsc::Sender<Result<SearchBatch, Error>>,
    rows: &mut Vec<(u16, Row)>,
    progress: Progress,
) -> Option<()> {
    loop {
        let rest = rows.split_off(rows.len().min(ROWS));
        let batch = SearchBatch {
            rows: std::mem::replace(rows, rest),
            progress: progress.clone(),
        };
        batches.send(Ok(batch)).await.ok()?;
        if rows.is_empty() {
            return Some(());
        }
    }
}

fn scan_of(spec: SearchSpec, targets: &Targets) -> ScanSpec {
    let follows = spec.until == Until::Follow;
    ScanSpec {
        isolation: spec.isolation,
        times: TimeBounds {
            from: None,
            to: match spec.until {
                Until::Time(millis) => Some(millis),
                _ => None,
            },
        },
        filter: Some(spec.filter),
        starts_small: true,
        grows: spec
            .topics
            .iter()
            .filter(|topic| follows && topic.start.reads_all(&topic.partitions))
            .map(|topic| topic.topic.clone())
            .collect(),
        late: targets.late.iter().map(|(_, late)| late.clone()).collect(),
        ..ScanSpec::new(targets.found.iter().map(|target| target.range(follows)).collect())
    }
}

/// Makes rows, on bytes of their own.
#[derive(Default)]
struct Matches {
    /// Bytes of the rows that are being put together.
    bytes: usize,
    /// What the rows of one batch share.
    batch: Option<Arc<BatchInfo>>,
}

impl Matches {
    fn batch(&mut self, found: &Found<'_>) -> Arc<BatchInfo> {
        let base = Offset(found.batch.header.base_offset);
        let batch = self.batch.take().filter(|known| known.base_offset == base);
        let batch = batch.unwrap_or_else(|| Arc::new(found.batch.header.info(found.payload.len())));
        Arc::clone(self.batch.insert(batch))
    }
}

impl Make for Matches {
    type Made = Vec<Row>;

    fn begin(&mut self, _made: &mut Vec<Row>, _partition: &TopicPartition) {
        (self.bytes, self.batch) = (0, None);
    }

    fn size(&self, _made: &Vec<Row>) -> usize {
        self.bytes
    }

    fn record(&mut self, made: &mut Self::Made, found: &Found<'_>) {
        let (partition, info) = (found.partition.partition, self.batch(found));
        let record = owned(partition, found.record, found.batch, info, Bytes::copy_from_slice);
        let row = Row::Record(record);
        self.bytes += row.footprint();
        made.push(row);
    }
}
