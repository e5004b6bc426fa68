//! What of a producer's batches has arrived: found by reading headers from where all were known to be there.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep};

use crate::kafka::client::{Client, FetchPosition, FetchSpec, MetadataScope, OffsetSpec, ProducerId, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, PartitionId, TopicName, TopicPartition};
use crate::kafka::records::{Walk, Walked};

/// Partitions that are read at a time.
const AT_ONCE: usize = 16;
const OFFSET_OUT_OF_RANGE: i16 = 1;
const FETCH: i32 = 4 << 20;
const PAUSE: Duration = Duration::from_millis(200);

/// Partition and base sequence of each batch that is there.
pub type Arrived = HashSet<(PartitionId, i32)>;

/// Where one partition's batches are looked for.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Behind it stand all that may have arrived.
    pub from: Offset,
    /// First and last number of each batch that may have arrived, in their order.
    pub batches: Vec<(i32, i32)>,
}

/// Which of these batches of `producer` are in the topic. What is not found in the log is asked for at the leader: the
/// topic's retention or its cleaner may have removed it since.
///
/// # Errors
/// When a partition cannot be read within `patience`, or nobody knows whether a batch arrived.
pub async fn arrived(
    client: &Client,
    topic: &TopicName,
    producer: ProducerId,
    lanes: &BTreeMap<PartitionId, Lane>,
    patience: Duration,
) -> Result<Arrived, Error> {
    let end = Instant::now() + patience;
    let read = |(partition, lane): (&PartitionId, &Lane)| {
        let tail = Tail {
            client,
            topic,
            producer,
            partition: *partition,
        };
        let lane = lane.clone();
        async move { tail.look(&lane, end).await }
    };
    let mut found = Arrived::new();
    let mut reading = stream::iter(lanes.iter().map(read)).buffer_unordered(AT_ONCE);
    while let Some(one) = reading.next().await {
        found.extend(one?);
    }
    Ok(found)
}

/// Whether number `last` comes before `other`: numbers start again after the largest.
fn is_behind(last: i32, other: i32) -> bool {
    let ahead = (i64::from(other) - i64::from(last)).rem_euclid(1 << 31);
    (1..1 << 30).contains(&ahead)
}

struct Tail<'a> {
    client: &'a Client,
    topic: &'a TopicName,
    producer: ProducerId,
    partition: PartitionId,
}

impl Tail<'_> {
    async fn look(&self, lane: &Lane, end: Instant) -> Result<Vec<(PartitionId, i32)>, Error> {
        let (mut found, is_cut) = match self.read(lane.from, end).await {
            Err(error) if error.code() == Some(OFFSET_OUT_OF_RANGE) => {
                (self.read(self.start(end).await?, end).await?, true)
            }
            outcome => (outcome?, false),
        };
        let missing: Vec<_> = lane
            .batches
            .iter()
            .filter(|batch| !found.contains(&(self.partition, batch.0)))
            .collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let last = match self
            .client
            .last_sequence(self.topic, self.partition, self.producer)
            .await
        {
            Ok(Some(last)) => last,
            Ok(None) | Err(Error::Unsupported { .. }) if !is_cut => return Ok(found),
            Ok(None) | Err(Error::Unsupported { .. }) => {
                return Err(Error::NotSpoken {
                    what: format!(
                        "whether the last batches arrived in {}-{}: what stood there is deleted, and the leader has \
                         forgotten the producer",
                        self.topic, self.partition
                    ),
                });
            }
            // Who may not ask believes the log, as far as it reaches.
            Err(error) if error.is_denied() && !is_cut => return Ok(found),
            Err(error) => return Err(error),
        };
        let arrived = missing.into_iter().filter(|(_, end)| !is_behind(last, *end));
        found.extend(arrived.map(|(first, _)| (self.partition, *first)));
        Ok(found)
    }

    /// Where the log starts.
    async fn start(&self, end: Instant) -> Result<Offset, Error> {
        let at = TopicPartition {
            topic: self.topic.clone(),
            partition: self.partition,
        };
        let client = self.client.with_deadline(end);
        let answers = client.list_offsets(OffsetSpec::Earliest, Isolation::ReadUncommitted, [at.clone()]);
        let answer = answers.await.remove(&at).map(|answer| answer.map_err(|error| *error));
        answer.transpose()?.flatten().ok_or_else(|| Error::Missing {
            what: format!("the start of {at}"),
            addr: "its leader".to_owned(),
        })
    }

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
        let answers = self.client.fetch(leader, self.topic, &[position], spec).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_round_the_largest() {
        for (last, other, expected) in [
            (5, 5, false),
            (5, 6, true),
            (6, 5, false),
            (i32::MAX, 0, true),
            (3, i32::MAX - 3, false),
        ] {
            assert_eq!(is_behind(last, other), expected, "{last} {other}");
        }
    }
}
