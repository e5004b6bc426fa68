//! One record, sent as it was confirmed.

use std::borrow::Cow;
use std::time::Duration;

use crate::kafka::client::{Client, MetadataScope};
use crate::kafka::error::Error;
use crate::kafka::model::{Codec, Header, Offset, PartitionId, TopicName};
use crate::kafka::records::{BatchBuilder, NewRecord};
use crate::kafka::send::{Sender, Unsent};
use crate::ops::Sending;

/// A record to be sent, and where.
#[derive(Clone, Debug)]
pub struct One<'a> {
    /// The topic.
    pub topic: &'a TopicName,
    /// The partition.
    pub partition: PartitionId,
    /// Among how many partitions the key chose it; `None` where no key did.
    pub chosen_of: Option<u32>,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is null.
    pub value: Option<&'a [u8]>,
    /// The headers, in this order.
    pub headers: &'a [Header],
    /// How its batch is compressed.
    pub codec: Codec,
    /// When it was made, in Unix milliseconds.
    pub timestamp: i64,
}

/// Sends a record that somebody has confirmed: acks of all replicas, idempotent. Its offset, where the leader said it.
///
/// # Errors
/// Why it was not stored, and whether it may have been nevertheless.
pub async fn send(
    client: &Client,
    sending: &Sending,
    one: &One<'_>,
    patience: Duration,
) -> Result<Option<Offset>, Unsent> {
    let intent = sending.confirmed(client).map_err(unsent)?;
    let mut builder = BatchBuilder::default();
    let headers = one.headers.iter().map(|header| {
        let value = header.value.as_deref().map(Cow::Borrowed);
        (Cow::Borrowed(&header.key[..]), value)
    });
    let record = NewRecord {
        timestamp: one.timestamp,
        key: one.key.map(Cow::Borrowed),
        value: one.value.map(Cow::Borrowed),
        headers: headers.collect(),
    };
    let made = builder.push(&record).and_then(|()| builder.finish(one.codec));
    let batch = made.map_err(|error| {
        unsent(Error::Unsendable {
            what: "the record".to_owned(),
            reason: error.to_string(),
        })
    })?;
    // The leader of the partition, as it is now.
    let named = MetadataScope::Named(vec![one.topic.clone()]);
    let known = client.metadata(named).await.map_err(unsent)?;
    if let Some(failure) = known.failures.into_iter().next() {
        return Err(unsent(failure.error));
    }
    let found = known.value.topics.iter().find(|topic| topic.name == *one.topic);
    let now = found.map(|topic| u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX));
    // Other records with the key would lie elsewhere.
    if let (Some(now), Some(before)) = (now, one.chosen_of)
        && now != before
    {
        let topic = one.topic.clone();
        return Err(unsent(Error::Repartitioned { topic, before, now }));
    }
    let producer = client.new_producer(&intent, patience).await.map_err(unsent)?;
    let mut sender = Sender::new(client.clone(), intent, one.topic.clone(), producer, patience);
    sender.push(0, one.partition, batch);
    match sender.next().await {
        Some(settled) => settled.outcome,
        None => Err(unsent(Error::Cancelled {
            what: "sending".to_owned(),
        })),
    }
}

/// What was not even tried.
fn unsent(error: Error) -> Unsent {
    Unsent {
        error,
        records: Vec::new(),
        is_unknown: false,
    }
}
