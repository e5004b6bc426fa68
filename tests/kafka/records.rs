//! What is read equals what was written, byte for byte: by Kafka's own producer, by librdkafka, and by hand.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::{StrBytes, VersionRange};
use ktui::kafka::client::{Client, ClientSettings, Node, Purpose};
use ktui::kafka::feed::Feed;
use ktui::kafka::model::{Codec, ControlType, Header, PartitionId, RecordKind, Row, TimestampType, TopicName};
use ktui::kafka::query::{FeedBatch, FeedSpec};
use ktui::kafka::records::{BatchSpec, RecordSpec, encode_batch};
use ktui::position::{Start, Until};
use serde_json::json;
use tokio::time::timeout;

use crate::support::java::Record;
use crate::support::kafka::{self, KafkaCluster, Version};
use crate::support::kcat;

const SOON: Duration = Duration::from_mins(1);

fn client(cluster: &KafkaCluster) -> Client {
    Client::new(ClientSettings::new([cluster.bootstrap()]))
}

fn spec(topic: &str, start: Start, follow: bool) -> FeedSpec {
    let until = if follow { Until::Follow } else { Until::End };
    FeedSpec::of(topic.into(), Vec::new(), start, until)
}

async fn next(feed: &mut Feed) -> Option<FeedBatch> {
    let batch = timeout(SOON, feed.next()).await.expect("a batch in time");
    batch.map(|batch| batch.expect("a feed that works"))
}

/// Everything from `start` to the end, by partition and offset.
async fn read(cluster: &KafkaCluster, topic: &str, start: Start) -> Vec<Row> {
    let mut feed = Feed::open(client(cluster), spec(topic, start, false));
    let mut rows = Vec::new();
    while let Some(batch) = next(&mut feed).await {
        assert_eq!(batch.failures, []);
        rows.extend(batch.rows);
    }
    rows.sort_by_key(|row| (row.partition(), row.offset()));
    rows
}

/// A row as the Java client's record, if it is of one of these kinds.
fn as_java(rows: &[Row], kinds: &[RecordKind]) -> Vec<Record> {
    let records = rows.iter().map(|row| row.record().unwrap_or_else(|| panic!("{row:?}")));
    let wanted = records.filter(|record| kinds.contains(&record.kind));
    let vec = |bytes: &Bytes| bytes.to_vec();
    wanted
        .map(|record| Record {
            partition: record.partition.0,
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key: record.key.as_ref().map(vec),
            value: record.value.as_ref().map(vec),
            headers: record
                .headers
                .iter()
                .map(|header| {
                    let key = String::from_utf8(header.key.to_vec()).expect("Java writes UTF-8 keys");
                    (key, header.value.as_ref().map(vec))
                })
                .collect(),
        })
        .collect()
}

