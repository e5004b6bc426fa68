//! Metadata, leaders and coordinators against simulated clusters of several releases, and when they change.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId as WireBrokerId, ListOffsetsRequest, ListOffsetsResponse, TopicName};
use kafka_protocol::protocol::{StrBytes, VersionRange};
use ktui::kafka::client::{Client, ConnectionState, MetadataScope, Node, Outcomes, Purpose};
use ktui::kafka::error::Error;
use ktui::kafka::model::{BrokerId, ClusterKind, GroupId, TopicPartition};
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{ApiProfile, SimSpec, TopicSpec};
use tokio::time::{Instant, sleep, timeout};

use crate::profiles::{for_each_profile, started};

const SOON: Duration = Duration::from_secs(20);
const LIST_OFFSETS: i16 = 2;
const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
const DESCRIBE_QUORUM: i16 = 55;

/// Three brokers; `orders` has six partitions with the ends 100 to 105, each broker leads two.
fn orders() -> SimSpec {
    let replicas = (0..6).map(|p| vec![p % 3 + 1, (p + 1) % 3 + 1]).collect();
    SimSpec::small()
        .brokers(3)
        .add_topic(TopicSpec::new("orders", 6).replicas(replicas).without_data(0, 100))
}

fn partitions(topic: &str, list: impl IntoIterator<Item = i32>) -> Vec<TopicPartition> {
    list.into_iter()
        .map(|partition| TopicPartition::new(topic, partition))
        .collect()
}

/// The end offset of each partition, by one ListOffsets per leader.
async fn ends(client: &Client, items: Vec<TopicPartition>) -> BTreeMap<i32, Result<i64, Error>> {
    let by_leader = client.by_leader(
        items,
        |item| (&item.topic, item.partition),
        |broker, items| ask(client, broker, items),
    );
    let outcomes = timeout(SOON, by_leader).await.expect("in time");
    outcomes
        .into_iter()
        .map(|(item, outcome)| (item.partition.0, outcome))
        .collect()
}

async fn ask(
    client: &Client,
    broker: BrokerId,
    items: Vec<TopicPartition>,
) -> Result<Outcomes<TopicPartition, i64>, Error> {
    let build = |_| {
        let partition = |item: &TopicPartition| {
            ListOffsetsPartition::default()
                .with_partition_index(item.partition.0)
                .with_timestamp(-1)
        };
        let name = TopicName(StrBytes::from_string(items[0].topic.to_string()));
        let topic = ListOffsetsTopic::default()
            .with_name(name)
            .with_partitions(items.iter().map(partition).collect());
        ListOffsetsRequest::default()
            .with_replica_id(WireBrokerId(-1))
            .with_topics(vec![topic])
    };
    let versions = VersionRange { min: 2, max: 9 };
    let answer = client
        .call::<ListOffsetsRequest, _>(Node::Broker(broker), Purpose::Bulk, versions, build)
        .await?;
    assert_eq!(answer.broker, Some(broker));
    let said = |item: &TopicPartition, response: &ListOffsetsResponse| {
        let partition = response.topics[0]
            .partitions
            .iter()
            .find(|p| p.partition_index == item.partition.0)?;
        Some(
            Error::from_code(partition.error_code, format!("orders-{}", item.partition), None)
                .map_or(Ok(partition.offset), Err),
        )
    };
    let missing = |item: &TopicPartition| Error::Missing {
        what: item.partition.to_string(),
        addr: broker.to_string(),
    };
    Ok(items
        .into_iter()
        .map(|item| {
            let outcome = said(&item, &answer.response).unwrap_or_else(|| Err(missing(&item)));
            (item, outcome)
        })
        .collect())
}

fn all_ends(offsets: &BTreeMap<i32, Result<i64, Error>>) -> Vec<Option<i64>> {
    offsets.values().map(|outcome| outcome.as_ref().ok().copied()).collect()
}

async fn learn(client: &Client) {
    let metadata = client.metadata(MetadataScope::All).await.unwrap();
    assert!(metadata.is_complete(), "{:?}", metadata.failures);
}

