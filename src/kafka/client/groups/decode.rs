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
        epoch: None,
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
        epoch: Some(group.group_epoch),
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
        epoch: Some(group.group_epoch),
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

#[cfg(test)]
mod tests {
    use kafka_protocol::protocol::StrBytes;

    use super::*;

    fn text(text: &'static str) -> StrBytes {
        StrBytes::from_static_str(text)
    }

    #[test]
    fn types_are_kafkas_words_in_any_case_and_none_or_a_new_one_is_classic() {
        let kinds = ["Consumer", "share", "STREAMS", "classic", "", "Quantum"].map(kind);
        assert_eq!(
            kinds,
            [
                GroupType::Consumer,
                GroupType::Share,
                GroupType::Streams,
                GroupType::Classic,
                GroupType::Classic,
                GroupType::Classic
            ]
        );
    }

    #[test]
    fn a_listing_without_state_has_none() {
        let group = ListedGroup::default().with_group_id(text("g").into());
        assert_eq!(listing(BrokerId(1), &group).state, None);
    }

    #[test]
    fn a_group_that_does_not_exist_is_dead_whether_or_not_the_version_has_an_error_for_it() {
        let new = classic::DescribedGroup::default().with_error_code(GROUP_ID_NOT_FOUND);
        let old = classic::DescribedGroup::default().with_group_state(text("Dead"));
        for group in [new, old] {
            let (_, described) = super::classic(BrokerId(1), &group);
            assert!(described.unwrap().state.is_dead());
        }
        let elsewhere = classic::DescribedGroup::default().with_error_code(16);
        assert_eq!(super::classic(BrokerId(1), &elsewhere).1.unwrap_err().code(), Some(16));
    }

    #[test]
    fn a_share_groups_members_may_own_the_same_partition() {
        let member = || {
            let topic = share::TopicPartitions::default()
                .with_topic_name(text("t").into())
                .with_partitions(vec![0]);
            share::Member::default()
                .with_client_host(text("/10.0.0.1"))
                .with_assignment(share::Assignment::default().with_topic_partitions(vec![topic]))
        };
        let group = share::DescribedGroup::default()
            .with_group_state(text("Stable"))
            .with_members(vec![member(), member()]);
        let (_, described) = super::share(BrokerId(1), &group);
        let described = described.unwrap();
        assert_eq!((described.kind, described.members.len()), (GroupType::Share, 2));
        assert_eq!(described.members[1].assigned, Some(vec![TopicPartition::new("t", 0)]));
        assert_eq!(&*described.members[0].host, "10.0.0.1");
    }

    #[test]
    fn what_a_modern_member_owns_counts_not_its_target() {
        let topic = |partition| {
            modern::TopicPartitions::default()
                .with_topic_name(text("t").into())
                .with_partitions(vec![partition])
        };
        let assignment = |partition| modern::Assignment::default().with_topic_partitions(vec![topic(partition)]);
        let member = modern::Member::default()
            .with_assignment(assignment(0))
            .with_target_assignment(assignment(1));
        let group = modern::DescribedGroup::default().with_members(vec![member]);
        let (_, described) = super::modern(BrokerId(1), &group);
        let owned = described.unwrap().members[0].assigned.clone();
        assert_eq!(owned, Some(vec![TopicPartition::new("t", 0)]));
    }
}
