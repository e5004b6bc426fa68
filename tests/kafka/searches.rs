//! What a search finds equals what a slow, obvious reading finds: Kafka's own consumer, and a test of each record.

use std::time::Duration;

use bytes::Bytes;
use ktui::filter::Filter;
use ktui::kafka::client::{Client, ClientSettings, Isolation};
use ktui::kafka::model::Row;
use ktui::kafka::query::{FeedTopic, Progress, SearchSpec};
use ktui::kafka::search::Search;
use ktui::position::{Start, Until};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::java::Record;
use crate::support::kafka::{self, KafkaCluster, Version};

const SOON: Duration = Duration::from_mins(1);

/// A filter, and the same question asked of a record the slow way.
type Question = (&'static str, fn(&Record) -> bool);

fn fields(record: &Record) -> Vec<&[u8]> {
    let headers = record
        .headers
        .iter()
        .flat_map(|(key, value)| [Some(key.as_bytes()), value.as_deref()]);
    [record.key.as_deref(), record.value.as_deref()]
        .into_iter()
        .chain(headers)
        .flatten()
        .collect()
}

fn holds(record: &Record, text: &str) -> bool {
    let has = |field: &[u8]| String::from_utf8_lossy(field).to_lowercase().contains(text);
    fields(record).into_iter().any(has)
}

fn parsed(record: &Record) -> Value {
    let value = record.value.as_deref().unwrap_or_default();
    serde_json::from_slice(value).unwrap_or(Value::Null)
}

const QUESTIONS: &[Question] = &[
    ("heidi", |record| holds(record, "heidi")),
    ("/^order-[0-9]*7$/", |record| {
        let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        let number = key.strip_prefix("order-");
        number.is_some_and(|number| number.ends_with('7') && number.bytes().all(|byte| byte.is_ascii_digit()))
    }),
    ("record.value.customer == 'heidi'", |record| {
        parsed(record)["customer"] == "heidi"
    }),
    ("record.value.amount > 40 && record.partition == 0", |record| {
        record.partition == 0 && parsed(record)["amount"].as_f64().is_some_and(|amount| amount > 40.0)
    }),
    (
        "record.headers['trace'] == 'abc' || record.key == 'order-3'",
        |record| {
            let trace = record.headers.iter().rfind(|(key, _)| key == "trace");
            trace.is_some_and(|(_, value)| value.as_deref() == Some(b"abc"))
                || record.key.as_deref() == Some(b"order-3")
        },
    ),
    ("!has(record.value)", |record| record.value.is_none()),
];

fn order(number: i32, partition: i32) -> Record {
    let customer = ["grace", "heidi", "HEIDI", "\\u0068eidi"][number as usize % 4];
    let value = format!(
        r#"{{"customer":"{customer}","amount":{}.5,"note":"a\\b"}}"#,
        number % 60
    );
    let record = Record::new(format!("order-{number}"), value)
        .at(partition)
        .timestamp(1_700_000_000_000 + i64::from(number));
    match number % 10 {
        0 => record.header("trace", Some(b"xyz")).header("trace", Some(b"abc")),
        1 => Record { value: None, ..record },
        2 => Record {
            value: Some(vec![0xff, b'h', b'e', b'i', b'd', b'i']),
            ..record
        },
        _ => record,
    }
}

fn orders(count: i32, partition: fn(i32) -> i32) -> Vec<Record> {
    (0..count).map(|number| order(number, partition(number))).collect()
}

async fn search(cluster: &KafkaCluster, topic: &str, line: &str, isolation: Isolation) -> (Vec<Row>, Progress) {
    let client = Client::new(ClientSettings::new([cluster.bootstrap()]));
    let spec = SearchSpec {
        topics: vec![FeedTopic {
            topic: topic.into(),
            partitions: Vec::new(),
            start: Start::Newest(5),
        }],
        until: Until::End,
        isolation,
        filter: Filter::parse(line).unwrap(),
    };
    let mut search = Search::open(client, spec, i64::MAX);
    let (mut rows, mut progress) = (Vec::new(), Progress::default());
    while let Some(batch) = timeout(SOON, search.next()).await.expect("a batch in time") {
        let batch = batch.expect("a search that works");
        rows.extend(batch.rows.into_iter().map(|(_, row)| row));
        progress = batch.progress;
    }
    rows.sort_by_key(|row| (row.partition(), row.offset()));
    (rows, progress)
}

fn as_java(row: &Row) -> Record {
    let record = row.record().expect("a record");
    let vec = |bytes: &Bytes| bytes.to_vec();
    let headers = record.headers.iter();
    Record {
        partition: record.partition.0,
        offset: record.offset.0,
        timestamp: record.timestamp.0,
        key: record.key.as_ref().map(vec),
        value: record.value.as_ref().map(vec),
        headers: headers
            .map(|header| {
                (
                    String::from_utf8(header.key.to_vec()).unwrap(),
                    header.value.as_ref().map(vec),
                )
            })
            .collect(),
    }
}

/// Asks every question of a topic both ways; gives the number of matches.
async fn compare(cluster: &KafkaCluster, topic: &str) -> usize {
    let mut found = 0;
    for (isolation, level) in [
        (Isolation::ReadCommitted, "read_committed"),
        (Isolation::ReadUncommitted, "read_uncommitted"),
    ] {
        let mut all = cluster.workload().read(topic, level);
        all.sort_by_key(|record| (record.partition, record.offset));
        for (line, is_match) in QUESTIONS {
            let expected: Vec<Record> = all.iter().filter(|record| is_match(record)).cloned().collect();
            let (rows, progress) = search(cluster, topic, line, isolation).await;
            let rows: Vec<Record> = rows.iter().map(as_java).collect();
            assert_eq!(
                rows,
                expected,
                "{line} of {topic}, {level}, Kafka {}",
                cluster.version().name()
            );
            assert!(progress.at_end && progress.passed == progress.total, "{progress:?}");
            assert_eq!(
                (progress.records, progress.failures.len()),
                (all.len() as u64, 0),
                "{line}, {level}"
            );
            found += rows.len();
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_finds_what_a_slow_reading_finds() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let workload = cluster.workload();

        let transactional = kafka::unique("transactional");
        workload.create_topic(&transactional, 3, &[]);
        for (codec, end) in [
            ("lz4", None),
            ("zstd", Some("abort")),
            ("gzip", Some("commit")),
            ("none", Some("abort")),
        ] {
            let how = end.map_or(
                json!({"codec": codec}),
                |end| json!({"codec": codec, "transaction": end}),
            );
            workload.produce(&transactional, &orders(120, |number| number % 3), how);
        }
        assert!(compare(cluster, &transactional).await > 200);

        let hot = kafka::unique("hot");
        workload.create_topic(&hot, 6, &[("message.timestamp.type", "LogAppendTime")]);
        workload.produce(
            &hot,
            &orders(600, |number| if number == 300 { 5 } else { 0 }),
            json!({"codec": "zstd"}),
        );
        assert!(compare(cluster, &hot).await > 100);

        let compacted = kafka::unique("compacted");
        let kept = workload.create_compacted_tail(&compacted);
        compare(cluster, &compacted).await;
        let (rows, progress) = search(cluster, &compacted, "/(?s).*/", Isolation::ReadCommitted).await;
        assert_eq!(rows.iter().map(as_java).collect::<Vec<_>>(), kept);
        assert!(
            progress.passed > progress.records,
            "offsets without records are passed too"
        );
    }
}