#[tokio::test]
async fn every_release_is_described_by_its_kind_and_version() {
    for_each_profile(orders(), |profile, handle, client| async move {
        let described = client.describe_cluster().await.unwrap();
        assert!(described.is_complete(), "{}: {:?}", profile.name, described.failures);
        let cluster = described.value;
        let (kind, version) = match profile.name {
            "Kafka 2.1" => (ClusterKind::ZooKeeper, Some("2.1")),
            "Kafka 2.4" => (ClusterKind::ZooKeeper, Some("2.4")),
            "Kafka 2.8" => (ClusterKind::ZooKeeper, Some("2.8")),
            "Kafka 3.3" => (ClusterKind::KRaft, Some("3.3")),
            "Kafka 4.1" => (ClusterKind::KRaft, Some("4.1")),
            _ => (ClusterKind::Redpanda, None),
        };
        assert_eq!(
            (cluster.kind, cluster.version.as_deref()),
            (kind, version),
            "{}",
            profile.name
        );
        assert_eq!(cluster.brokers.len(), 3);
        assert_eq!(
            cluster.controller.map(|id| id.0),
            Some(handle.look(|state| state.controller))
        );
        assert_eq!(client.broker_ids(), [BrokerId(1), BrokerId(2), BrokerId(3)]);
    })
    .await;
}

#[tokio::test]
async fn a_cluster_without_any_known_sign_is_of_an_unknown_kind() {
    let spec = SimSpec::small()
        .profile(ApiProfile::REDPANDA_24_3)
        .cluster_id("event-hub");
    let (_sim, _, client) = started(spec).await;
    let cluster = client.describe_cluster().await.unwrap().value;
    assert_eq!((cluster.kind, cluster.version), (ClusterKind::Unknown, None));
}

#[tokio::test]
async fn the_first_screen_costs_one_metadata_request() {
    for_each_profile(orders(), |profile, handle, client| async move {
        let metadata = client.metadata(MetadataScope::All).await.unwrap().value;
        let names: Vec<&str> = metadata.topics.iter().map(|topic| topic.name.as_str()).collect();
        assert_eq!(names, ["__consumer_offsets", "orders"], "{}", profile.name);
        assert!(metadata.topics[0].is_internal);
        let orders = &metadata.topics[1];
        assert_eq!(
            (orders.partitions.len(), orders.replication_factor(), orders.offline()),
            (6, 2, 0)
        );
        assert_eq!(orders.partitions[4].leader, Some(BrokerId(2)));
        let asked: Vec<i16> = handle
            .request_log()
            .iter()
            .map(|seen| seen.api_key)
            .filter(|key| *key != 18)
            .collect();
        assert_eq!(asked, [METADATA], "{}", profile.name);
    })
    .await;
}

#[tokio::test]
async fn asking_for_a_topic_that_does_not_exist_creates_nothing() {
    for_each_profile(orders(), |profile, handle, client| async move {
        let names = vec!["orders".into(), "oders".into()];
        let metadata = client.metadata(MetadataScope::Named(names)).await.unwrap();
        assert_eq!(metadata.value.topics.len(), 1, "{}", profile.name);
        assert_eq!(metadata.failures.len(), 1);
        assert_eq!(
            metadata.failures[0].error,
            Error::UnknownTopic { topic: "oders".into() }
        );
        assert!(handle.look(|state| state.topic("oders").is_none()));
    })
    .await;
}

#[tokio::test]
async fn partitions_are_asked_about_with_one_request_per_leader() {
    for_each_profile(orders(), |profile, handle, client| async move {
        learn(&client).await;
        let offsets = ends(&client, partitions("orders", 0..6)).await;
        assert_eq!(all_ends(&offsets), [Some(100); 6], "{}: {offsets:?}", profile.name);
        assert_eq!(handle.requests(LIST_OFFSETS), 3);
    })
    .await;
}

