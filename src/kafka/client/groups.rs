//! Consumer groups: which there are (ListGroups) and who is in them (DescribeGroups, ConsumerGroupDescribe).
//!
//! Every broker lists the groups it coordinates, so a listing names the coordinator for free; it is looked up again only
//! where a broker says that it moved, or does not answer.

mod consumer_protocol;
mod decode;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use futures_util::future::join_all;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DescribeGroupsRequest, GroupId as WireGroup, ListGroupsRequest,
    ShareGroupDescribeRequest,
};
use kafka_protocol::protocol::{StrBytes, VersionRange};
use tokio::time::sleep;

use super::chunks::{Cut, by_chunk};
use super::failures::{Miss, failures};
use super::{Client, Leader, Node, Outcomes, Purpose};
use crate::kafka::error::{Error, Remedy, remedy};
use crate::kafka::model::{BrokerId, GroupDescription, GroupId, GroupListing, GroupState, GroupType, TopicName};
use crate::kafka::partial::{Failure, Partial};

const LIST: VersionRange = VersionRange { min: 0, max: 5 };
const DESCRIBE_CLASSIC: VersionRange = VersionRange { min: 0, max: 6 };
const DESCRIBE_MODERN: VersionRange = VersionRange { min: 0, max: 1 };
/// Where coordinators keep groups and their commits.
const OFFSETS_TOPIC: &str = "__consumer_offsets";
const CUT: Cut = Cut { size: CHUNK, depth: 1 };
/// v0 was an early access that no release keeps (KIP-932).
const DESCRIBE_SHARE: VersionRange = VersionRange { min: 1, max: 1 };
/// Times a broker is asked for its groups while it loads them, and the pause in between, which grows.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(150);
/// Groups in one request, so that one slow or large group does not hold up hundreds.
pub(super) const CHUNK: usize = 100;

pub(super) use decode::GROUP_ID_NOT_FOUND;

impl Client {
    /// Groups of every broker, by name. A broker that cannot say is a failure beside the others' groups, also one that
    /// has left the cluster and whose groups nobody else lists yet.
    ///
    /// Brokers before Kafka 2.6 list no states: the groups are described for them.
    pub async fn list_groups(&self) -> Result<Partial<Vec<GroupListing>>, Error> {
        let brokers = self.live_brokers().await?;
        let lists = join_all(brokers.iter().map(|broker| self.list_groups_of(*broker))).await;
        let mut found: HashMap<GroupId, GroupListing> = HashMap::new();
        let mut failures = Vec::new();
        let mut answered = 0;
        for (broker, list) in brokers.iter().zip(lists) {
            match list {
                Ok(groups) => {
                    answered += 1;
                    for group in groups {
                        keep_likelier(&mut found, group);
                    }
                }
                Err(error) => failures.push(Failure::of(*broker, format!("groups of broker {broker}"), error)),
            }
        }
        if let (0, Some(first)) = (answered, failures.first()) {
            return Err(first.error.clone());
        }
        let gone = self.shared.routes.coordinators_beside(&brokers, &found);
        failures.extend(gone.into_iter().map(|broker| {
            let what = format!("groups of broker {broker}");
            Failure::of(broker, what, Error::UnknownBroker { broker })
        }));
        failures.extend(self.leaderless_groups());
        let mut groups: Vec<_> = found.into_values().collect();
        groups.sort_by(|one, other| one.group.cmp(&other.group));
        self.learn_coordinators(
            groups
                .iter()
                .map(|group| (group.group.clone(), group.coordinator))
                .collect::<Vec<_>>(),
        );
        self.complete_states(&mut groups, &mut failures).await;
        Ok(Partial::new(groups, failures))
    }

    /// Groups live in partitions of [`OFFSETS_TOPIC`]. Those of a partition without leader are listed by nobody, and
    /// nobody would miss them. Judged by the leaders as last seen.
    fn leaderless_groups(&self) -> Vec<Failure> {
        let topic = TopicName::from(OFFSETS_TOPIC);
        let lost = self.partitions_of(&topic).filter_map(|item| {
            let error = Error::NoLeader {
                topic: item.topic.clone(),
                partition: item.partition,
            };
            let is_lost = self.leader_of(&item.topic, item.partition) == Leader::None;
            is_lost.then_some((item, error))
        });
        let lost: Vec<_> = lost.collect();
        let misses = lost.iter().map(|(item, error)| Miss {
            item,
            node: None,
            error,
        });
        failures("groups", misses)
    }

