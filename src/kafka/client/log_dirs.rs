//! DescribeLogDirs: what lies on the brokers' disks. Every broker answers for itself.

use std::collections::HashMap;

use futures_util::future::join_all;
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_log_dirs_response::DescribeLogDirsResult;
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};

use super::{Answer, Client, Metadata, MetadataScope, Node, Purpose};
use crate::kafka::error::Error;
use crate::kafka::model::{BrokerId, LogDir, PartitionId, ReplicaSize, Topic, TopicName};
use crate::kafka::partial::{Failure, Partial};

const VERSIONS: VersionRange = VersionRange { min: 1, max: 4 };
/// The first version that can say that the request as a whole is denied.
const SAYS_DENIED: i16 = 3;
const KAFKA_STORAGE_ERROR: i16 = 56;
const CLUSTER_AUTHORIZATION_FAILED: i16 = 31;

impl Client {
    /// Log directories of every live broker, each with the sum of its replicas' sizes.
    pub async fn log_dirs(&self) -> Result<Partial<Vec<LogDir>>, Error> {
        let brokers = self.live_brokers().await?;
        let asked = brokers.iter().map(|broker| self.ask_log_dirs(*broker, None));
        let answers = join_all(asked).await;
        let mut failures = Vec::new();
        let mut dirs = Vec::new();
        for (broker, answer) in brokers.iter().zip(answers) {
            match answer {
                Ok(answer) => dirs.extend(answer.results.iter().map(|dir| log_dir(*broker, dir))),
                Err(error) => failures.push(Failure::of(*broker, format!("log dirs of broker {broker}"), error)),
            }
        }
        all_or_some(dirs, failures, brokers.len())
    }

    /// Size of every replica of `topics`, asked of the brokers that hold one.
    pub async fn replica_sizes(
        &self,
        topics: &[TopicName],
    ) -> Result<Partial<HashMap<TopicName, Vec<ReplicaSize>>>, Error> {
        let mut failures = Vec::new();
        let metadata = self
            .metadata(MetadataScope::Named(topics.to_vec()))
            .await?
            .drain_into(&mut failures);
        let shares = holders(&metadata.topics, &live(&metadata), &mut failures);
        let asked = shares
            .iter()
            .map(|(broker, share)| self.ask_log_dirs(*broker, Some(share)));
        let answers = join_all(asked).await;
        let mut sizes: HashMap<TopicName, Vec<ReplicaSize>> = HashMap::new();
        for ((broker, share), answer) in shares.iter().zip(answers) {
            match answer {
                Ok(answer) => collect_sizes(*broker, &answer, share, &mut sizes),
                Err(error) => failures.push(Failure::of(*broker, format!("replica sizes of broker {broker}"), error)),
            }
        }
        for list in sizes.values_mut() {
            list.sort_by_key(|size| (size.partition, size.broker));
        }
        Ok(Partial::new(sizes, failures))
    }

    async fn ask_log_dirs(&self, broker: BrokerId, share: Option<&Share>) -> Result<DescribeLogDirsResponse, Error> {
        let build = |_| {
            let topics = share.map(|share| {
                share
                    .iter()
                    .map(|(topic, partitions)| wanted(topic, partitions))
                    .collect()
            });
            DescribeLogDirsRequest::default().with_topics(topics)
        };
        let answer: Answer<DescribeLogDirsResponse> = self
            .call::<DescribeLogDirsRequest, _>(Node::Broker(broker), Purpose::Bulk, VERSIONS, build)
            .await?;
        let what = || "DescribeLogDirs".to_owned();
        // Before v3 a broker answers "denied" with nothing at all; a broker that answers has at least one directory.
        if answer.version < SAYS_DENIED && answer.response.results.is_empty() {
            Error::check(CLUSTER_AUTHORIZATION_FAILED, Some("the answer is empty"), what)?;
        }
        Error::check(answer.response.error_code, None, what)?;
        Ok(answer.response)
    }
}

fn live(metadata: &Metadata) -> Vec<BrokerId> {
    metadata.cluster.brokers.iter().map(|broker| broker.id).collect()
}

/// One broker's part of the wanted topics.
type Share = HashMap<TopicName, Vec<PartitionId>>;

/// Which broker holds replicas of what. Replicas on brokers that are not alive are failures.
fn holders(topics: &[Topic], live: &[BrokerId], failures: &mut Vec<Failure>) -> Vec<(BrokerId, Share)> {
    let mut shares: HashMap<BrokerId, Share> = HashMap::new();
    for topic in topics {
        for partition in &topic.partitions {
            for broker in &*partition.replicas {
                let share = shares.entry(*broker).or_default();
                share.entry(topic.name.clone()).or_default().push(partition.id);
            }
        }
    }
    let mut shares: Vec<_> = shares.into_iter().collect();
    shares.sort_by_key(|(broker, _)| *broker);
    let (alive, gone): (Vec<_>, Vec<_>) = shares.into_iter().partition(|(broker, _)| live.contains(broker));
    failures.extend(gone.into_iter().map(|(broker, _)| {
        Failure::of(
            broker,
            format!("replica sizes of broker {broker}"),
            Error::UnknownBroker { broker },
        )
    }));
    alive
}

