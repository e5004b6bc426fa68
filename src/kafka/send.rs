//! Sending batches so that each is stored once and in order, through broken connections and moved leaders.
//!
//! ```text
//!   push(batch) ─▶ lane of its partition ─▶ one request per leader ─▶ Settled
//!                     ▲   numbered, ≤ 5 under way        │
//!                     └── the same bytes again ◀─────────┘ lost answer, moved leader, early successor
//! ```
//!
//! A batch keeps its producer id, epoch and sequence number however often it is sent, so a broker that has it already
//! says so and stores nothing (KIP-98). It remembers the last five batches of a producer and partition: never more of
//! them are unsettled. After a failure a partition is quiet until all its answers are there; then the unsettled batches
//! go again, oldest first.

mod lane;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use crate::kafka::client::{Client, MetadataScope, ProduceOutcomes, ProducerId, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Offset, PartitionId, TopicName};
use crate::kafka::records::NewBatch;
use lane::Lane;
pub use lane::after;

/// Unsettled batches of one partition at most: as many as brokers remember.
pub const WINDOW: usize = 5;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// What the caller named it.
    pub tag: u64,
    /// Its partition.
    pub partition: PartitionId,
    /// Its records.
    pub count: i32,
    /// The offset of its first record, where the broker said it, or why it was not stored.
    pub outcome: Result<Option<Offset>, Unsent>,
}

/// Why a batch was not stored, as far as that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// What the broker said, or what stood in the way.
    pub error: Error,
    /// Records of the batch that are to blame, by their place in it, where the broker says so.
    pub records: Vec<(i32, String)>,
    /// Whether it may have been stored nevertheless: it was sent, and the answer was lost.
    pub is_unknown: bool,
}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

enum Done {
    Answered {
        sent: Vec<(PartitionId, i32)>,
        outcome: Result<ProduceOutcomes, Error>,
    },
    Refreshed,
}

/// Sends the batches of one producer to one topic.
pub struct Sender {
    client: Client,
    intent: WriteIntent,
    topic: TopicName,
    producer: ProducerId,
    /// How long a batch is tried again.
    patience: Duration,
    lanes: BTreeMap<PartitionId, Lane>,
    under_way: FuturesUnordered<Work>,
    is_refreshing: bool,
    settled: VecDeque<Settled>,
}

impl Sender {
    /// A sender that tries each batch for as long as `patience`.
    pub fn new(
        client: Client,
        intent: WriteIntent,
        topic: TopicName,
        producer: ProducerId,
        patience: Duration,
    ) -> Self {
        Self {
            client,
            intent,
            topic,
            producer,
            patience,
            lanes: BTreeMap::new(),
            under_way: FuturesUnordered::new(),
            is_refreshing: false,
            settled: VecDeque::new(),
        }
    }

    /// Goes on where an earlier process stopped: the next batch of `partition` has this sequence number.
    pub fn start_at(&mut self, partition: PartitionId, sequence: i32) {
        self.lane(partition).next_sequence = sequence;
    }

    /// The sequence number of the next batch of a partition.
    pub fn next_sequence(&self, partition: PartitionId) -> i32 {
        self.lanes.get(&partition).map_or(0, |lane| lane.next_sequence)
    }

    /// Whether nothing is left to be settled.
    pub fn is_idle(&self) -> bool {
        self.settled.is_empty() && self.lanes.values().all(Lane::is_idle)
    }

    /// Numbers a batch and puts it behind those of its partition. `tag` comes back when it is settled. From the oldest
    /// unsettled batch of the partition on there may be [`WINDOW`] of them, which whoever pushes sees to: should that one
    /// go again, the broker must still know it.
    pub fn push(&mut self, tag: u64, partition: PartitionId, batch: NewBatch) {
        let producer = self.producer;
        self.lane(partition).push(tag, batch, producer);
    }

    /// Numbers a batch that is known to be stored already.
    pub fn skip(&mut self, partition: PartitionId, count: i32) {
        self.lane(partition).skip(count);
    }