    /// The brokers that are alive now, by id, as of at most a second ago.
    pub(super) async fn live_brokers(&self) -> Result<Vec<BrokerId>, Error> {
        self.refresh_brokers(self.end()).await?;
        Ok(self.broker_ids())
    }

    /// A group as its coordinator lists it; `None` when it lists no such group. No other broker is asked for its groups.
    ///
    /// # Errors
    /// When there is no coordinator, or it does not tell.
    pub async fn listing(&self, group: &GroupId) -> Result<Option<GroupListing>, Error> {
        let coordinator = self.find_coordinator(group).await?;
        let mut listed = self.list_groups_of(coordinator).await?.into_iter();
        Ok(listed.find(|listing| listing.group == *group))
    }

    async fn list_groups_of(&self, broker: BrokerId) -> Result<Vec<GroupListing>, Error> {
        let mut attempt = 1;
        loop {
            let build = |_| ListGroupsRequest::default();
            let answer = self.call(Node::Broker(broker), Purpose::Bulk, LIST, build).await?;
            let checked = Error::check(answer.response.error_code, None, || "ListGroups".to_owned());
            match checked {
                Ok(()) => {
                    let groups = answer
                        .response
                        .groups
                        .iter()
                        .map(|group| decode::listing(broker, group));
                    return Ok(groups.collect());
                }
                // Right after a start the broker still loads the offsets topic.
                Err(error) if attempt < ATTEMPTS && is_loading(&error) => sleep(PAUSE * attempt).await,
                Err(error) => return Err(error),
            }
            attempt += 1;
        }
    }

    async fn complete_states(&self, groups: &mut [GroupListing], failures: &mut Vec<Failure>) {
        let stateless: Vec<_> = groups.iter().filter(|group| group.state.is_none()).cloned().collect();
        if stateless.is_empty() {
            return;
        }
        let described = self.describe_groups(&stateless).await.drain_into(failures);
        for group in groups.iter_mut().filter(|group| group.state.is_none()) {
            group.state = described.get(&group.group).map(|found| found.state.clone());
        }
    }

    /// Members and states of `groups`, batched per coordinator.
    pub async fn describe_groups(&self, groups: &[GroupListing]) -> Partial<HashMap<GroupId, GroupDescription>> {
        self.learn_listed(groups);
        let items = groups.iter().map(|group| (group.group.clone(), group.kind)).collect();
        let ask = |broker, items: Vec<(GroupId, GroupType)>| async move { Ok(self.describe_on(broker, items).await) };
        let outcomes = self.by_coordinator(items, |(group, _)| group, ask).await;
        let (mut found, mut missed) = (HashMap::with_capacity(outcomes.len()), Vec::new());
        for ((group, _), outcome) in outcomes {
            match outcome {
                Ok(description) => drop(found.insert(group, description)),
                Err(error) => missed.push((group, error)),
            }
        }
        Partial::new(found, self.group_failures("members", &missed))
    }

    /// A listing names the coordinator; what was learned since is not overwritten.
    pub(super) fn learn_listed(&self, groups: &[GroupListing]) {
        let routes = &self.shared.routes;
        let news = groups.iter().filter(|group| routes.coordinator(&group.group).is_none());
        let news: Vec<_> = news.map(|group| (group.group.clone(), group.coordinator)).collect();
        self.learn_coordinators(news);
    }

    /// Failures that name the coordinator of each group.
    pub(super) fn group_failures(&self, what: &str, missed: &[(GroupId, Error)]) -> Vec<Failure> {
        let misses = missed.iter().map(|(group, error)| Miss {
            item: group,
            node: self.shared.routes.coordinator(group),
            error,
        });
        failures(what, misses)
    }

    async fn describe_on(
        &self,
        broker: BrokerId,
        groups: Vec<(GroupId, GroupType)>,
    ) -> Outcomes<(GroupId, GroupType), GroupDescription> {
        let [mut classic, mut modern, mut share, mut streams] = [const { Vec::new() }; 4];
        let kinds: HashMap<_, _> = groups.into_iter().collect();
        for (group, kind) in &kinds {
            match kind {
                GroupType::Classic => classic.push(group.clone()),
                GroupType::Consumer => modern.push(group.clone()),
                GroupType::Share => share.push(group.clone()),
                GroupType::Streams => streams.push(group.clone()),
            }
        }
        let mut outcomes = self.describe_share(broker, &share).await;
        outcomes.extend(streams.into_iter().map(unspoken));
        for (group, outcome) in self.describe_modern(broker, &modern).await {
            match outcome {
                // It became classic since it was listed, or the broker does not know the newer request.
                Err(error) if is_not_modern(&error) => classic.push(group),
                outcome => outcomes.push((group, outcome)),
            }
        }
        let mut dead = Vec::new();
        for (group, outcome) in self.describe_classic(broker, &classic).await {
            match outcome {
                Ok(found) if found.state.is_dead() && !modern.contains(&group) => dead.push(found),
                outcome => outcomes.push((group, outcome)),
            }
        }
        outcomes.extend(self.revive(broker, dead).await);
        let with_kind = |(group, outcome)| {
            let kind = kinds.get(&group).copied().unwrap_or_default();
            ((group, kind), outcome)
        };
        outcomes.into_iter().map(with_kind).collect()
    }

