//! Where share groups (KIP-932) begin to read: DescribeShareGroupOffsets and AlterShareGroupOffsets. They have no commits;
//! what stands in their place is a start offset per partition.

use std::collections::BTreeMap;

use kafka_protocol::messages::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use kafka_protocol::messages::describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup;
use kafka_protocol::messages::describe_share_group_offsets_response::DescribeShareGroupOffsetsResponseGroup;
use kafka_protocol::messages::{AlterShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequest};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::group_writes::{named, outcomes};
use super::groups::wire_id;
use super::{Client, Commits, Node, Outcomes, Purpose, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Committed, GroupId, Offset, TopicPartition};

/// v1 (KIP-1226) adds a lag, which is not asked for here.
const DESCRIBE: VersionRange = VersionRange { min: 0, max: 0 };
const ALTER: VersionRange = VersionRange { min: 0, max: 0 };

impl Client {
    /// The start offsets of a share group; a partition that nobody has read yet is absent.
    ///
    /// # Errors
    /// When the coordinator does not tell.
    pub async fn share_starts(&self, group: &GroupId) -> Result<Commits, Error> {
        let ask = |broker, groups: Vec<GroupId>| async move {
            let Some(group) = groups.into_iter().next() else {
                return Ok(Vec::new());
            };
            let found = self.share_starts_on(broker, &group).await;
            Ok(vec![(group, found)])
        };
        let mut found = self.by_coordinator(vec![group.clone()], |group| group, ask).await;
        let what = format!("the start offsets of group {group}");
        let missing = || Error::Missing {
            what,
            addr: "the coordinator".to_owned(),
        };
        found.pop().map_or_else(|| Err(missing()), |(_, found)| found)
    }

    async fn share_starts_on(&self, broker: BrokerId, group: &GroupId) -> Result<Commits, Error> {
        let build = |_| {
            let wanted = DescribeShareGroupOffsetsRequestGroup::default();
            let wanted = wanted.with_group_id(wire_id(group)).with_topics(None);
            DescribeShareGroupOffsetsRequest::default().with_groups(vec![wanted])
        };
        let answer = self
            .call::<DescribeShareGroupOffsetsRequest, _>(Node::Broker(broker), Purpose::Interactive, DESCRIBE, build)
            .await?;
        let found = answer.response.groups.first().ok_or_else(|| Error::Missing {
            what: format!("group {group}"),
            addr: format!("broker {broker}"),
        })?;
        Error::check(found.error_code, found.error_message.as_deref(), || {
            format!("group {group}")
        })?;
        Ok(starts(found))
    }

    /// Sets start offsets of a share group, which its coordinator does only while nobody is in it.
    ///
    /// # Errors
    /// When the session is locked, or the request as a whole failed; after a broken connection or a deadline nobody
    /// knows whether it was done. What the coordinator says of one partition stands in its place.
    pub async fn alter_share_starts(
        &self,
        intent: &WriteIntent,
        coordinator: BrokerId,
        group: &GroupId,
        starts: &[(TopicPartition, Committed)],
    ) -> Result<Outcomes<TopicPartition, ()>, Error> {
        self.admits(intent)?;
        let build = |_| {
            let topics = starts.chunk_by(|one, next| one.0.topic == next.0.topic).map(|same| {
                let name = same.first().map_or("", |(partition, _)| partition.topic.as_str());
                let partitions = same.iter().map(|(partition, start)| {
                    AlterShareGroupOffsetsRequestPartition::default()
                        .with_partition_index(partition.partition.0)
                        .with_start_offset(start.offset.0)
                });
                AlterShareGroupOffsetsRequestTopic::default()
                    .with_topic_name(StrBytes::from_string(name.to_owned()).into())
                    .with_partitions(partitions.collect())
            });
            AlterShareGroupOffsetsRequest::default()
                .with_group_id(wire_id(group))
                .with_topics(topics.collect())
        };
        let answer = self
            .call::<AlterShareGroupOffsetsRequest, _>(Node::Broker(coordinator), Purpose::Interactive, ALTER, build)
            .await?;
        let response = &answer.response;
        Error::check(response.error_code, response.error_message.as_deref(), || {
            format!("group {group}")
        })?;
        let rows = response.responses.iter().flat_map(|topic| {
            let rows = topic.partitions.iter();
            rows.map(|row| (named(&topic.topic_name, row.partition_index), row.error_code))
        });
        Ok(outcomes(
            coordinator,
            starts.iter().map(|(partition, _)| partition),
            rows,
        ))
    }
}

fn starts(group: &DescribeShareGroupOffsetsResponseGroup) -> Commits {
    let rows = group.topics.iter().flat_map(|topic| {
        topic.partitions.iter().filter_map(|row| {
            let partition = named(&topic.topic_name, row.partition_index);
            if let Some(error) = Error::from_code(row.error_code, partition.to_string(), row.error_message.as_deref()) {
                return Some((partition, Err(error)));
            }
            (row.start_offset >= 0).then(|| (partition, Ok(Committed::at(Offset(row.start_offset)))))
        })
    });
    rows.collect::<BTreeMap<_, _>>()
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::describe_share_group_offsets_response::{
        DescribeShareGroupOffsetsResponsePartition, DescribeShareGroupOffsetsResponseTopic,
    };

    use super::*;

    #[test]
    fn a_partition_that_nobody_has_read_yet_has_no_start() {
        let row = |id, start, code| {
            DescribeShareGroupOffsetsResponsePartition::default()
                .with_partition_index(id)
                .with_start_offset(start)
                .with_error_code(code)
        };
        let topic = DescribeShareGroupOffsetsResponseTopic::default()
            .with_topic_name(StrBytes::from_static_str("t").into())
            .with_partitions(vec![row(0, 7, 0), row(1, -1, 0), row(2, -1, 29)]);
        let found = starts(&DescribeShareGroupOffsetsResponseGroup::default().with_topics(vec![topic]));
        assert_eq!(found.len(), 2);
        assert_eq!(found[&named("t", 0)], Ok(Committed::at(Offset(7))));
        assert!(found[&named("t", 2)].as_ref().unwrap_err().is_denied());
    }
}
