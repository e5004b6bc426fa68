//! Where logs start and end, and where a time is in them.

use std::collections::BTreeSet;

use futures_util::future::join3;

use super::strategy::Refusal;
use crate::kafka::client::{Client, OffsetAnswers, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, TopicPartition};

const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

/// Where the logs of some partitions start and end.
pub(super) struct Logs {
    starts: OffsetAnswers,
    ends: OffsetAnswers,
    times: OffsetAnswers,
}

impl Logs {
    /// Asks the leaders of these partitions, also for the first record at or after a time.
    pub(super) async fn read(client: &Client, partitions: &BTreeSet<TopicPartition>, time: Option<i64>) -> Self {
        // Kafka's tool counts to the high watermark, too.
        let ask = |spec| client.list_offsets(spec, Isolation::ReadUncommitted, partitions.iter().cloned());
        let times = async {
            match time {
                Some(ms) => ask(OffsetSpec::Timestamp(ms)).await,
                None => OffsetAnswers::new(),
            }
        };
        let (starts, ends, times) = join3(ask(OffsetSpec::Earliest), ask(OffsetSpec::Latest), times).await;
        Self { starts, ends, times }
    }

    /// Log start and end.
    pub(super) fn range(&self, partition: &TopicPartition) -> Result<(Offset, Offset), Refusal> {
        let of = |answers: &OffsetAnswers| match answers.get(partition) {
            Some(Ok(Some(offset))) => Ok(*offset),
            Some(Ok(None)) => Err(Refusal::Unread("its leader names no offset".to_owned())),
            Some(Err(error)) => Err(refusal(error)),
            None => Err(Refusal::Unread("its leader was not asked".to_owned())),
        };
        Ok((of(&self.starts)?, of(&self.ends)?))
    }

    /// Where the first record at or after the time is; `None` where no time was asked for, or no record is so young.
    pub(super) fn at_time(&self, partition: &TopicPartition) -> Result<Option<Offset>, Refusal> {
        match self.times.get(partition) {
            None => Ok(None),
            Some(Ok(found)) => Ok(*found),
            Some(Err(error)) => Err(refusal(error)),
        }
    }
}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::NoLeader { .. } => Refusal::NoLeader,
        Error::UnknownTopic { .. } | Error::UnknownPartition { .. } => Refusal::Unknown,
        Error::Kafka {
            code: UNKNOWN_TOPIC_OR_PARTITION,
            ..
        } => Refusal::Unknown,
        other => Refusal::Unread(other.summary()),
    }
}
