//! What changes a group from outside it: OffsetCommit, OffsetDelete, DeleteGroups, LeaveGroup of static members.
//!
//! Each is one request to the coordinator, sent at most once. Who sends again must know what that means (`ops::reset`).

use std::collections::HashMap;
use std::time::Duration;

use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::{DeleteGroupsRequest, LeaveGroupRequest, OffsetCommitRequest, OffsetDeleteRequest};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use tokio::time::{Instant, sleep};

use super::groups::wire_id;
use super::{Client, Node, Outcomes, Purpose, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, Committed, GroupId, LeaderEpoch, PartitionId, TopicName, TopicPartition};

/// From v10 on topics are named by id, which not every cluster has.
const COMMIT: VersionRange = VersionRange { min: 2, max: 9 };
const DELETE_OFFSETS: VersionRange = VersionRange { min: 0, max: 0 };
const DELETE_GROUPS: VersionRange = VersionRange { min: 0, max: 2 };
/// Before v3 members are named by their id only, which is theirs to know.
const LEAVE: VersionRange = VersionRange { min: 3, max: 5 };
/// First version with the epoch of the leader.
const WITH_EPOCH: i16 = 6;
/// First version with a reason.
const WITH_REASON: i16 = 5;
const NO_GENERATION: i32 = -1;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Client {
    /// Who coordinates `group`, asked anew, and again for a while as long as nobody does: the first question makes the
    /// topic where groups are kept, and after a broker's death another one has to take over.
    ///
    /// # Errors
    /// When nobody does, or nobody can say.
    pub async fn find_coordinator(&self, group: &GroupId) -> Result<BrokerId, Error> {
        self.shared.routes.forget_coordinators(std::iter::once(group));
        self.known_coordinator(group).await
    }

    /// Who coordinates `group`, as far as known, else as of [`Client::find_coordinator`].
    ///
    /// # Errors
    /// When nobody does, or nobody can say.
    pub async fn known_coordinator(&self, group: &GroupId) -> Result<BrokerId, Error> {
        let (end, mut pause) = (self.end(), FIRST_PAUSE);
        loop {
            let found = self.coordinators(std::slice::from_ref(group)).await.pop();
            match found.map(|(_, found)| found) {
                Some(Err(error)) if error.is_retriable() && Instant::now() + pause < end => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Some(found) => return found,
                None => {
                    let (group, reason) = (group.clone(), "it was not looked up".to_owned());
                    return Err(Error::NoCoordinator { group, reason });
                }
            }
        }
    }

    /// Commits offsets for a group without being a member, which its coordinator takes only while nobody is in it.
    ///
    /// # Errors
    /// When the session is locked, or the request as a whole failed; after a broken connection or a deadline nobody
    /// knows whether it was done. What the coordinator says of one partition stands in its place.
    pub async fn commit_offsets(
        &self,
        intent: &WriteIntent,
        coordinator: BrokerId,
        group: &GroupId,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<Outcomes<TopicPartition, ()>, Error> {
        self.admits(intent)?;
        let build = |version: i16| {
            let topics = commits.chunk_by(|one, next| one.0.topic == next.0.topic).map(|same| {
                let partitions = same.iter().map(|(partition, committed)| {
                    let epoch = committed.leader_epoch.filter(|_| version >= WITH_EPOCH);
                    OffsetCommitRequestPartition::default()
                        .with_partition_index(partition.partition.0)
                        .with_committed_offset(committed.offset.0)
                        .with_committed_leader_epoch(epoch.map_or(-1, |LeaderEpoch(epoch)| epoch))
                        .with_committed_metadata(Some(StrBytes::from_string(committed.metadata.to_string())))
                });
                OffsetCommitRequestTopic::default()
                    .with_name(StrBytes::from_string(topic_of(same).to_owned()).into())
                    .with_partitions(partitions.collect())
            });
            OffsetCommitRequest::default()
                .with_group_id(wire_id(group))
                .with_generation_id_or_member_epoch(NO_GENERATION)
                .with_retention_time_ms(-1)
                .with_topics(topics.collect())
        };
        let answer = self
            .call::<OffsetCommitRequest, _>(Node::Broker(coordinator), Purpose::Interactive, COMMIT, build)
            .await?;
        let rows = answer.response.topics.iter().flat_map(|topic| {
            let rows = topic.partitions.iter();
            rows.map(|row| (named(&topic.name, row.partition_index), row.error_code))
        });
        Ok(outcomes(
            coordinator,
            commits.iter().map(|(partition, _)| partition),
            rows,
        ))
    }

    /// Makes a group forget the offsets of some partitions. While it has members, the coordinator refuses topics that
    /// they read.
    ///
    /// # Errors
    /// As of [`Client::commit_offsets`].
    pub async fn delete_offsets(
        &self,
        intent: &WriteIntent,
        coordinator: BrokerId,
        group: &GroupId,
        partitions: &[TopicPartition],
    ) -> Result<Outcomes<TopicPartition, ()>, Error> {
        self.admits(intent)?;
        let build = |_| {
            let topics = partitions.chunk_by(|one, next| one.topic == next.topic).map(|same| {
                let ids = same
                    .iter()
                    .map(|one| OffsetDeleteRequestPartition::default().with_partition_index(one.partition.0));
                let name = same.first().map_or("", |one| one.topic.as_str());
                OffsetDeleteRequestTopic::default()
                    .with_name(StrBytes::from_string(name.to_owned()).into())
                    .with_partitions(ids.collect())
            });
            OffsetDeleteRequest::default()
                .with_group_id(wire_id(group))
                .with_topics(topics.collect())
        };
        let answer = self
            .call::<OffsetDeleteRequest, _>(Node::Broker(coordinator), Purpose::Interactive, DELETE_OFFSETS, build)
            .await?;
        Error::check(answer.response.error_code, None, || format!("group {group}"))?;
        let rows = answer.response.topics.iter().flat_map(|topic| {
            let rows = topic.partitions.iter();
            rows.map(|row| (named(&topic.name, row.partition_index), row.error_code))
        });
        Ok(outcomes(coordinator, partitions.iter(), rows))
    }

    /// Deletes a group with all its offsets, which its coordinator does only while nobody is in it.
    ///
    /// # Errors
    /// Why it is not deleted; after a broken connection or a deadline nobody knows whether it is.
    pub async fn delete_group(
        &self,
        intent: &WriteIntent,
        coordinator: BrokerId,
        group: &GroupId,
    ) -> Result<(), Error> {
        self.admits(intent)?;
        let build = |_| DeleteGroupsRequest::default().with_groups_names(vec![wire_id(group)]);
        let answer = self
            .call::<DeleteGroupsRequest, _>(Node::Broker(coordinator), Purpose::Interactive, DELETE_GROUPS, build)
            .await?;
        let mut results = answer.response.results.iter();
        let found = results.find(|result| *result.group_id.0 == *group.as_str());
        let found = found.ok_or_else(|| Error::Missing {
            what: format!("group {group}"),
            addr: format!("broker {coordinator}"),
        })?;
        Error::check(found.error_code, None, || format!("group {group}"))
    }

    /// Takes static members out of a group by their `group.instance.id` (KIP-345).
    ///
    /// # Errors
    /// As of [`Client::commit_offsets`].
    pub async fn remove_members(
        &self,
        intent: &WriteIntent,
        coordinator: BrokerId,
        group: &GroupId,
        instances: &[String],
    ) -> Result<Outcomes<String, ()>, Error> {
        self.admits(intent)?;
        let build = |version: i16| {
            let members = instances.iter().map(|instance| {
                let reason = (version >= WITH_REASON).then(|| StrBytes::from_static_str("removed with ktui"));
                MemberIdentity::default()
                    .with_group_instance_id(Some(StrBytes::from_string(instance.clone())))
                    .with_reason(reason)
            });
            LeaveGroupRequest::default()
                .with_group_id(wire_id(group))
                .with_members(members.collect())
        };
        let answer = self
            .call::<LeaveGroupRequest, _>(Node::Broker(coordinator), Purpose::Interactive, LEAVE, build)
            .await?;
        Error::check(answer.response.error_code, None, || format!("group {group}"))?;
        let rows = answer.response.members.iter().filter_map(|member| {
            let instance = member.group_instance_id.as_ref()?.to_string();
            Some((instance, member.error_code))
        });
        Ok(outcomes(coordinator, instances.iter(), rows))
    }
}

fn topic_of(same: &[(TopicPartition, Committed)]) -> &str {
    same.first().map_or("", |(partition, _)| partition.topic.as_str())
}

pub(super) fn named(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName::from(topic),
        partition: PartitionId(partition),
    }
}

/// An outcome for everything that was asked for; what the coordinator left out is missing.
pub(super) fn outcomes<'a, T: Clone + Eq + std::hash::Hash + ToString + 'a>(
    coordinator: BrokerId,
    asked: impl Iterator<Item = &'a T>,
    rows: impl Iterator<Item = (T, i16)>,
) -> Outcomes<T, ()> {
    let said: HashMap<T, i16> = rows.collect();
    let of = |one: &T| match said.get(one) {
        Some(code) => Error::check(*code, None, || one.to_string()),
        None => Err(Error::Missing {
            what: one.to_string(),
            addr: format!("broker {coordinator}"),
        }),
    };
    asked.map(|one| (one.clone(), of(one))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_was_asked_for_has_an_outcome() {
        let asked = [named("t", 0), named("t", 1), named("t", 2)];
        let rows = [(named("t", 0), 0), (named("t", 1), 25), (named("u", 0), 0)];
        let found = outcomes(BrokerId(1), asked.iter(), rows.into_iter());
        assert_eq!(found[0].1, Ok(()));
        assert_eq!(found[1].1.as_ref().unwrap_err().code(), Some(25));
        assert!(matches!(&found[2].1, Err(Error::Missing { what, .. }) if what == "t-2"));
    }
}