#[tokio::test]
async fn only_what_went_to_the_wrong_broker_is_asked_again() {
    for_each_profile(orders(), |profile, handle, client| async move {
        learn(&client).await;
        handle.move_leader("orders", 0, 2);
        handle.reset_stats();
        let offsets = ends(&client, partitions("orders", 0..6)).await;
        assert_eq!(all_ends(&offsets), [Some(100); 6], "{}: {offsets:?}", profile.name);
        assert_eq!(
            (handle.requests(LIST_OFFSETS), handle.requests(METADATA)),
            (4, 1),
            "{}",
            profile.name
        );
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_routed_fails_alone_and_unsent() {
    let (_sim, handle, client) = started(orders()).await;
    handle.take_leader("orders", 1);
    learn(&client).await;
    let mut items = partitions("orders", [0, 1, 17]);
    items.extend(partitions("gone", [99]));
    let offsets = ends(&client, items).await;
    assert_eq!(offsets[&0], Ok(100));
    assert_eq!(
        offsets[&1],
        Err(Error::NoLeader {
            topic: "orders".into(),
            partition: ktui::kafka::model::PartitionId(1)
        })
    );
    assert!(matches!(offsets[&17], Err(Error::UnknownPartition { .. })));
    assert_eq!(offsets[&99], Err(Error::UnknownTopic { topic: "gone".into() }));
    assert_eq!(handle.requests(LIST_OFFSETS), 1);
}

#[tokio::test]
async fn nothing_has_to_be_known_before_the_first_question() {
    let (_sim, _, client) = started(orders()).await;
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    assert_eq!(all_ends(&offsets), [Some(100); 6], "{offsets:?}");
}

#[tokio::test]
async fn a_denied_partition_is_a_failure_of_its_own() {
    let (_sim, handle, client) = started(orders()).await;
    learn(&client).await;
    let scope = Scope::Partition("orders".into(), 2);
    handle.inject(Rule::new(Fault::Error { code: 29, scope }).api(LIST_OFFSETS).always());
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    assert!(offsets[&2].as_ref().is_err_and(Error::is_denied));
    assert_eq!(all_ends(&offsets).iter().flatten().count(), 5);
}

#[tokio::test]
async fn an_error_that_passes_is_waited_out_at_the_same_broker() {
    let (_sim, handle, client) = started(orders()).await;
    learn(&client).await;
    handle.reset_stats();
    // OFFSET_NOT_AVAILABLE, twice at each broker.
    handle.inject(Rule::error(LIST_OFFSETS, 78).times(4));
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    assert_eq!(all_ends(&offsets), [Some(100); 6], "{offsets:?}");
    assert_eq!(handle.requests(METADATA), 0);
}

#[tokio::test]
async fn an_error_that_stays_is_given_up_and_told() {
    let (_sim, handle, client) = started(orders()).await;
    learn(&client).await;
    handle.inject(Rule::error(LIST_OFFSETS, 6).always());
    let begin = Instant::now();
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    assert!(
        offsets
            .values()
            .all(|outcome| outcome.as_ref().is_err_and(|error| error.code() == Some(6)))
    );
    assert!(begin.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_dead_broker_costs_only_what_nobody_took_over() {
    let (_sim, handle, client) = started(orders()).await;
    learn(&client).await;
    assert_eq!(
        all_ends(&ends(&client, partitions("orders", 0..6)).await),
        [Some(100); 6]
    );
    handle.kill_broker(2);
    // Partition 4 stays without a leader.
    handle.take_leader("orders", 4);
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    assert_eq!(
        all_ends(&offsets),
        [Some(100), Some(100), Some(100), Some(100), None, Some(100)],
        "{offsets:?}"
    );
    handle.restart_broker(2).unwrap();
    handle.move_leader("orders", 4, 2);
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    assert_eq!(all_ends(&offsets), [Some(100); 6], "{offsets:?}");
}

#[tokio::test]
async fn when_all_brokers_die_the_bootstrap_addresses_are_tried_until_one_is_back() {
    let (_sim, handle, client) = started(orders()).await;
    learn(&client).await;
    let mut state = client.connection_state();
    assert_eq!(*state.borrow_and_update(), ConnectionState::Connected);
    for id in 1..=3 {
        handle.kill_broker(id);
    }
    let error = timeout(SOON, client.describe_cluster()).await.unwrap().unwrap_err();
    let Error::NoBroker { attempts } = &error else {
        panic!("{error}")
    };
    assert_eq!(attempts.len(), 3, "{error}");
    assert_eq!(*state.borrow_and_update(), ConnectionState::Disconnected(error.clone()));
    handle.restart_broker(3).unwrap();
    let begin = Instant::now();
    while client.describe_cluster().await.is_err() {
        assert!(begin.elapsed() < SOON, "it came back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(*state.borrow_and_update(), ConnectionState::Connected);
    assert_eq!(client.broker_ids(), [BrokerId(3)]);
}

#[tokio::test]
async fn a_quorum_that_may_not_be_described_leaves_the_controller_unknown() {
    let (_sim, handle, client) = started(orders()).await;
    handle.inject(Rule::error(55, 31).always());
    let described = client.describe_cluster().await.unwrap();
    assert_eq!(described.value.controller, None);
    assert_eq!(described.value.brokers.len(), 3);
    assert!(described.failures[0].error.is_denied());
}

#[tokio::test]
async fn coordinators_are_found_for_many_groups_and_remembered() {
    let groups: Vec<GroupId> = (0..20).map(|n| GroupId::from(format!("group-{n}"))).collect();
    let groups = &groups;
    for_each_profile(orders(), |profile, handle, client| async move {
        let found = client.coordinators(groups).await;
        assert_eq!(found.len(), 20);
        for (group, broker) in found {
            let coordinator = handle.look(|state| state.coordinator(group.as_str()));
            assert_eq!(broker.unwrap().0, coordinator.unwrap(), "{}", profile.name);
        }
        let expected = if profile.served(FIND_COORDINATOR).unwrap().1 >= 4 {
            1
        } else {
            20
        };
        assert_eq!(handle.requests(FIND_COORDINATOR), expected, "{}", profile.name);
        let again = client.coordinators(groups).await;
        assert!(again.iter().all(|(_, broker)| broker.is_ok()));
        assert_eq!(handle.requests(FIND_COORDINATOR), expected, "{}", profile.name);
    })
    .await;
}

#[tokio::test]
async fn a_group_that_moved_is_looked_up_again() {
    let (_sim, handle, client) = started(orders()).await;
    let group = GroupId::from("g");
    let real = handle.look(|state| state.coordinator("g")).unwrap();
    let wrong = BrokerId(real % 3 + 1);
    client.learn_coordinators([(group.clone(), wrong)]);
    let ask = |broker: BrokerId, groups: Vec<GroupId>| async move {
        let answer = |group: GroupId| match Error::from_code(if broker == wrong { 16 } else { 0 }, "g", None) {
            Some(error) => (group, Err(error)),
            None => (group, Ok(broker)),
        };
        Ok(groups.into_iter().map(answer).collect())
    };
    let outcomes = client.by_coordinator(vec![group.clone()], |group| group, ask).await;
    assert_eq!(outcomes, [(group, Ok(BrokerId(real)))]);
}

#[tokio::test]
async fn a_denied_group_has_no_coordinator_and_says_why() {
    let (_sim, handle, client) = started(orders()).await;
    let scope = Scope::Group("secret".into());
    handle.inject(
        Rule::new(Fault::Error { code: 30, scope })
            .api(FIND_COORDINATOR)
            .always(),
    );
    let ask = |broker: BrokerId, groups: Vec<GroupId>| async move {
        Ok(groups.into_iter().map(|group| (group, Ok(broker))).collect::<Vec<_>>())
    };
    let groups = vec![GroupId::from("secret"), GroupId::from("open")];
    let outcomes: BTreeMap<_, _> = client
        .by_coordinator(groups, |group| group, ask)
        .await
        .into_iter()
        .collect();
    assert!(outcomes[&GroupId::from("open")].is_ok());
    assert!(outcomes[&GroupId::from("secret")].as_ref().is_err_and(Error::is_denied));
}

async fn broker_that_answers(client: &Client, id: i32) -> Result<(), Error> {
    client.supports(Node::Broker(BrokerId(id)), METADATA).await.map(|_| ())
}

#[tokio::test]
async fn a_broker_that_moved_to_another_address_is_followed() {
    let (_sim, handle, client) = started(orders()).await;
    handle.advertise(2, Some(("127.0.0.1", 1)));
    learn(&client).await;
    broker_that_answers(&client, 1).await.unwrap();
    let error = broker_that_answers(&client, 2).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect { .. }),
        "another broker's address works, so this one is down: {error}"
    );
    handle.advertise(2, None);
    // Addresses are not looked up again within a second.
    let begin = Instant::now();
    while broker_that_answers(&client, 2).await.is_err() {
        assert!(begin.elapsed() < SOON, "it is found");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_broker_that_is_not_in_the_metadata_is_unknown() {
    let (_sim, _, client) = started(orders()).await;
    assert_eq!(
        broker_that_answers(&client, 7).await,
        Err(Error::UnknownBroker { broker: BrokerId(7) })
    );
}

#[tokio::test]
async fn a_silent_broker_is_not_asked_twice_but_another_one_is() {
    let (_sim, handle, client) = started(orders()).await;
    learn(&client).await;
    let mut settings = client.settings().clone();
    settings.request_timeout = Duration::from_millis(400);
    let client = Client::new(settings).with_deadline(Instant::now() + SOON);
    learn(&client).await;
    // Any broker will do for this question, so the second one answers.
    handle.inject(Rule::new(Fault::NeverAnswer).api(METADATA));
    learn(&client).await;
    // Only its leader can answer this one.
    ends(&client, partitions("orders", 0..6)).await;
    handle.inject(Rule::new(Fault::NeverAnswer).api(LIST_OFFSETS).broker(2).always());
    handle.reset_stats();
    let offsets = ends(&client, partitions("orders", 0..6)).await;
    let silent = |partition: i32| matches!(offsets[&partition], Err(Error::Timeout { .. }));
    assert_eq!(
        all_ends(&offsets),
        [Some(100), None, Some(100), Some(100), None, Some(100)]
    );
    assert!(silent(1) && silent(4), "{offsets:?}");
    assert_eq!(handle.traffic(Some(2), Some(LIST_OFFSETS)).requests, 1);
}

#[tokio::test]
async fn after_a_silence_the_next_question_goes_to_another_broker() {
    let (_sim, handle, client) = started(orders()).await;
    let mut settings = client.settings().clone();
    settings.request_timeout = Duration::from_millis(400);
    let client = Client::new(settings);
    learn(&client).await;
    // The answer never comes, and what is asked next over that connection waits behind it.
    handle.inject(Rule::new(Fault::NeverAnswer).api(METADATA));
    let error = client.metadata(MetadataScope::None).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    let connections = handle.connections();
    learn(&client).await;
    assert_eq!(handle.connections(), connections + 1, "the silent one is left alone");
}

#[tokio::test]
async fn a_controller_that_hangs_holds_up_nothing_else() {
    let (_sim, handle, client) = started(orders()).await;
    handle.inject(Rule::new(Fault::NeverAnswer).api(DESCRIBE_QUORUM).always());
    let begin = Instant::now();
    let (cluster, took) = tokio::join!(client.describe_cluster(), async {
        while handle.requests(DESCRIBE_QUORUM) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        let asked = Instant::now();
        learn(&client).await;
        asked.elapsed()
    });
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    let cluster = cluster.unwrap();
    assert_eq!((cluster.value.brokers.len(), cluster.value.controller), (3, None));
    let failure = &cluster.failures[0];
    assert_eq!(failure.what, "controller");
    assert!(failure.error.hint().contains("controller"), "{}", failure.error.hint());
}
