//! What of a producer's batches has arrived: found by reading headers from where all were known to be there.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep};

use crate::kafka::client::{Client, FetchPosition, FetchSpec, Isolation, MetadataScope, ProducerId, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{Offset, PartitionId, TopicName};
use crate::kafka::records::{Walk, Walked};

/// Partitions that are read at a time.
const AT_ONCE: usize = 16;
const FETCH: i32 = 4 << 20;
const PAUSE: Duration = Duration::from_millis(200);

/// Partition and base sequence of each batch that is there.
pub type Arrived = HashSet<(PartitionId, i32)>;

/// The batches of `producer` from these offsets to the end of each partition.
///
/// # Errors
/// When a partition cannot be read within `patience`, or no longer has what stood at its offset.
pub async fn arrived(
    client: &Client,
    topic: &TopicName,
    producer: ProducerId,
    from: &BTreeMap<PartitionId, Offset>,
    patience: Duration,
) -> Result<Arrived, Error> {
    let end = Instant::now() + patience;
    let read = |(partition, offset): (&PartitionId, &Offset)| {
        let tail = Tail {
            client,
            topic,
            producer,
            partition: *partition,
        };
        let offset = *offset;
        async move { tail.read(offset, end).await }
    };
    let mut found = Arrived::new();
    let mut reading = stream::iter(from.iter().map(read)).buffer_unordered(AT_ONCE);
    while let Some(one) = reading.next().await {
        found.extend(one?);
    }
    Ok(found)
}

struct Tail<'a> {
    client: &'a Client,
    topic: &'a TopicName,
    producer: ProducerId,
    partition: PartitionId,
}

impl Tail<'_> {
    async fn read(&self, from: Offset, end: Instant) -> Result<Vec<(PartitionId, i32)>, Error> {
        let (mut offset, mut max_bytes, mut found) = (from, FETCH, Vec::new());
        loop {
            let walk = match self.fetch(offset, max_bytes).await {
                Ok((walk, high_watermark)) if offset < high_watermark => walk,
                Ok(_) => return Ok(found),
                Err(error) if error.is_retriable() && Instant::now() + PAUSE < end => {
                    sleep(PAUSE).await;
                    // What this says is said by the next attempt.
                    let _ = self
                        .client
                        .metadata(MetadataScope::Named(vec![self.topic.clone()]))
                        .await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut walk = walk;
            for walked in walk.by_ref() {
                if let Walked::Batch(batch) = walked
                    && (batch.header.producer_id, batch.header.producer_epoch)
                        == (self.producer.id, self.producer.epoch)
                {
                    found.push((self.partition, batch.header.base_sequence));
                }
            }
            let next = Offset(walk.next_offset());
            match walk.needed_bytes() {
                Some(needed) if next <= offset => max_bytes = i32::try_from(needed).unwrap_or(i32::MAX),
                _ if next <= offset => {
                    let what = format!("the end of {}-{} behind offset {offset}", self.topic, self.partition);
                    let addr = "the leader".to_owned();
                    return Err(Error::Missing { what, addr });
                }
                _ => offset = next,
            }
        }
    }

    async fn fetch(&self, offset: Offset, max_bytes: i32) -> Result<(Walk, Offset), Error> {
        let leader = self.client.leader(self.topic, self.partition)?;
        let position = FetchPosition {
            partition: self.partition,
            offset,
            max_bytes,
        };
        let spec = FetchSpec {
            purpose: Purpose::Bulk,
            isolation: Isolation::ReadUncommitted,
            max_wait: Duration::ZERO,
            max_bytes,
        };
        let answers = self.client.fetch(leader, self.topic, &[position], spec).await?;
        let answer = answers.into_iter().next().map(|(_, outcome)| outcome);
        let fetched = answer.unwrap_or_else(|| {
            Err(Error::Missing {
                what: format!("{}-{}", self.topic, self.partition),
                addr: format!("broker {leader}"),
            })
        })?;
        Ok((Walk::new(fetched.range), fetched.high_watermark))
    }
}
