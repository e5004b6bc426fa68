//! The exported records are those that another client wrote, byte for byte; the newest and the found are those that a
//! slow, obvious reference picks; and a process that is killed goes on.

use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::java::Record;
use crate::support::kafka::{self, KafkaCluster, Version};
use crate::support::kcat;
use crate::support::terminal::plain;
use crate::support::wait;

const SOON: Duration = Duration::from_mins(1);

/// What `ktui export` prints; all must be well.
#[track_caller]
fn export(cluster: &KafkaCluster, topic: &str, args: &[&str]) -> String {
    let (code, out, err) = plain(&[&["-b", &cluster.bootstrap(), "export", topic], args].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
    out
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        binary => {
            let text = binary["base64"].as_str().unwrap();
            Some(base64::engine::general_purpose::STANDARD.decode(text).unwrap())
        }
    }
}

fn record(line: &str) -> Record {
    let line: Value = serde_json::from_str(line).unwrap();
    let headers = line["headers"].as_array().unwrap().iter();
    Record {
        partition: line["partition"].as_i64().unwrap() as i32,
        offset: line["offset"].as_i64().unwrap(),
        timestamp: line["timestamp"].as_i64().unwrap(),
        key: bytes(&line["key"]),
        value: bytes(&line["value"]),
        headers: headers
            .map(|header| (header["key"].as_str().unwrap().to_owned(), bytes(&header["value"])))
            .collect(),
    }
}

/// The records of JSON lines, by partition; within each in the order of the lines, which must ascend.
fn records(lines: &str) -> Vec<Record> {
    let mut records: Vec<Record> = lines.lines().map(record).collect();
    records.sort_by_key(|record| record.partition);
    let ascends = |pair: &[Record]| pair[0].partition != pair[1].partition || pair[0].offset < pair[1].offset;
    assert!(records.windows(2).all(ascends));
    records
}

/// Nulls, empties, binary, duplicate headers, something large.
fn odd_records() -> Vec<Record> {
    let odd = |partition| {
        let without_key = Record {
            key: None,
            ..Record::new("", "only a value \u{1b}[31m \"quoted\" \\ \u{202e}")
        };
        let tombstone = Record {
            value: None,
            ..Record::new("only a key", "")
        };
        let headers = Record::new("k", "{\"a\": 1e400, \"a\": 12345678901234567890}")
            .header("a", Some(b"1"))
            .header("a", None)
            .header("", Some(b""))
            .header("ключ", Some(b"\xff\x00"));
        let large = Record::new("large", vec![b'x'; 300_000]);
        let all = [
            Record::null(),
            Record::new("", ""),
            Record::new([0xff, 0xfe, 0], [0xc3, 0x28]),
            without_key,
            tombstone,
            headers,
            large,
        ];
        all.map(|record| record.at(partition))
    };
    (0..3).flat_map(odd).collect()
}

#[test]
fn exported_records_are_those_that_java_wrote_and_reads() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("exported"));
        workload.create_topic(&topic, 3, &[("max.message.bytes", "4000000")]);
        let (mut committed, mut all) = (Vec::new(), Vec::new());
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
            let plain = workload.produce(&topic, &odd_records(), json!({"codec": codec}));
            let aborted = workload.produce(&topic, &odd_records(), json!({"codec": codec, "transaction": "abort"}));
            let sent = workload.produce(&topic, &odd_records(), json!({"codec": codec, "transaction": "commit"}));
            all.extend([plain.clone(), aborted, sent.clone()].concat());
            committed.extend([plain, sent].concat());
        }
        let order = |record: &Record| (record.partition, record.offset);
        committed.sort_by_key(order);
        all.sort_by_key(order);
        let exported = records(&export(cluster, &topic, &[]));
        assert!(exported == committed, "Kafka {}", version.name());
        assert!(
            exported == workload.read(&topic, "read_committed"),
            "Kafka {}",
            version.name()
        );
        let exported = records(&export(cluster, &topic, &["--isolation", "read_uncommitted"]));
        assert!(exported == all, "Kafka {}", version.name());
        assert_eq!(export(cluster, &topic, &["--limit", "2"]).lines().count(), 2);
    }
}

#[test]
fn the_format_of_kcat_is_what_kcat_prints() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("as-kcat");
        cluster.workload().create_topic(&topic, 1, &[]);
        let records: Vec<Record> = odd_records().into_iter().map(|record| record.at(0)).collect();
        for codec in ["none", "lz4"] {
            cluster.workload().produce(&topic, &records, json!({"codec": codec}));
        }
        kcat::produce(
            &cluster.bootstrap(),
            &topic,
            b"from:librdkafka\nkey:\t\x01\x7f\n",
            Some(":"),
        );
        let theirs = kcat::run(
            &cluster.bootstrap(),
            &["-C", "-t", &topic, "-o", "beginning", "-e", "-J"],
            b"",
        );
        let ours = Command::new(env!("CARGO_BIN_EXE_ktui"))
            .args(["-b", &cluster.bootstrap(), "export", &topic, "--format", "kcat"])
            .output()
            .unwrap();
        assert!(ours.stdout == theirs, "Kafka {}", version.name());
        assert_eq!(theirs.split(|byte| *byte == b'\n').count(), 45);
    }
}