/// Null, empty and non-UTF-8 keys and values, duplicate and null headers.
fn odd_records(partition: i32) -> Vec<Record> {
    let odd = [
        Record::null(),
        Record::new("", ""),
        Record::new([0xff, 0xfe, 0], [0xc3, 0x28]),
        Record {
            key: None,
            ..Record::new("", "only a value")
        },
        Record {
            value: None,
            ..Record::new("only a key", "")
        },
        Record::new("k", "v")
            .header("a", Some(b"1"))
            .header("a", None)
            .header("", Some(b""))
            .header("ключ", Some(b"\xff\x00"))
            .header("a", Some(b"2")),
        Record::new("large", vec![b'x'; 300_000]),
    ];
    odd.into_iter().map(|record| record.at(partition)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_equals_what_was_written_in_every_codec_and_transaction() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("written"));
        workload.create_topic(&topic, 3, &[("max.message.bytes", "4000000")]);
        let (mut data, mut aborted) = (Vec::new(), Vec::new());
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            let records: Vec<Record> = (0..3).flat_map(odd_records).collect();
            data.extend(workload.produce(&topic, &records, json!({"codec": codec})));
            aborted.extend(workload.produce(&topic, &records, json!({"codec": codec, "transaction": "abort"})));
            data.extend(workload.produce(&topic, &records, json!({"codec": codec, "transaction": "commit"})));
        }
        let order = |record: &Record| (record.partition, record.offset);
        data.sort_by_key(order);
        aborted.sort_by_key(order);

        let rows = read(cluster, &topic, Start::Begin).await;
        assert_eq!(as_java(&rows, &[RecordKind::Data]), data, "Kafka {}", version.name());
        assert_eq!(as_java(&rows, &[RecordKind::Aborted]), aborted);
        let markers = |marker| as_java(&rows, &[RecordKind::Control(marker)]).len();
        assert_eq!((markers(ControlType::Abort), markers(ControlType::Commit)), (15, 15));
        // Kafka's own consumer agrees on both.
        assert_eq!(workload.read(&topic, "read_committed"), data);
        assert_eq!(
            workload.read(&topic, "read_uncommitted"),
            as_java(&rows, &[RecordKind::Data, RecordKind::Aborted])
        );
        let mut codecs: Vec<Codec> = rows.iter().filter_map(Row::record).map(|r| r.batch.codec).collect();
        codecs.dedup();
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            assert!(codecs.contains(&codec), "{codec}");
        }
        let newest = read(cluster, &topic, Start::Newest(10_000)).await;
        assert_eq!(newest, rows, "the newest of everything is everything");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_are_those_with_the_largest_times() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("newest"));
        workload.create_topic(&topic, 4, &[]);
        let base = 1_700_000_000_000;
        let record = |n: i32| {
            let (partition, time) = (n * 7 % 4, base + i64::from(n) * 10);
            Record::new(n.to_string(), format!("value {n}"))
                .at(partition)
                .timestamp(time)
        };
        let records: Vec<Record> = (0..1000).map(record).collect();
        for chunk in records.chunks(90) {
            workload.produce(&topic, chunk, json!({"codec": "lz4"}));
        }
        let mut feed = Feed::open(client(cluster), spec(&topic, Start::Newest(50), false));
        let first = next(&mut feed).await.expect("a batch");
        assert!(first.at_end);
        let times: Vec<i64> = first.rows.iter().map(|row| row.timestamp().0).collect();
        assert_eq!(
            times,
            (950..1000).map(|n| base + n * 10).collect::<Vec<_>>(),
            "Kafka {}",
            version.name()
        );
        let seeked = read(cluster, &topic, Start::Time(base + 9_905)).await;
        assert_eq!(seeked.len(), 9, "Kafka {}", version.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compacted_tail_is_read_to_its_end() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("tail");
        let kept = cluster.workload().create_compacted_tail(&topic);
        for start in [Start::Begin, Start::Newest(50)] {
            let rows = read(cluster, &topic, start).await;
            assert_eq!(as_java(&rows, &[RecordKind::Data]), kept, "Kafka {}", version.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_append_time_is_the_brokers() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("appended"));
        workload.create_topic(&topic, 1, &[("message.timestamp.type", "LogAppendTime")]);
        let records = [1, 2, 3].map(|n| Record::new(n.to_string(), "v").at(0).timestamp(1000 * n));
        for codec in ["none", "zstd"] {
            workload.produce(&topic, &records, json!({"codec": codec}));
        }
        let rows = read(cluster, &topic, Start::Begin).await;
        assert_eq!(
            as_java(&rows, &[RecordKind::Data]),
            workload.read(&topic, "read_uncommitted")
        );
        for row in &rows {
            assert_eq!(row.record().unwrap().timestamp_type, TimestampType::LogAppend);
            assert!(row.timestamp().0 > 1_700_000_000_000, "Kafka {}", version.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_an_open_transaction_are_shown_as_open() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("open"));
        workload.create_topic(&topic, 1, &[]);
        let one = |key: &str| [Record::new(key, "v").at(0)];
        workload.produce(&topic, &one("before"), json!({}));
        let mut feed = Feed::open(client(cluster), spec(&topic, Start::Newest(50), true));
        let mut kinds = Vec::new();
        let mut hear = async |count: usize| {
            while kinds.len() < count {
                let batch = next(&mut feed).await.expect("a feed that follows");
                kinds.extend(batch.rows.iter().map(|row| row.record().unwrap().kind));
            }
            kinds.clone()
        };
        assert_eq!(hear(1).await, [RecordKind::Data]);
        let (open, _) = workload.produce_open(&topic, &one("open"), json!({}));
        assert_eq!(
            hear(2).await[1],
            RecordKind::OpenTransaction,
            "Kafka {}",
            version.name()
        );
        workload.produce(&topic, &one("beside it"), json!({}));
        assert_eq!(hear(3).await[2], RecordKind::Data);
        workload.end_transaction(open, false);
        assert_eq!(hear(4).await[3], RecordKind::Control(ControlType::Abort));
        workload.produce(&topic, &one("after"), json!({}));
        assert_eq!(hear(5).await[4], RecordKind::Data);
        let again = read(cluster, &topic, Start::Begin).await;
        assert_eq!(as_java(&again, &[RecordKind::Aborted]).len(), 1, "now it is decided");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_key_that_is_not_text_comes_back_as_it_is() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("headers");
        cluster.workload().create_topic(&topic, 1, &[]);
        let headers: Vec<Header> = [
            (&b"\xff\xfe"[..], Some(&b"\x00"[..])),
            (b"", None),
            (b"\xff\xfe", Some(b"")),
        ]
        .map(|(key, value)| Header {
            key: Bytes::from_static(key),
            value: value.map(Bytes::from_static),
        })
        .into();
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let record = RecordSpec {
                offset: 0,
                timestamp: 1_700_000_000_000,
                key: None,
                value: Some(b"v"),
                headers: &headers,
            };
            let spec = BatchSpec {
                codec,
                ..BatchSpec::default()
            };
            produce(cluster, &topic, encode_batch(&spec, &[record]).unwrap()).await;
        }
        let rows = read(cluster, &topic, Start::Begin).await;
        assert_eq!(rows.len(), 5);
        for row in &rows {
            assert_eq!(row.record().unwrap().headers, headers, "Kafka {}", version.name());
        }
    }
}