    fn lane(&mut self, partition: PartitionId) -> &mut Lane {
        self.lanes.entry(partition).or_default()
    }

    /// Waits for the next batch to be settled; `None` when none is left. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Settled> {
        loop {
            if let Some(settled) = self.settled.pop_front() {
                return Some(settled);
            }
            self.dispatch(Instant::now());
            if !self.settled.is_empty() {
                continue;
            }
            let wake = self.lanes.values().filter_map(Lane::wakes_at).min();
            if self.under_way.is_empty() && wake.is_none() {
                return None;
            }
            let sleep = sleep_until(wake.unwrap_or_else(Instant::now));
            tokio::select! {
                Some(done) = self.under_way.next() => self.take(done),
                () = sleep, if wake.is_some() => {}
            }
        }
    }

    /// Sends what may be sent now: the first batch of each partition in one request per leader, then the second.
    fn dispatch(&mut self, now: Instant) {
        loop {
            let mut requests: BTreeMap<BrokerId, Vec<(PartitionId, i32, Bytes)>> = BTreeMap::new();
            for (partition, lane) in &mut self.lanes {
                let Some((sequence, bytes)) = lane.ready(now) else {
                    continue;
                };
                match self.client.leader(&self.topic, *partition) {
                    Ok(leader) => requests.entry(leader).or_default().push((*partition, sequence, bytes)),
                    Err(error) => lane.unsent(sequence, error, now, self.patience),
                }
            }
            if requests.is_empty() {
                break;
            }
            for (leader, batches) in requests {
                self.under_way.push(self.request(leader, batches));
            }
        }
        self.refresh();
        self.collect();
    }

    fn request(&self, leader: BrokerId, batches: Vec<(PartitionId, i32, Bytes)>) -> Work {
        let (client, intent, topic) = (self.client.clone(), self.intent.clone(), self.topic.clone());
        let sent = batches
            .iter()
            .map(|(partition, sequence, _)| (*partition, *sequence))
            .collect();
        let batches: Vec<_> = batches
            .into_iter()
            .map(|(partition, _, bytes)| (partition, bytes))
            .collect();
        Box::pin(async move {
            let outcome = client.produce(&intent, leader, &topic, &batches).await;
            Done::Answered { sent, outcome }
        })
    }

    /// Looks the leaders up again where a partition failed in a way that this may mend.
    fn refresh(&mut self) {
        let is_wanted = self.lanes.values().any(Lane::wants_leader);
        if !is_wanted || self.is_refreshing {
            return;
        }
        self.is_refreshing = true;
        self.lanes.values_mut().for_each(Lane::leader_is_looked_up);
        let (client, topic) = (self.client.clone(), self.topic.clone());
        self.under_way.push(Box::pin(async move {
            if let Err(error) = client.metadata(MetadataScope::Named(vec![topic])).await {
                tracing::debug!(%error, "leaders were not refreshed");
            }
            Done::Refreshed
        }));
    }

    fn take(&mut self, done: Done) {
        let now = Instant::now();
        match done {
            Done::Refreshed => {
                self.is_refreshing = false;
                self.lanes.values_mut().for_each(Lane::leader_was_looked_up);
            }
            Done::Answered { sent, outcome } => match outcome {
                Ok(outcomes) => {
                    for ((partition, sequence), (_, outcome)) in sent.into_iter().zip(outcomes) {
                        let patience = self.patience;
                        self.lane(partition).answered(sequence, outcome, now, patience);
                    }
                }
                Err(error) => {
                    for (partition, sequence) in sent {
                        let patience = self.patience;
                        self.lane(partition).lost(sequence, error.clone(), now, patience);
                    }
                }
            },
        }
        self.collect();
    }

    /// Takes what the lanes have settled.
    fn collect(&mut self) {
        for (partition, lane) in &mut self.lanes {
            self.settled.extend(lane.settled(*partition));
        }
    }
}
