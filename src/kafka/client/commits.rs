//! OffsetFetch of one group in full: offsets with leader epochs and metadata, so that they can be put back as they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use kafka_protocol::protocol::VersionRange;

use super::groups::{GROUP_ID_NOT_FOUND, wire_id};
use super::{Client, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Committed, GroupId, LeaderEpoch, Offset, PartitionId, TopicName, TopicPartition};

/// v2 is the first with an error for the group as a whole and with "every topic"; v10 names topics by id and leaves out
/// commits of deleted topics (KAFKA-14691).
const VERSIONS: VersionRange = VersionRange { min: 2, max: 9 };
/// First version with many groups.
const MANY_GROUPS: i16 = 8;

/// What one group has committed, in full. A partition without commit is absent.
pub type Commits = BTreeMap<TopicPartition, Result<Committed, Error>>;

impl Client {
    /// Everything that `group` has committed. A group that is unknown to its coordinator has nothing.
    ///
    /// # Errors
    /// When the coordinator does not tell.
    pub async fn commits(&self, group: &GroupId) -> Result<Commits, Error> {
        let ask = |broker, groups: Vec<GroupId>| async move {
            let Some(group) = groups.into_iter().next() else {
                return Ok(Vec::new());
            };
            let found = self.commits_on(broker, &group).await;
            Ok(vec![(group, found)])
        };
        let mut outcomes = self.by_coordinator(vec![group.clone()], |group| group, ask).await;
        let missing = || Error::Missing {
            what: format!("the offsets of group {group}"),
            addr: "the coordinator".to_owned(),
        };
        outcomes.pop().map_or_else(|| Err(missing()), |(_, found)| found)
    }

    async fn commits_on(&self, broker: BrokerId, group: &GroupId) -> Result<Commits, Error> {
        let build = |version: i16| {
            let request = OffsetFetchRequest::default();
            if version < MANY_GROUPS {
                return request.with_group_id(wire_id(group)).with_topics(None);
            }
            let wanted = OffsetFetchRequestGroup::default();
            request.with_groups(vec![wanted.with_group_id(wire_id(group)).with_topics(None)])
        };
        let answer = self
            .call::<OffsetFetchRequest, _>(Node::Broker(broker), Purpose::Interactive, VERSIONS, build)
            .await?;
        let (code, rows) = rows(&answer.response, answer.version).ok_or_else(|| Error::Missing {
            what: format!("group {group}"),
            addr: format!("broker {broker}"),
        })?;
        // v9 says that a group does not exist; before, it just has no commits.
        if code != GROUP_ID_NOT_FOUND {
            Error::check(code, None, || format!("group {group}"))?;
        }
        Ok(rows.into_iter().filter_map(Row::commit).collect())
    }
}

/// A row of an answer, whichever shape its version has.
struct Row {
    partition: TopicPartition,
    offset: i64,
    epoch: i32,
    metadata: Arc<str>,
    code: i16,
}

impl Row {
    /// `None` where nothing is committed.
    fn commit(self) -> Option<(TopicPartition, Result<Committed, Error>)> {
        if let Some(error) = Error::from_code(self.code, self.partition.to_string(), None) {
            return Some((self.partition, Err(error)));
        }
        let committed = Committed {
            offset: Offset(self.offset),
            leader_epoch: (self.epoch >= 0).then_some(LeaderEpoch(self.epoch)),
            metadata: self.metadata,
        };
        (self.offset >= 0).then_some((self.partition, Ok(committed)))
    }
}

/// The group's error code and its rows; `None` when the answer is about no group.
fn rows(response: &OffsetFetchResponse, version: i16) -> Option<(i16, Vec<Row>)> {
    let partition = |topic: &str, id: i32| TopicPartition {
        topic: TopicName::from(topic),
        partition: PartitionId(id),
    };
    let text = |text: Option<&str>| Arc::from(text.unwrap_or_default());
    if version < MANY_GROUPS {
        let rows = response.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(move |row| Row {
                partition: partition(&topic.name, row.partition_index),
                offset: row.committed_offset,
                epoch: row.committed_leader_epoch,
                metadata: text(row.metadata.as_deref()),
                code: row.error_code,
            })
        });
        return Some((response.error_code, rows.collect()));
    }
    let group = response.groups.first()?;
    let rows = group.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(move |row| Row {
            partition: partition(&topic.name, row.partition_index),
            offset: row.committed_offset,
            epoch: row.committed_leader_epoch,
            metadata: text(row.metadata.as_deref()),
            code: row.error_code,
        })
    });
    Some((group.error_code, rows.collect()))
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::offset_fetch_response::{OffsetFetchResponsePartition, OffsetFetchResponseTopic};
    use kafka_protocol::protocol::StrBytes;

    use super::*;

    #[test]
    fn a_commit_is_read_with_its_epoch_and_text_and_minus_one_is_none() {
        let row = |id, offset, code| {
            OffsetFetchResponsePartition::default()
                .with_partition_index(id)
                .with_committed_offset(offset)
                .with_committed_leader_epoch(4)
                .with_metadata(Some(StrBytes::from_static_str("note")))
                .with_error_code(code)
        };
        let topic = OffsetFetchResponseTopic::default()
            .with_name(StrBytes::from_static_str("t").into())
            .with_partitions(vec![row(0, 7, 0), row(1, -1, 0), row(2, -1, 29)]);
        let response = OffsetFetchResponse::default().with_topics(vec![topic]);
        let (_, rows) = rows(&response, 5).unwrap();
        let commits: Commits = rows.into_iter().filter_map(Row::commit).collect();
        assert_eq!(commits.len(), 2, "{commits:?}");
        let found = commits[&TopicPartition::new("t", 0)].as_ref().unwrap();
        assert_eq!(
            (found.offset, found.leader_epoch, &*found.metadata),
            (Offset(7), Some(LeaderEpoch(4)), "note")
        );
        assert!(commits[&TopicPartition::new("t", 2)].as_ref().unwrap_err().is_denied());
        assert!(
            super::rows(&OffsetFetchResponse::default(), 9).is_none(),
            "about no group"
        );
    }
}
