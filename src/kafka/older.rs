//! Records before a place in each partition: what paging backwards shows. Exact by offset per partition, merged by
//! time over partitions and topics, as the newest records are.

use std::collections::VecDeque;

use futures_util::future::join_all;

use crate::kafka::client::{Client, OffsetSpec};
use crate::kafka::error::Error;
use crate::kafka::model::{Isolation, Offset, PartitionId, Row, TopicName, TopicPartition};
use crate::kafka::newest::{Span, Wanted, newest, newest_of};
use crate::kafka::partial::Failure;
use crate::kafka::query::{OlderRows, OlderSpec};

/// Reads the newest records before the places of `spec`.
pub async fn older(client: &Client, spec: &OlderSpec) -> OlderRows {
    let wanted = Wanted {
        count: spec.count,
        isolation: spec.isolation,
    };
    let each = spec.topics.iter().map(|part| async move {
        let mut failures = Vec::new();
        let spans = spans(client, &part.topic, &part.before, &mut failures).await;
        let found = newest(client, &part.topic, &spans, wanted).await;
        for (partition, error) in found.failures {
            failures.push(failure(&part.topic, partition, error));
        }
        (found.rows, failures)
    });
    let mut answer = OlderRows::default();
    let mut topics = Vec::new();
    for (rows, failures) in join_all(each).await {
        answer.failures.extend(failures);
        topics.push(rows);
    }
    answer.is_first = answer.failures.is_empty() && topics.iter().all(Vec::is_empty);
    answer.rows = merge(topics, spec.count, spec.isolation);
    answer
}

/// What lies before the places, as far as the log still holds it.
async fn spans(
    client: &Client,
    topic: &TopicName,
    before: &[(PartitionId, Offset)],
    failures: &mut Vec<Failure>,
) -> Vec<Span> {
    let named = before.iter().map(|(partition, _)| TopicPartition {
        topic: topic.clone(),
        partition: *partition,
    });
    let starts = client.list_offsets(OffsetSpec::Earliest, Isolation::ReadUncommitted, named);
    let mut starts = starts.await;
    let mut spans = Vec::new();
    for (partition, end) in before {
        let name = TopicPartition {
            topic: topic.clone(),
            partition: *partition,
        };
        match starts.remove(&name) {
            Some(Ok(Some(start))) if start < *end => spans.push(Span {
                partition: *partition,
                start,
                end: *end,
            }),
            Some(Err(error)) => failures.push(failure(topic, *partition, *error)),
            Some(Ok(_)) | None => {}
        }
    }
    spans
}

fn failure(topic: &TopicName, partition: PartitionId, error: Error) -> Failure {
    Failure::new(format!("{topic}-{partition}"), error)
}

/// The newest `count` records over the topics, oldest first, each with the number of its topic.
pub(super) fn merge(topics: Vec<Vec<Row>>, count: usize, isolation: Isolation) -> Vec<(u16, Row)> {
    let topics = topics.into_iter().map(VecDeque::from).collect();
    let rows = newest_of(topics, count, isolation, |topic, _| topic);
    rows.into_iter().map(|(topic, row)| (topic as u16, row)).collect()
}
