//! Configurations and log directories: what Kafka's own tools say.

use std::collections::BTreeMap;

use ktui::kafka::model::{ConfigEntry, ConfigSource, TopicName};
use ktui::kafka::query::{Answer, ConfigNames, Query};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::support::java::{Tool, tool};
use crate::support::kafka::{KafkaCluster, Version, unique};

fn configs(engine: &Engine, topic: &str, names: ConfigNames) -> Vec<ConfigEntry> {
    let topics = vec![TopicName::from(topic)];
    let Answer::Configs(mut configs) = engine.ask(Query::Configs { topics, names }) else {
        panic!("not configs")
    };
    configs.remove(topic).unwrap()
}

/// `name=value sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:name=value, ...}` of `ConfigCommand --describe --all`.
fn tools_configs(printed: &str) -> BTreeMap<String, (String, bool)> {
    let rows = printed.lines().filter_map(|line| {
        let (setting, rest) = line.strip_prefix("  ")?.split_once(" sensitive=")?;
        let (name, value) = setting.split_once('=')?;
        Some((
            name.to_owned(),
            (value.to_owned(), rest.contains("{DYNAMIC_TOPIC_CONFIG:")),
        ))
    });
    rows.collect()
}

#[test]
fn every_entry_of_a_topic_has_the_value_and_source_kafkas_tool_prints() {
    for version in Version::ALL {
        let (cluster, topic) = (KafkaCluster::shared(version), unique("configured"));
        let settings = [
            ("cleanup.policy", "compact,delete"),
            ("retention.ms", "123456"),
            ("segment.bytes", "2000000"),
        ];
        cluster.workload().create_topic(&topic, 1, &settings);
        let printed = tool(
            cluster,
            Tool::Configs,
            &[
                "--describe",
                "--all",
                "--entity-type",
                "topics",
                "--entity-name",
                &topic,
            ],
        );
        let truth = tools_configs(&printed);
        assert!(truth.len() > 20, "{printed}");
        let entries = configs(&Engine::new(cluster), &topic, ConfigNames::All);
        let seen: BTreeMap<_, _> = entries
            .iter()
            .map(|entry| {
                let value = entry.value.clone().unwrap_or_else(|| "null".to_owned());
                (entry.name.clone(), (value, entry.source == ConfigSource::Topic))
            })
            .collect();
        assert_eq!(seen, truth, "{}", version.name());
        let policy = entries.iter().find(|entry| entry.name == "cleanup.policy").unwrap();
        assert_eq!(
            policy.default.as_deref(),
            Some("delete"),
            "what would hold without the topic's own value"
        );
    }
}

#[test]
fn a_list_of_topics_reads_only_its_columns() {
    for version in Version::ALL {
        let (cluster, topic) = (KafkaCluster::shared(version), unique("listed"));
        cluster.workload().create_topic(&topic, 1, &[("retention.ms", "5000")]);
        let entries = configs(&Engine::new(cluster), &topic, ConfigNames::ListColumns);
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "cleanup.policy",
                "min.insync.replicas",
                "retention.bytes",
                "retention.ms"
            ]
        );
        assert_eq!(entries[3].value.as_deref(), Some("5000"));
    }
}

/// Broker, dir and (for this topic) partition and bytes, as `LogDirsCommand --describe` prints them in JSON.
fn tools_sizes(printed: &str, topic: &str) -> Vec<(i64, String, String, i64)> {
    let json: Value = printed
        .lines()
        .find_map(|line| serde_json::from_str(line).ok())
        .unwrap();
    let mut sizes = Vec::new();
    for broker in json["brokers"].as_array().unwrap() {
        for dir in broker["logDirs"].as_array().unwrap() {
            for partition in dir["partitions"].as_array().unwrap() {
                let name = partition["partition"].as_str().unwrap();
                if name.starts_with(topic) {
                    let path = dir["logDir"].as_str().unwrap().to_owned();
                    let bytes = partition["size"].as_i64().unwrap();
                    sizes.push((broker["broker"].as_i64().unwrap(), path, name.to_owned(), bytes));
                }
            }
        }
    }
    sizes.sort();
    sizes
}

#[test]
fn replica_sizes_and_log_dirs_are_those_of_kafkas_tool() {
    for version in Version::ALL {
        let (cluster, topic) = (KafkaCluster::shared(version), unique("sized"));
        cluster.workload().create_topic(&topic, 2, &[]);
        cluster.workload().fill(&topic, 300, json!({"partition": 1}));
        let truth = tools_sizes(
            &tool(cluster, Tool::LogDirs, &["--describe", "--topic-list", &topic]),
            &topic,
        );
        let engine = Engine::new(cluster);
        let Answer::Sizes(sizes) = engine.ask(Query::Sizes(vec![topic.as_str().into()])) else {
            panic!("not sizes")
        };
        let Answer::LogDirs(dirs) = engine.ask(Query::LogDirs) else {
            panic!("not log dirs")
        };
        let path = |broker| dirs.iter().find(|dir| dir.broker == broker).unwrap().path.clone();
        let mut seen: Vec<_> = sizes[topic.as_str()]
            .iter()
            .map(|size| {
                let partition = format!("{}-{}", size.topic, size.partition);
                (
                    i64::from(size.broker.0),
                    path(size.broker),
                    partition,
                    size.bytes as i64,
                )
            })
            .collect();
        seen.sort();
        assert_eq!(seen, truth, "{}", version.name());
        assert_eq!(
            seen.len(),
            2 * cluster.broker_ids().len(),
            "each partition on every broker"
        );
        assert!(seen.iter().any(|(.., bytes)| *bytes > 0));
        for dir in &dirs {
            let own = seen
                .iter()
                .filter(|(broker, ..)| *broker == i64::from(dir.broker.0))
                .map(|(.., bytes)| *bytes);
            assert!(dir.used_bytes >= own.sum::<i64>() as u64);
            // 3.4.1 and later tell the volume (KIP-827).
            assert!(dir.total_bytes.unwrap() >= dir.usable_bytes.unwrap() && !dir.is_offline);
        }
    }
}
