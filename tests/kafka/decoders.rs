//! What coordinators write into their own topics, decoded as Kafka's own formatters do.

use std::collections::BTreeMap;
use std::time::Duration;

use ktui::decode::{Decoded, Format, Part, Site, choose};
use ktui::kafka::client::{Client, ClientSettings};
use ktui::kafka::feed::Feed;
use ktui::kafka::model::{RecordKind, Row};
use ktui::kafka::query::FeedSpec;
use ktui::position::{Start, Until};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::scenes::Scene;
use crate::support::java::{Record, Tool, tool};
use crate::support::kafka::{self, KafkaCluster, Version};

const SOON: Duration = Duration::from_mins(1);

/// Keys and values of a topic of the brokers, decoded; every one must be known.
async fn entries(cluster: &KafkaCluster, topic: &str) -> Vec<(Value, Option<Value>)> {
    let spec = FeedSpec::of(topic.into(), Vec::new(), Start::Begin, Until::End);
    let mut feed = Feed::open(Client::new(ClientSettings::new([cluster.bootstrap()])), spec);
    let mut entries = Vec::new();
    while let Some(batch) = timeout(SOON, feed.next()).await.expect("a batch in time") {
        let records = batch.expect("a feed that works").rows;
        for record in records
            .iter()
            .filter_map(Row::record)
            .filter(|record| record.kind == RecordKind::Data)
        {
            let key = record.key.as_deref().expect("coordinators write keys");
            let read = |bytes: &[u8], part| decoded(bytes, topic, part, key);
            entries.push((
                read(key, Part::Key),
                record.value.as_deref().map(|value| read(value, Part::Value)),
            ));
        }
    }
    entries
}

fn decoded(bytes: &[u8], topic: &str, part: Part, key: &[u8]) -> Value {
    let site = Site {
        topic,
        part,
        key: Some(key),
    };
    let choice = choose(bytes, &site);
    let expected = if topic == "__consumer_offsets" {
        Format::ConsumerOffsets
    } else {
        Format::TransactionState
    };
    let Decoded::Json(text) = &choice.decoded else {
        panic!("{part:?} {bytes:02x?} after {key:02x?}: {choice:?}")
    };
    assert_eq!(choice.format, expected, "{text}");
    serde_json::from_str(text).expect("valid JSON")
}

/// What Kafka's formatter says of each commit of a group: by topic and partition, the last one.
fn truth(cluster: &KafkaCluster, group: &str) -> BTreeMap<(String, i64), Value> {
    let formatter = match cluster.version() {
        Version::V4_3_0 => "org.apache.kafka.tools.consumer.OffsetsMessageFormatter",
        _ => return BTreeMap::new(),
    };
    let arguments = [
        "--topic",
        "__consumer_offsets",
        "--from-beginning",
        "--timeout-ms",
        "8000",
        "--formatter",
        formatter,
    ];
    let printed = tool(cluster, Tool::ConsoleConsumer, &arguments);
    let lines = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_group = lines.filter(|line| line["key"]["data"]["group"] == group);
    of_group
        .map(|line| (place(&line["key"]["data"]), line["value"]["data"].clone()))
        .collect()
}

fn place(key: &Value) -> (String, i64) {
    (
        key["topic"].as_str().unwrap().to_owned(),
        key["partition"].as_i64().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_entry_of_the_coordinators_is_read_and_commits_are_as_kafka_says() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let workload = cluster.workload();
        let topic = kafka::unique("committed");
        workload.create_topic(&topic, 3, &[]);
        workload.produce(&topic, &[Record::new("k", "v").at(1)], json!({"transaction": "commit"}));
        let group = kafka::unique("committer");
        workload.commit(&group, &[(&topic, 0, 5), (&topic, 2, 7)]);
        let live = Scene::live(cluster, "classic");

        let entries = entries(cluster, "__consumer_offsets").await;
        let kinds: Vec<_> = entries.iter().map(|(key, _)| key["type"].clone()).collect();
        assert!(kinds.contains(&json!("group")), "{version:?}: {kinds:?}");
        let commits: BTreeMap<_, _> = entries
            .iter()
            .filter(|(key, _)| key["group"] == group && key["type"] == "offset commit")
            .map(|(key, value)| (place(key), value.clone().expect("not deleted")))
            .collect();
        assert_eq!(commits[&(topic.clone(), 0)]["offset"], 5, "{version:?}");
        assert_eq!(commits[&(topic.clone(), 2)]["offset"], 7, "{version:?}");
        for (place, fields) in truth(cluster, &group) {
            for (name, value) in fields.as_object().unwrap() {
                // The id of a topic is written in another alphabet there.
                if name != "topicId" {
                    assert_eq!(&commits[&place][name], value, "{name} of {place:?}");
                }
            }
        }
        live.end();

        let transactions = self::entries(cluster, "__transaction_state").await;
        assert!(
            transactions
                .iter()
                .flat_map(|(_, value)| value)
                .any(|value| value["transactionTimeoutMs"].is_i64()),
            "{version:?}: {transactions:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_of_the_new_protocol_leave_entries_that_are_read() {
    let cluster = KafkaCluster::shared(Version::V4_3_0);
    let live = Scene::live(cluster, "consumer");
    let entries = entries(cluster, "__consumer_offsets").await;
    for kind in [
        "consumer group",
        "consumer group member",
        "consumer group target",
        "consumer group assignment",
    ] {
        assert!(
            entries
                .iter()
                .any(|(key, value)| key["type"] == kind && value.is_some()),
            "{kind}"
        );
    }
    live.end();
}
