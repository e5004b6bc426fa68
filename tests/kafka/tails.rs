//! What lies at a commit, on real brokers: for every offset that could be committed, what Kafka's own consumer would get.

use std::collections::BTreeMap;

use ktui::kafka::lag::tail::{Place, Tail};
use ktui::kafka::model::{Offset, TimestampType, TopicPartition};
use ktui::kafka::query::{Answer, Query};
use serde_json::json;

use crate::engine::Engine;
use crate::support::java::Record;
use crate::support::kafka::{KafkaCluster, Version, unique};

/// What lies at each of these commits.
fn tails(engine: &Engine, topic: &str, commits: impl Iterator<Item = i64>, end: i64) -> BTreeMap<i64, Tail> {
    let place = |committed| Place {
        partition: TopicPartition::new(topic, 0),
        committed: Offset(committed),
        end: Offset(end),
    };
    let Answer::Tails(found) = engine.ask(Query::Tails(commits.map(place).collect())) else {
        panic!("not tails")
    };
    found.into_iter().map(|(_, tail)| (tail.committed.0, tail)).collect()
}

/// Compares every commit up to `stable`, behind which a transaction is open, with what Kafka's consumer reads.
#[track_caller]
fn assert_as_consumed(cluster: &KafkaCluster, topic: &str, stable: i64) -> BTreeMap<i64, Tail> {
    let engine = Engine::new(cluster);
    assert!(engine.try_ask(Query::Overview).is_complete());
    let (start, end) = cluster.workload().offsets(topic)[0];
    let found = tails(&engine, topic, start..end, end);
    let read = if stable < end {
        Vec::new()
    } else {
        cluster.workload().read(topic, "read_committed")
    };
    let version = cluster.version().name();
    for committed in start..end {
        let tail = found[&committed];
        let next = tail.next.map(|next| next.offset.0);
        if stable < end {
            assert!(
                !tail.is_empty(),
                "{version}: {committed} of {end} is said to be all: {tail:?}"
            );
            assert!(next.is_none_or(|next| next < stable), "{version}: {tail:?}");
            continue;
        }
        let wanted = read.iter().find(|record| record.offset >= committed);
        assert_eq!(
            next,
            wanted.map(|record| record.offset),
            "{version}: {committed}: {tail:?}"
        );
        assert_eq!(tail.is_empty(), wanted.is_none(), "{version}: {committed}: {tail:?}");
        if let (Some(next), Some(wanted)) = (tail.next, wanted) {
            assert_eq!(next.timestamp.0, wanted.timestamp, "{version}: {committed}");
        }
    }
    found
}

#[test]
fn transactions_committed_aborted_and_open_are_told_as_the_java_consumer_sees_them() {
    for version in Version::ALL {
        let (cluster, topic) = (KafkaCluster::shared(version), unique("payments"));
        let workload = cluster.workload();
        workload.create_topic(&topic, 1, &[]);
        let records = ["a", "b"].map(|key| Record::new(key, "v").at(0));
        workload.produce(&topic, &records, json!({}));
        workload.produce(&topic, &records, json!({"transaction": "abort"}));
        workload.produce(&topic, &records, json!({"transaction": "commit"}));
        // 0 1 | 2 3 aborted, 4 its marker | 5 6 committed, 7 its marker
        let found = assert_as_consumed(cluster, &topic, 8);
        assert_eq!((found[&7].markers, found[&7].aborted), (1, 0));
        assert_eq!(
            (found[&2].markers, found[&2].aborted, found[&2].is_gone()),
            (1, 2, false)
        );
        workload.produce(&topic, &records, json!({"transaction": "abort"}));
        let found = assert_as_consumed(cluster, &topic, 11);
        assert_eq!(
            (found[&7].markers, found[&7].aborted),
            (2, 2),
            "nothing waits in four offsets"
        );
        let (open, _) = workload.produce_open(&topic, &records, json!({}));
        assert_as_consumed(cluster, &topic, 11);
        workload.end_transaction(open, true);
        let found = assert_as_consumed(cluster, &topic, 14);
        assert_eq!(found[&7].next.map(|next| next.offset), Some(Offset(11)));
    }
}

#[test]
fn a_record_that_compaction_took_is_gone_and_its_time_is_not_made_up() {
    for version in Version::ALL {
        let (cluster, topic) = (KafkaCluster::shared(version), unique("compacted"));
        cluster.workload().create_compacted_tail(&topic);
        let found = assert_as_consumed(cluster, &topic, 36);
        assert!(found[&5].is_gone() && !found[&27].is_gone(), "{}", version.name());
    }
}

#[test]
fn the_time_is_the_brokers_where_the_topic_says_so() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        for (config, kind) in [
            ("LogAppendTime", TimestampType::LogAppend),
            ("CreateTime", TimestampType::Create),
        ] {
            let topic = unique("stamped");
            let workload = cluster.workload();
            workload.create_topic(&topic, 1, &[("message.timestamp.type", config)]);
            let records = [5, 6, 7].map(|time| Record::new("k", "v").at(0).timestamp(time));
            workload.produce(&topic, &records, json!({}));
            let found = assert_as_consumed(cluster, &topic, 3);
            let next = found[&1].next.unwrap();
            assert_eq!(next.timestamp_type, kind, "{}", version.name());
            assert_eq!(next.timestamp.0 == 6, kind == TimestampType::Create);
        }
    }
}
