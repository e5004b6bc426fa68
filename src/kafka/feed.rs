//! A stream of a topic's records: from a starting point to the end as it was then, and on from there.
//!
//! ```text
//!   open -> places (ListOffsets, newest) -> cursors -> one Fetch per leader -> merge -> outbox -> Feed::next
//! ```
//!
//! Back-pressure reaches the brokers: nothing is fetched while nobody takes what is there. A partition that cannot be
//! read is a failure in every batch until it can be read again; the others go on.

mod cursor;
mod join;
mod merge;
mod outbox;
mod places;
mod reader;
mod spec;

use tokio::sync::mpsc;

use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::query::{FeedBatch, FeedSpec};
use crate::position::Until;
use crate::task::{Task, spawn};

/// Batches that may wait to be taken.
const WAITING: usize = 4;

/// An open feed. Dropping it closes it.
#[derive(Debug)]
pub struct Feed {
    batches_rx: mpsc::Receiver<Result<FeedBatch, Error>>,
    skipping: outbox::Skipping,
    _reader: Task<()>,
}

impl Feed {
    /// Opens the feed that `spec` describes. Must be called within a tokio runtime.
    pub fn open(client: Client, spec: FeedSpec) -> Self {
        let (batches_tx, batches_rx) = mpsc::channel(WAITING);
        let skipping = outbox::Skipping::default();
        let skips = skipping.clone();
        let reader = async move {
            let limit = match spec.until {
                Until::Count(left) => Some(outbox::Limit {
                    left,
                    isolation: spec.isolation,
                }),
                _ => None,
            };
            let outbox = outbox::Outbox::new(batches_tx.clone(), limit);
            if let Err(outbox::Stop::Failed(error)) = read(client, spec, outbox, skips).await {
                // When this fails nobody listens any more.
                batches_tx.send(Err(error)).await.ok();
            }
        };
        Self {
            batches_rx,
            skipping,
            _reader: spawn(reader),
        }
    }

    /// Whether the feed may leave records out when it falls behind new ones; at first it may not.
    pub fn may_skip(&self, is_allowed: bool) {
        self.skipping.set(is_allowed);
    }

    /// The next batch, or the error that ended the feed; `None` after its end. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Result<FeedBatch, Error>> {
        self.batches_rx.recv().await
    }
}

async fn read(
    client: Client,
    spec: FeedSpec,
    outbox: outbox::Outbox,
    skipping: outbox::Skipping,
) -> Result<(), outbox::Stop> {
    let mut topics = spec::TopicSpec::each(spec);
    match (topics.pop(), topics.is_empty()) {
        (Some(only), true) => reader::read(client, only, outbox, skipping).await,
        (Some(last), false) => {
            topics.push(last);
            join::read(client, topics, outbox, skipping).await
        }
        (None, _) => Ok(()),
    }
}
