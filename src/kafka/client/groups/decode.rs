//! From the wire's groups to ours.

use std::sync::Arc;

use kafka_protocol::messages::TopicName as WireTopic;
use kafka_protocol::messages::consumer_group_describe_response as modern;
use kafka_protocol::messages::describe_groups_response as classic;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::share_group_describe_response as share;

use super::consumer_protocol::{assigned, subscribed};
use crate::kafka::error::Error;
use crate::kafka::model::{
    BrokerId, GroupDescription, GroupId, GroupListing, GroupState, GroupType, Member, PartitionId, TopicName,
    TopicPartition,
};

/// Error code of a group that does not exist, or is of another type than asked for.
pub const GROUP_ID_NOT_FOUND: i16 = 69;

/// A group that `coordinator` listed.
pub fn listing(coordinator: BrokerId, group: &ListedGroup) -> GroupListing {
    GroupListing {
        group: (&**group.group_id).into(),
        kind: kind(&group.group_type),
        protocol_type: (&*group.protocol_type).into(),
        state: (!group.group_state.is_empty()).then(|| GroupState((&*group.group_state).into())),
        coordinator,
    }
}

/// Kafka's word for a type, in any case; classic where there is none or it is new to us.
fn kind(word: &str) -> GroupType {
    [GroupType::Consumer, GroupType::Share, GroupType::Streams]
        .into_iter()
        .find(|kind| word.eq_ignore_ascii_case(kind.as_str()))
        .unwrap_or_default()
}

/// A group from DescribeGroups. One that does not exist is `Dead` in every version; v6 (KIP-1043) sends error 69.
pub fn classic(coordinator: BrokerId, group: &classic::DescribedGroup) -> (GroupId, Result<GroupDescription, Error>) {
    let id = GroupId::from(&**group.group_id);
    let checked = match group.error_code {
        GROUP_ID_NOT_FOUND => Ok(()),
        code => Error::check(code, group.error_message.as_deref(), || format!("group {id}")),
    };
    (id, checked.map(|()| classic_group(coordinator, group)))
}

fn classic_group(coordinator: BrokerId, group: &classic::DescribedGroup) -> GroupDescription {
    let is_consumer = &*group.protocol_type == "consumer";
    // Brokers send members without subscription and assignment while the group is not stable.
    let members = group.members.iter().map(|member| Member {
        id: (&*member.member_id).into(),
        instance_id: member.group_instance_id.as_deref().map(Arc::from),
        client_id: (&*member.client_id).into(),
        host: host(&member.client_host),
        subscribed: is_consumer
            .then(|| subscribed(&member.member_metadata))
            .flatten()
            .unwrap_or_default(),
        assigned: if is_consumer {
            assigned(&member.member_assignment)
        } else {
            None
        },
    });
    GroupDescription {
        group: (&**group.group_id).into(),
        kind: GroupType::Classic,
        protocol_type: (&*group.protocol_type).into(),
        assignor: (&*group.protocol_data).into(),
        state: match group.error_code {
            GROUP_ID_NOT_FOUND => GroupState::dead(),
            _ => GroupState((&*group.group_state).into()),
        },
        coordinator,
        members: members.collect(),
    }
}

/// A group from ConsumerGroupDescribe (KIP-848). What counts is what a member owns now, not its target.
pub fn modern(coordinator: BrokerId, group: &modern::DescribedGroup) -> (GroupId, Result<GroupDescription, Error>) {
    let id = GroupId::from(&**group.group_id);
    let checked = Error::check(group.error_code, group.error_message.as_deref(), || {
        format!("group {id}")
    });
    (id, checked.map(|()| modern_group(coordinator, group)))
}

fn modern_group(coordinator: BrokerId, group: &modern::DescribedGroup) -> GroupDescription {
    let members = group.members.iter().map(|member| {
        let topics = member.assignment.topic_partitions.iter();
        Member {
            id: (&*member.member_id).into(),
            instance_id: member.instance_id.as_deref().map(Arc::from),
            client_id: (&*member.client_id).into(),
            host: host(&member.client_host),
            subscribed: names(&member.subscribed_topic_names),
            assigned: Some(owned(
                topics.map(|topic| (&topic.topic_name, topic.partitions.as_slice())),
            )),
        }
    });
    GroupDescription {
        group: (&**group.group_id).into(),
        kind: GroupType::Consumer,
        protocol_type: "consumer".into(),
        assignor: (&*group.assignor_name).into(),
        state: GroupState((&*group.group_state).into()),
        coordinator,
        members: members.collect(),
    }
}

/// A group from ShareGroupDescribe (KIP-932). A partition may belong to several members at once.
pub fn share(coordinator: BrokerId, group: &share::DescribedGroup) -> (GroupId, Result<GroupDescription, Error>) {
    let id = GroupId::from(&**group.group_id);
    let checked = Error::check(group.error_code, group.error_message.as_deref(), || {
        format!("group {id}")
    });
    (id, checked.map(|()| share_group(coordinator, group)))
}

fn share_group(coordinator: BrokerId, group: &share::DescribedGroup) -> GroupDescription {
    let members = group.members.iter().map(|member| {
        let topics = member.assignment.topic_partitions.iter();
        Member {
            id: (&*member.member_id).into(),
            instance_id: None,
            client_id: (&*member.client_id).into(),
            host: host(&member.client_host),
            subscribed: names(&member.subscribed_topic_names),
            assigned: Some(owned(
                topics.map(|topic| (&topic.topic_name, topic.partitions.as_slice())),
            )),
        }
    });
    GroupDescription {
        group: (&**group.group_id).into(),
        kind: GroupType::Share,
        protocol_type: "share".into(),
        assignor: (&*group.assignor_name).into(),
        state: GroupState((&*group.group_state).into()),
        coordinator,
        members: members.collect(),
    }
}

fn names(topics: &[WireTopic]) -> Vec<TopicName> {
    topics.iter().map(|name| name.as_str().into()).collect()
}

fn owned<'a>(topics: impl Iterator<Item = (&'a WireTopic, &'a [i32])>) -> Vec<TopicPartition> {
    let topics = topics.map(|(name, partitions)| {
        let name = TopicName::from(name.as_str());
        partitions.iter().map(move |partition| TopicPartition {
            topic: name.clone(),
            partition: PartitionId(*partition),
        })
    });
    topics.flatten().collect()
}

/// Java's `InetAddress` prints an address without a name as `/127.0.0.1`.
fn host(text: &str) -> Arc<str> {
    text.strip_prefix('/').unwrap_or(text).into()
}