/// Hands a batch of our own to the leader of partition 0.
async fn produce(cluster: &KafkaCluster, topic: &str, batch: Vec<u8>) {
    let client = client(cluster);
    client.unlock().expect("a session that is not read-only");
    let name = TopicName::from(topic);
    let scope = ktui::kafka::client::MetadataScope::Named(vec![name.clone()]);
    let found = client.metadata(scope).await.expect("metadata");
    assert!(found.is_complete());
    let leader = client.leader(&name, PartitionId(0)).expect("a leader");
    let build = |_| {
        let partition = PartitionProduceData::default().with_records(Some(batch.clone().into()));
        let topic = TopicProduceData::default()
            .with_name(StrBytes::from_string(topic.to_owned()).into())
            .with_partition_data(vec![partition]);
        ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(10_000)
            .with_topic_data(vec![topic])
    };
    let versions = VersionRange { min: 7, max: 9 };
    let answer = client
        .call::<ProduceRequest, _>(Node::Broker(leader), Purpose::Bulk, versions, build)
        .await
        .expect("an answer");
    let response: ProduceResponse = answer.response;
    let code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(code, 0, "the broker took it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_librdkafka_wrote_is_read_in_every_codec() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("kcat");
        cluster.workload().create_topic(&topic, 1, &[]);
        let mut expected = Vec::new();
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            let lines: Vec<String> = (0..2000)
                .map(|n| format!("{codec} {n} {}", "y".repeat(n % 300)))
                .collect();
            let input = lines.join("\n") + "\n";
            kcat::run(
                &cluster.bootstrap(),
                &["-P", "-t", &topic, "-z", codec, "-p", "0"],
                input.as_bytes(),
            );
            expected.extend(lines);
        }
        let rows = read(cluster, &topic, Start::Begin).await;
        let seen: Vec<String> = rows
            .iter()
            .map(|row| String::from_utf8(row.record().unwrap().value.as_ref().unwrap().to_vec()).unwrap())
            .collect();
        assert_eq!(seen.len(), expected.len(), "Kafka {}", version.name());
        assert!(seen == expected, "Kafka {}", version.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_message_formats_are_read_from_a_broker_that_still_writes_them() {
    let settings = [
        ("inter.broker.protocol.version", "2.8"),
        ("log.message.format.version", "2.8"),
    ];
    let cluster = KafkaCluster::start_with(Version::V3_4_1, 1, &settings);
    let workload = cluster.workload();
    for (format, magic) in [("0.9.0", 0), ("0.10.2", 1)] {
        let topic = kafka::unique(&format!("format-{magic}"));
        workload.create_topic(&topic, 1, &[("message.format.version", format)]);
        for codec in ["none", "gzip", "snappy", "lz4"] {
            let records: Vec<Record> = odd_records(0)
                .into_iter()
                .map(|record| Record {
                    headers: Vec::new(),
                    ..record
                })
                .collect();
            workload.produce(&topic, &records, json!({"codec": codec, "idempotent": false}));
        }
        let rows = read(&cluster, &topic, Start::Begin).await;
        let java = workload.read(&topic, "read_uncommitted");
        assert_eq!(as_java(&rows, &[RecordKind::Data]), java, "format {format}");
        assert_eq!(rows.len(), 28);
        assert!(
            rows.iter().all(|row| row.record().unwrap().batch.magic == magic),
            "format {format}"
        );
        assert_eq!(read(&cluster, &topic, Start::Newest(50)).await, rows);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_is_told_the_others_go_on_and_it_comes_back() {
    let settings = [
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
    ];
    let cluster = KafkaCluster::start_with(Version::V4_3_0, 3, &settings);
    let workload = cluster.workload();
    // Partition 1 of the first has nowhere to go when broker 2 dies; the second finds another leader.
    let (lonely, safe) = (kafka::unique("lonely"), kafka::unique("safe"));
    workload.ask("create-topic", json!({"topic": lonely, "assignments": [[1], [2], [3]]}));
    workload.ask("create-topic", json!({"topic": safe, "assignments": [[2, 3], [1, 2]]}));
    let write = |topic: &str, partition: i32, key: &str| {
        workload.produce(topic, &[Record::new(key, "v").at(partition)], json!({}));
    };
    for partition in 0..3 {
        write(&lonely, partition, "before");
        write(&safe, partition % 2, "before");
    }
    let follow = |topic: &str| Follower {
        feed: Feed::open(client(&cluster), spec(topic, Start::Newest(50), true)),
        rows: Vec::new(),
    };
    let (mut first, mut second) = (follow(&lonely), follow(&safe));
    first.hear(|batch| batch.rows.len(), 3).await;
    second.hear(|batch| batch.rows.len(), 3).await;

    cluster.kill_broker(2);
    let dead = format!("{lonely}-1");
    let names = |batch: &FeedBatch| batch.failures.iter().filter(|failure| failure.what == dead).count();
    first.hear(names, 1).await;
    write(&lonely, 0, "undisturbed");
    first.hear(|batch| batch.rows.len(), 1).await;
    write(&safe, 0, "at the new leader");
    second.hear(|batch| batch.rows.len(), 1).await;

    cluster.restart_broker(2);
    write(&lonely, 1, "back");
    first.hear(|batch| batch.rows.len(), 1).await;
    for (topic, mut follower) in [(&lonely, first), (&safe, second)] {
        follower.rows.sort_by_key(|row| (row.partition(), row.offset()));
        let seen = as_java(&follower.rows, &[RecordKind::Data]);
        assert_eq!(
            seen,
            workload.read(topic, "read_uncommitted"),
            "nothing lost, nothing twice"
        );
    }
}

/// A feed and what it has brought so far.
struct Follower {
    feed: Feed,
    rows: Vec<Row>,
}

impl Follower {
    /// Listens until `count` things have come.
    async fn hear(&mut self, things: impl Fn(&FeedBatch) -> usize, count: usize) {
        let mut heard = 0;
        while heard < count {
            let batch = next(&mut self.feed).await.expect("it follows");
            heard += things(&batch);
            self.rows.extend(batch.rows);
        }
    }
}
