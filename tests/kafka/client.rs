//! The client core against real brokers.

use std::time::Duration;

use ktui::kafka::client::{Client, ClientSettings, ConnectionState, Isolation, Leader, MetadataScope, OffsetSpec};
use ktui::kafka::error::Error;
use ktui::kafka::model::{BrokerId, ClusterKind, GroupId, PartitionId, TopicName, TopicPartition};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::support::java::Record;
use crate::support::kafka::{self, KafkaCluster, Version};

/// Longer than a broker takes to leave or to come back on a busy machine.
const SOON: Duration = Duration::from_mins(1);

fn client(cluster: &KafkaCluster) -> Client {
    Client::new(ClientSettings::new([cluster.bootstrap()]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cluster_is_described_as_it_is() {
    for (version, kind, release) in [
        (Version::V3_4_1, ClusterKind::ZooKeeper, "3.4"),
        (Version::V3_8_0, ClusterKind::KRaft, "3.8"),
        (Version::V4_3_0, ClusterKind::KRaft, "4.3"),
    ] {
        let cluster = KafkaCluster::shared(version);
        let client = client(cluster);
        let described = client.describe_cluster().await.unwrap();
        assert!(described.is_complete(), "{:?}", described.failures);
        let described = described.value;
        assert_eq!(described.kind, kind, "{}", version.name());
        assert_eq!(described.version.as_deref(), Some(release));
        assert!(described.id.is_some());
        let ids: Vec<i32> = described.brokers.iter().map(|broker| broker.id.0).collect();
        assert_eq!(ids, cluster.broker_ids());
        assert!(ids.contains(&described.controller.unwrap().0));
        assert_eq!(*client.connection_state().borrow(), ConnectionState::Connected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_come_with_leaders_epochs_and_ids() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("leaders");
        cluster.workload().create_topic(&topic, 4, &[]);
        let client = client(cluster);
        let metadata = client.metadata(MetadataScope::All).await.unwrap();
        assert!(metadata.is_complete(), "{:?}", metadata.failures);
        let name = TopicName::from(topic);
        let found = metadata.value.topics.iter().find(|topic| topic.name == name).unwrap();
        assert_eq!(found.partitions.len(), 4, "{}", version.name());
        assert!(found.id.is_some() && client.topic_id(&name) == found.id);
        for partition in &found.partitions {
            let leader = partition.leader.unwrap();
            assert!(cluster.broker_ids().contains(&leader.0));
            assert!(partition.leader_epoch.is_some());
            let known = client.leader_of(&name, partition.id);
            assert_eq!(known, Leader::Known(leader, partition.leader_epoch));
        }
        assert_eq!(client.leader_of(&name, PartitionId(4)), Leader::NoPartition);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_topic_that_does_not_exist_does_not_create_it() {
    for version in Version::ALL {
        let cluster = KafkaCluster::start_with(version, 1, &[("auto.create.topics.enable", "true")]);
        let client = client(&cluster);
        let wanted = || MetadataScope::Named(vec!["never-made".into()]);
        for _ in 0..2 {
            let metadata = client.metadata(wanted()).await.unwrap();
            let gone = Error::UnknownTopic {
                topic: "never-made".into(),
            };
            assert_eq!(metadata.failures[0].error, gone, "{}", version.name());
        }
        assert_eq!(client.metadata(MetadataScope::All).await.unwrap().value.topics, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coordinators_are_found_in_every_version() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let client = client(cluster);
        let groups: Vec<GroupId> = (0..30).map(|n| GroupId::from(format!("found-{n}"))).collect();
        // The first question makes the broker create the topic of commits, which takes a moment.
        let begin = Instant::now();
        let found = loop {
            let found = client.coordinators(&groups).await;
            match found.iter().find_map(|(_, outcome)| outcome.as_ref().err()) {
                Some(error) if error.is_retriable() && begin.elapsed() < SOON => {
                    sleep(Duration::from_millis(100)).await;
                }
                Some(error) => panic!("{}: {error}", version.name()),
                None => break found,
            }
        };
        assert_eq!(found.len(), 30);
        for (_, broker) in found {
            assert!(cluster.broker_ids().contains(&broker.unwrap().0));
        }
    }
}

/// A topic of three partitions with one replica each, on brokers 1, 2 and 3, with one record each.
fn spread(cluster: &KafkaCluster) -> TopicName {
    let topic = kafka::unique("spread");
    let replicas = [[1], [2], [3]];
    cluster.workload().ask(
        "create-topic",
        json!({"topic": topic, "assignments": replicas, "configs": {}}),
    );
    let records: Vec<_> = (0..3).map(|partition| Record::new("k", "v").at(partition)).collect();
    cluster.workload().produce(&topic, &records, json!({}));
    topic.into()
}

/// The end of each partition by the id of its leader.
async fn ends(client: &Client, topic: &TopicName) -> Vec<(PartitionId, Result<i64, Error>)> {
    let wanted = (0..3).map(|partition| TopicPartition::new(topic.clone(), partition));
    let answers = client
        .list_offsets(OffsetSpec::Latest, Isolation::ReadUncommitted, wanted)
        .await;
    let mut ends: Vec<_> = answers
        .into_iter()
        .map(|(at, outcome)| {
            (
                at.partition,
                outcome.map(|offset| offset.unwrap().0).map_err(|error| *error),
            )
        })
        .collect();
    ends.sort_by_key(|(partition, _)| *partition);
    ends
}

fn known(ends: &[(PartitionId, Result<i64, Error>)]) -> usize {
    ends.iter().filter(|(_, end)| *end == Ok(1)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_takes_only_its_own_along_and_comes_back_by_itself() {
    let cluster = KafkaCluster::start(Version::V4_3_0, 3);
    let topic = spread(&cluster);
    let client = client(&cluster);
    let before = client.metadata(MetadataScope::All).await.unwrap().value;
    let spread = before.topics.iter().find(|found| found.name == topic).unwrap();
    let lost = spread
        .partitions
        .iter()
        .find(|partition| partition.leader == Some(BrokerId(2)))
        .unwrap()
        .id;
    assert_eq!(known(&ends(&client, &topic).await), 3);

    cluster.kill_broker(2);
    let begin = Instant::now();
    // First its sockets break, later it leaves the metadata: at no moment is anything else affected.
    loop {
        let asked = Instant::now();
        let now = timeout(SOON, ends(&client, &topic)).await.expect("in time");
        assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());
        assert_eq!(known(&now), 2, "{now:?}");
        let (_, outcome) = now.iter().find(|(partition, _)| *partition == lost).unwrap();
        let error = outcome.as_ref().unwrap_err();
        let described = client.describe_cluster().await.unwrap();
        if matches!(error, Error::NoLeader { .. }) && described.value.brokers.len() == 2 {
            break;
        }
        assert!(
            matches!(
                error,
                Error::Connect { .. } | Error::Closed { .. } | Error::NoLeader { .. }
            ),
            "{error}"
        );
        assert!(begin.elapsed() < SOON, "it leaves");
        sleep(Duration::from_millis(100)).await;
    }

    cluster.restart_broker(2);
    let begin = Instant::now();
    while known(&ends(&client, &topic).await) < 3 {
        assert!(begin.elapsed() < SOON, "it is back");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(client.describe_cluster().await.unwrap().value.brokers.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_hangs_costs_a_deadline_and_not_the_others() {
    let cluster = KafkaCluster::start(Version::V4_3_0, 3);
    let topic = spread(&cluster);
    let mut settings = ClientSettings::new([cluster.bootstrap()]);
    settings.request_timeout = Duration::from_secs(3);
    settings.connect_timeout = Duration::from_secs(2);
    let client = Client::new(settings);
    assert_eq!(known(&ends(&client, &topic).await), 3);

    cluster.pause_broker(3);
    let asked = Instant::now();
    let now = ends(&client, &topic).await;
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert_eq!(known(&now), 2, "{now:?}");
    let error = now.iter().find_map(|(_, end)| end.as_ref().err()).unwrap();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(error.to_string().contains("(broker 3) did not answer"), "{error}");

    cluster.resume_broker(3);
    let begin = Instant::now();
    while known(&ends(&client, &topic).await) < 3 {
        assert!(begin.elapsed() < SOON, "it is back");
        sleep(Duration::from_millis(100)).await;
    }
}
