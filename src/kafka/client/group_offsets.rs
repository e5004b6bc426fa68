//! OffsetFetch: what groups have committed, many groups in one request where the coordinator can (v8, Kafka 3.0).

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, TopicName as WireTopic};
use kafka_protocol::protocol::VersionRange;

use super::chunks::{Cut, by_chunk};
use super::groups::{CHUNK, GROUP_ID_NOT_FOUND, wire_id};
use super::{Client, Node, Outcomes, Purpose};
use crate::kafka::error::{Error, code_name};
use crate::kafka::lag::{Commit, CommittedOffsets};
use crate::kafka::model::{BrokerId, GroupId, Offset, PartitionId, TopicName, TopicPartition};

/// v10 names topics by id and leaves out commits of deleted topics, which are to be seen (KAFKA-14691).
const MANY: VersionRange = VersionRange { min: 8, max: 9 };
/// v2 is the first with an error for the group as a whole and with "every topic".
const SINGLE: VersionRange = VersionRange { min: 2, max: 7 };
/// Many groups in a request, one request at a time.
const TOGETHER: Cut = Cut { size: CHUNK, depth: 1 };
/// One group in a request, some requests under way: the broker works on one at a time, the network does not wait.
const ONE_BY_ONE: Cut = Cut { size: 1, depth: 8 };

impl Client {
    /// Every offset that `groups` have committed, batched per coordinator. A group that is unknown to its coordinator
    /// has none.
    ///
    /// Unstable commits of open transactions are not waited for: that would be scheduled as a write (protocol.md 0.7).
    pub async fn committed_offsets(&self, groups: Vec<GroupId>) -> Outcomes<GroupId, CommittedOffsets> {
        let ask = |broker, ids: Vec<GroupId>| async move { Ok(self.committed_on(broker, &ids).await) };
        self.by_coordinator(groups, |group| group, ask).await
    }

    async fn committed_on(&self, broker: BrokerId, groups: &[GroupId]) -> Outcomes<GroupId, CommittedOffsets> {
        let outcomes = by_chunk(broker, groups, TOGETHER, |chunk| async move {
            let answer = self
                .call(Node::Broker(broker), Purpose::Bulk, MANY, |_| many(chunk))
                .await?;
            let groups = answer.response.groups.iter().map(|group| {
                let id = GroupId::from(&**group.group_id);
                (id.clone(), committed(&id, group.error_code, &group.topics))
            });
            Ok(groups.collect())
        });
        let outcomes = outcomes.await;
        let is_old = |outcome: &Result<_, _>| matches!(outcome, Err(Error::Unsupported { .. }));
        if !outcomes.iter().any(|(_, outcome)| is_old(outcome)) {
            return outcomes;
        }
        let outcomes = by_chunk(broker, groups, ONE_BY_ONE, |chunk| async move {
            let Some(group) = chunk.first() else {
                return Ok(Vec::new());
            };
            let answer = self
                .call(Node::Broker(broker), Purpose::Bulk, SINGLE, |_| single(group))
                .await?;
            let response = answer.response;
            Ok(vec![(
                group.clone(),
                committed(group, response.error_code, &response.topics),
            )])
        });
        outcomes.await
    }
}

fn many(groups: &[GroupId]) -> OffsetFetchRequest {
    let groups = groups.iter().map(|group| {
        OffsetFetchRequestGroup::default()
            .with_group_id(wire_id(group))
            .with_topics(None)
    });
    OffsetFetchRequest::default().with_groups(groups.collect())
}

fn single(group: &GroupId) -> OffsetFetchRequest {
    OffsetFetchRequest::default()
        .with_group_id(wire_id(group))
        .with_topics(None)
}

/// A topic of an answer, in either of the two shapes the versions have.
trait Topic {
    fn name(&self) -> &WireTopic;
    /// Partition, offset and error code.
    fn rows(&self) -> impl Iterator<Item = (i32, i64, i16)>;
}

impl Topic for OffsetFetchResponseTopics {
    fn name(&self) -> &WireTopic {
        &self.name
    }

    fn rows(&self) -> impl Iterator<Item = (i32, i64, i16)> {
        let row = |row: &OffsetFetchResponsePartitions| (row.partition_index, row.committed_offset, row.error_code);
        self.partitions.iter().map(row)
    }
}

impl Topic for OffsetFetchResponseTopic {
    fn name(&self) -> &WireTopic {
        &self.name
    }

    fn rows(&self) -> impl Iterator<Item = (i32, i64, i16)> {
        let row = |row: &OffsetFetchResponsePartition| (row.partition_index, row.committed_offset, row.error_code);
        self.partitions.iter().map(row)
    }
}

/// One group's commits. A partition with offset -1 has none.
fn committed<T: Topic>(group: &GroupId, error_code: i16, topics: &[T]) -> Result<CommittedOffsets, Error> {
    // v9 says that a group does not exist; before, it just has no commits.
    if error_code != GROUP_ID_NOT_FOUND {
        Error::check(error_code, None, || format!("group {group}"))?;
    }
    let topics = topics.iter().map(|topic| {
        let name = TopicName::from(topic.name().as_str());
        topic.rows().filter_map(move |(partition, offset, error_code)| {
            let partition = TopicPartition {
                topic: name.clone(),
                partition: PartitionId(partition),
            };
            Some((partition, commit(offset, error_code)?))
        })
    });
    Ok(topics.flatten().collect())
}

fn commit(offset: i64, error_code: i16) -> Option<Commit> {
    match error_code {
        0 => (offset >= 0).then_some(Ok(Offset(offset))),
        code => Some(Err(code_name(code).into())),
    }
}