fn wanted(topic: &TopicName, partitions: &[PartitionId]) -> DescribableLogDirTopic {
    DescribableLogDirTopic::default()
        .with_topic(StrBytes::from_string(topic.as_str().to_owned()).into())
        .with_partitions(partitions.iter().map(|partition| partition.0).collect())
}

fn log_dir(broker: BrokerId, dir: &DescribeLogDirsResult) -> LogDir {
    let replicas = dir.topics.iter().flat_map(|topic| &topic.partitions);
    LogDir {
        broker,
        path: dir.log_dir.to_string(),
        used_bytes: replicas.fold(0, |sum, replica| {
            sum.saturating_add(known(replica.partition_size).unwrap_or(0))
        }),
        total_bytes: known(dir.total_bytes),
        usable_bytes: known(dir.usable_bytes),
        is_offline: dir.error_code == KAFKA_STORAGE_ERROR,
    }
}

/// -1 stands for unknown.
fn known(bytes: i64) -> Option<u64> {
    u64::try_from(bytes).ok()
}

/// Sizes of what was asked for. A replica that is being moved to another directory is there twice; the future copy is
/// not the replica's size.
fn collect_sizes(
    broker: BrokerId,
    answer: &DescribeLogDirsResponse,
    share: &Share,
    sizes: &mut HashMap<TopicName, Vec<ReplicaSize>>,
) {
    for topic in answer.results.iter().flat_map(|dir| &dir.topics) {
        let Some((name, _)) = share.get_key_value(topic.name.as_str()) else {
            continue;
        };
        let current = topic.partitions.iter().filter(|replica| !replica.is_future_key);
        let found = current.filter_map(|replica| {
            Some(ReplicaSize {
                broker,
                topic: name.clone(),
                partition: PartitionId(replica.partition_index),
                bytes: known(replica.partition_size)?,
            })
        });
        sizes.entry(name.clone()).or_default().extend(found);
    }
}

fn all_or_some<T>(value: Vec<T>, failures: Vec<Failure>, asked: usize) -> Result<Partial<Vec<T>>, Error> {
    match failures.first() {
        Some(first) if failures.len() == asked => Err(first.error.clone()),
        _ => Ok(Partial::new(value, failures)),
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsTopic};

    use super::*;
    use crate::kafka::model::Partition;

    fn replica(partition: i32, bytes: i64) -> DescribeLogDirsPartition {
        DescribeLogDirsPartition::default()
            .with_partition_index(partition)
            .with_partition_size(bytes)
    }

    fn dir(topic: &'static str, replicas: Vec<DescribeLogDirsPartition>) -> DescribeLogDirsResult {
        let topic = DescribeLogDirsTopic::default()
            .with_name(StrBytes::from_static_str(topic).into())
            .with_partitions(replicas);
        DescribeLogDirsResult::default().with_topics(vec![topic])
    }

    #[test]
    fn a_dir_sums_its_replicas_and_knows_its_space_only_where_the_broker_says_so() {
        let summed = log_dir(BrokerId(1), &dir("t", vec![replica(0, 10), replica(1, 5)]));
        assert_eq!(
            (summed.used_bytes, summed.total_bytes, summed.usable_bytes),
            (15, None, None)
        );
        let with_space = dir("t", vec![]).with_total_bytes(100).with_usable_bytes(0);
        let with_space = log_dir(BrokerId(1), &with_space);
        assert_eq!((with_space.total_bytes, with_space.usable_bytes), (Some(100), Some(0)));
    }

    #[test]
    fn a_dir_with_a_storage_error_is_offline() {
        let broken = DescribeLogDirsResult::default().with_error_code(KAFKA_STORAGE_ERROR);
        assert!(log_dir(BrokerId(1), &broken).is_offline);
        assert!(!log_dir(BrokerId(1), &dir("t", vec![])).is_offline);
    }

    #[test]
    fn a_copy_under_way_to_another_dir_is_not_the_replicas_size() {
        let answer = DescribeLogDirsResponse::default().with_results(vec![
            dir("t", vec![replica(0, 100)]),
            dir("t", vec![replica(0, 40).with_is_future_key(true)]),
            dir("other", vec![replica(0, 7)]),
        ]);
        let share = Share::from([("t".into(), vec![PartitionId(0)])]);
        let mut sizes = HashMap::new();
        collect_sizes(BrokerId(1), &answer, &share, &mut sizes);
        assert_eq!(sizes.len(), 1, "nobody asked for the other topic");
        assert_eq!(sizes["t"].iter().map(|size| size.bytes).collect::<Vec<_>>(), [100]);
    }

    #[test]
    fn only_brokers_that_hold_a_replica_are_asked_and_dead_ones_are_told() {
        let partition = Partition {
            id: PartitionId(0),
            leader: Some(BrokerId(1)),
            leader_epoch: None,
            replicas: [BrokerId(3), BrokerId(1)].into(),
            isr: [BrokerId(1)].into(),
            adding: Box::default(),
        };
        let topic = Topic {
            name: "t".into(),
            id: None,
            is_internal: false,
            partitions: vec![partition],
        };
        let mut failures = Vec::new();
        let shares = holders(&[topic], &[BrokerId(1), BrokerId(2)], &mut failures);
        assert_eq!(
            shares.iter().map(|(broker, _)| *broker).collect::<Vec<_>>(),
            [BrokerId(1)]
        );
        assert_eq!(failures[0].node, Some(BrokerId(3)));
    }
}