    /// Classic groups that are unknown now: they became KIP-848 groups since they were listed, or are gone.
    async fn revive(&self, broker: BrokerId, dead: Vec<GroupDescription>) -> Outcomes<GroupId, GroupDescription> {
        let ids: Vec<_> = dead.iter().map(|dead| dead.group.clone()).collect();
        let second = self.describe_modern(broker, &ids).await;
        let better = dead
            .into_iter()
            .zip(second)
            .map(|(dead, (group, second))| (group, second.or(Ok(dead))));
        better.collect()
    }

    async fn describe_classic(&self, broker: BrokerId, groups: &[GroupId]) -> Outcomes<GroupId, GroupDescription> {
        by_chunk(broker, groups, CUT, |chunk| async move {
            let ids = || chunk.iter().map(wire_id).collect();
            let build = |_| DescribeGroupsRequest::default().with_groups(ids());
            let answer = self
                .call(Node::Broker(broker), Purpose::Bulk, DESCRIBE_CLASSIC, build)
                .await?;
            Ok(answer
                .response
                .groups
                .iter()
                .map(|group| decode::classic(broker, group))
                .collect())
        })
        .await
    }

    async fn describe_modern(&self, broker: BrokerId, groups: &[GroupId]) -> Outcomes<GroupId, GroupDescription> {
        by_chunk(broker, groups, CUT, |chunk| async move {
            let ids = || chunk.iter().map(wire_id).collect();
            let build = |_| ConsumerGroupDescribeRequest::default().with_group_ids(ids());
            let answer = self
                .call(Node::Broker(broker), Purpose::Bulk, DESCRIBE_MODERN, build)
                .await?;
            Ok(answer
                .response
                .groups
                .iter()
                .map(|group| decode::modern(broker, group))
                .collect())
        })
        .await
    }

    async fn describe_share(&self, broker: BrokerId, groups: &[GroupId]) -> Outcomes<GroupId, GroupDescription> {
        by_chunk(broker, groups, CUT, |chunk| async move {
            let ids = || chunk.iter().map(wire_id).collect();
            let build = |_| ShareGroupDescribeRequest::default().with_group_ids(ids());
            let answer = self
                .call(Node::Broker(broker), Purpose::Bulk, DESCRIBE_SHARE, build)
                .await?;
            Ok(answer
                .response
                .groups
                .iter()
                .map(|group| decode::share(broker, group))
                .collect())
        })
        .await
    }
}

fn unspoken(group: GroupId) -> (GroupId, Result<GroupDescription, Error>) {
    let what = format!("the members of streams group {group}");
    (group, Err(Error::NotSpoken { what }))
}

pub(super) fn wire_id(group: &GroupId) -> WireGroup {
    StrBytes::from_string(group.as_str().to_owned()).into()
}

/// While a group moves, its old and its new coordinator may both list it: the one that knows more is believed.
fn keep_likelier(found: &mut HashMap<GroupId, GroupListing>, group: GroupListing) {
    let is_dead = |listing: &GroupListing| listing.state.as_ref().is_none_or(GroupState::is_dead);
    match found.entry(group.group.clone()) {
        Entry::Occupied(mut held) if is_dead(held.get()) && !is_dead(&group) => drop(held.insert(group)),
        Entry::Occupied(_) => {}
        Entry::Vacant(free) => drop(free.insert(group)),
    }
}

fn is_loading(error: &Error) -> bool {
    matches!(
        error.code().map(remedy),
        Some(Remedy::Wait | Remedy::RefreshCoordinator)
    )
}

fn is_not_modern(error: &Error) -> bool {
    matches!(error, Error::Unsupported { .. }) || error.code() == Some(GROUP_ID_NOT_FOUND)
}