#[test]
fn the_newest_and_the_found_are_those_of_a_slow_reference() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let workload = cluster.workload();
        let tail = kafka::unique("tail");
        workload.create_compacted_tail(&tail);
        let appended = kafka::unique("appended");
        workload.create_topic(&appended, 2, &[("message.timestamp.type", "LogAppendTime")]);
        let hot = kafka::unique("hot");
        workload.create_topic(&hot, 4, &[]);
        // Nearly all in one partition, times that go back and forth.
        let record = |n: i64| {
            let value = format!("{{\"n\": {n}, \"text\": \"v\\u0061lue {}\"}}", n % 7);
            let partition = if n % 50 == 0 { (n % 4) as i32 } else { 1 };
            Record::new(n.to_string(), value)
                .at(partition)
                .timestamp(1_700_000_000_000 + n * 37 % 1000)
        };
        let many: Vec<Record> = (0..600).map(record).collect();
        for (number, chunk) in many.chunks(40).enumerate() {
            let transaction = ["commit", "abort"][number % 2];
            workload.produce(&hot, chunk, json!({"codec": "zstd", "transaction": transaction}));
            let appended_to: Vec<Record> = chunk
                .iter()
                .map(|record| record.clone().at(number as i32 % 2))
                .collect();
            workload.produce(&appended, &appended_to, json!({"codec": "lz4"}));
        }
        for topic in [&tail, &appended, &hot] {
            let all = workload.read(topic, "read_committed");
            for count in [1, 2, 3, 50, 10_000] {
                let found = records(&export(cluster, topic, &["--newest", &count.to_string()]));
                assert!(
                    found == newest(&all, count),
                    "{topic}: the newest {count}, Kafka {}",
                    version.name()
                );
            }
            for (filter, is_match) in [
                (
                    "lue 3",
                    (|record: &Record| text(record).contains("lue 3")) as fn(&Record) -> bool,
                ),
                ("/\"n\": [0-9]*9,/", |record| text(record).contains("9,")),
                (
                    "cel:record.partition == 1 && record.keyAsText.endsWith('8')",
                    |record| record.partition == 1 && record.key.as_ref().is_some_and(|key| key.ends_with(b"8")),
                ),
                ("cel:record.value.text == 'value 3'", |record| {
                    text(record).contains("lue 3")
                }),
            ] {
                let (code, out, _) = plain(&["-b", &cluster.bootstrap(), "export", topic, "--filter", filter]);
                let expected: Vec<Record> = all.iter().filter(|record| is_match(record)).cloned().collect();
                assert!(
                    code == 0 && records(&out) == expected,
                    "{topic}: {filter}, Kafka {}",
                    version.name()
                );
            }
        }
    }
}

fn text(record: &Record) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}

/// From the ends of the partitions, always the one with the largest timestamp; of equal ones any, so that the last time
/// is only compared where it is not shared.
fn newest(all: &[Record], count: usize) -> Vec<Record> {
    let mut left: Vec<Record> = all.to_vec();
    let mut taken = Vec::new();
    while taken.len() < count && !left.is_empty() {
        let is_head = |index: &usize| {
            let next = left.get(index + 1);
            next.is_none_or(|next| next.partition != left[*index].partition)
        };
        let heads = (0..left.len()).filter(is_head);
        let newest = heads.max_by_key(|index| left[*index].timestamp).unwrap();
        taken.push(left.remove(newest));
    }
    taken.sort_by_key(|record| (record.partition, record.offset));
    taken
}

#[test]
fn a_process_that_is_killed_again_and_again_leaves_nothing_out_and_nothing_twice() {
    let cluster = KafkaCluster::shared(Version::ALL[2]);
    let (workload, topic) = (cluster.workload(), kafka::unique("killed"));
    workload.create_topic(&topic, 3, &[]);
    workload.fill(&topic, 60_000, json!({"codec": "none", "bytes": 1000}));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.jsonl.zst");
    let name = file.to_str().unwrap();
    let partial = folder.path().join("all.jsonl.zst.partial");
    let (mut size, mut kills) = (0, 0);
    while kills < 4 && !file.exists() {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ktui"))
            .args(["-b", &cluster.bootstrap(), "export", &topic, "-o", name, "--resume"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed as soon as it has written something more.
        wait::until("a larger file", SOON, || {
            let now = partial.metadata().map_or(0, |file| file.len());
            (now > size + 1000 || file.exists()).then_some(())
        });
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        size = partial.metadata().map_or(0, |file| file.len());
    }
    let (code, _, err) = plain(&["-b", &cluster.bootstrap(), "export", &topic, "-o", name, "--resume"]);
    assert_eq!(code, 0, "{err}");
    let text = String::from_utf8(zstd::stream::decode_all(std::fs::File::open(&file).unwrap()).unwrap()).unwrap();
    let found = records(&text);
    for (partition, (start, end)) in (0..).zip(workload.offsets(&topic)) {
        let of = found.iter().filter(|record| record.partition == partition);
        assert!(of.map(|record| record.offset).eq(start..end), "partition {partition}");
    }
}
