//! What is sent is what Java and kcat read; what was exported comes back byte for byte; and whoever is killed on the way
//! loses nothing and doubles nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::java::Record;
use crate::support::kafka::{self, KafkaCluster, Version};
use crate::support::kcat;
use crate::support::terminal::{Start, plain};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(2);
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

#[track_caller]
fn ktui(cluster: &KafkaCluster, args: &[&str]) -> String {
    let (code, out, err) = plain(&[&["-b", &cluster.bootstrap()], args].concat());
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

/// `ktui produce` with `input` on its standard input: exit code and what it said.
fn produce(cluster: &KafkaCluster, args: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ktui"))
        .args(["-b", &cluster.bootstrap(), "produce"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The `number`th of many records: nulls, empties, binary, text with escapes, duplicate headers, scattered times.
fn mixed(number: u32) -> Record {
    let key = match number % 7 {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(vec![0xff, 0, (number % 251) as u8]),
        _ => Some(format!("key-{}", number % 1000).into_bytes()),
    };
    let value = match number % 11 {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(number.to_be_bytes().repeat(5)),
        3 => Some(format!("line\n\"{number}\"\\ \u{1b}[31m é \u{202e}\u{0}").into_bytes()),
        _ => {
            Some(format!("{{\"n\":{number},\"a\":1e400,\"a\":\"\\u00e9\",\"text\":\"some more of it\"}}").into_bytes())
        }
    };
    let mut record = Record {
        key,
        value,
        ..Record::null()
    }
    .at((number % 6) as i32)
    .timestamp(1_700_000_000_000 + i64::from(number) * 7919 % 100_000);
    if number.is_multiple_of(5) {
        record = record
            .header("trace", Some(b"1"))
            .header("trace", None)
            .header("", Some(b"\xff\x00"));
    }
    record
}

/// Everything that an import keeps, in the order of the log.
fn kept(records: Vec<Record>) -> Vec<Record> {
    let kept = |record| Record { offset: 0, ..record };
    records.into_iter().map(kept).collect()
}

#[test]
fn what_was_exported_comes_back_byte_for_byte_in_every_codec() {
    let folder = tempfile::tempdir().unwrap();
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, topic) = (cluster.workload(), kafka::unique("origin"));
        workload.create_topic(&topic, 6, &[]);
        for (at, codec) in (0..).zip(CODECS) {
            let records: Vec<Record> = (at * 200..at * 200 + 200).map(mixed).collect();
            workload.produce(&topic, &records, json!({"codec": codec}));
        }
        let wrote = kept(workload.read(&topic, "read_committed"));
        let file = folder.path().join(format!("{}.jsonl.zst", version.name()));
        let file = file.to_str().unwrap();
        ktui(cluster, &["export", &topic, "-o", file]);
        for codec in CODECS {
            let copy = kafka::unique("copy");
            workload.create_topic(&copy, 6, &[]);
            ktui(
                cluster,
                &["import", file, &copy, "--keep-partitions", "-z", codec, "--yes"],
            );
            let found = kept(workload.read(&copy, "read_committed"));
            assert!(found == wrote, "{codec}, Kafka {}", version.name());
        }
    }
}

#[test]
fn keyed_records_go_where_javas_producer_puts_them() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, theirs, ours) = (cluster.workload(), kafka::unique("java"), kafka::unique("ktui"));
        let keys: Vec<String> = (0..300).map(|n| "kéy-".repeat(n % 4) + &n.to_string()).collect();
        for topic in [&theirs, &ours] {
            workload.create_topic(topic, 7, &[]);
        }
        let records: Vec<Record> = keys.iter().map(|key| Record::new(key, "v")).collect();
        workload.produce(&theirs, &records, json!({"codec": "none"}));
        let lines = keys.join("\tv\n") + "\tv\n";
        let (code, _, err) = produce(cluster, &[&ours, "-K", "\\t", "--yes"], lines.as_bytes());
        assert_eq!(code, 0, "{err}");
        let placed = |topic: &str| -> BTreeMap<Vec<u8>, i32> {
            let read = workload.read(topic, "read_committed").into_iter();
            read.map(|record| (record.key.unwrap(), record.partition)).collect()
        };
        assert_eq!(placed(&ours), placed(&theirs), "Kafka {}", version.name());
    }
}

#[test]
fn every_result_of_produce_is_told_and_kcat_reads_what_was_sent() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = kafka::unique("produced");
        cluster
            .workload()
            .create_topic(&topic, 2, &[("max.message.bytes", "2000")]);
        let large = "x".repeat(3000);
        let input = format!("a:1\n{large}\n:\nb:2\n");
        let args = [
            &topic, "-K", ":", "-Z", "-H", "h=1", "-H", "h", "-p", "1", "-z", "none", "--yes", "--json",
        ];
        let (code, out, err) = produce(cluster, &args, input.as_bytes());
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(code, 3, "{err}");
        let expected = json!([{"partition": 1, "records": 3, "firstOffset": 0, "lastOffset": 2}]);
        assert_eq!(report["items"], expected);
        assert_eq!(report["failures"][0]["what"], "line 2");
        let read: Vec<_> = kcat::consume(&cluster.bootstrap(), &topic)
            .iter()
            .map(|one| (one["key"].clone(), one["payload"].clone(), one["headers"].clone()))
            .collect();
        let headers = json!(["h", "1", "h", null]);
        let record = |key: Value, value: Value| (key, value, headers.clone());
        let expected = [
            record(json!("a"), json!("1")),
            record(Value::Null, Value::Null),
            record(json!("b"), json!("2")),
        ];
        assert_eq!(read, expected, "Kafka {}", version.name());
    }
}

#[test]
fn nothing_is_sent_that_nobody_confirmed_or_that_a_session_may_not() {
    let cluster = KafkaCluster::shared(Version::ALL[2]);
    let topic = kafka::unique("locked");
    cluster.workload().create_topic(&topic, 1, &[]);
    let (code, _, err) = produce(cluster, &[&topic], b"a\n");
    assert!(code == 5 && err.contains("--yes confirms it"), "{err}");
    let (code, _, err) = produce(cluster, &[&topic, "--yes", "--read-only"], b"a\n");
    assert!(code == 5 && err.contains("read-only"), "{err}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    fs::write(&file, "a\nb\n").unwrap();
    let file = file.to_str().unwrap();
    let bootstrap = cluster.bootstrap();
    let import = |flags: &[&str]| plain(&[&["-b", &bootstrap, "import", file, &topic], flags].concat());
    assert_eq!(import(&[]).0, 5);
    let (code, _, err) = plain(&["-b", &bootstrap, "import", "-", &topic]);
    assert!(code == 5 && err.contains("cannot be asked about"), "{err}");
    assert_eq!(import(&["--yes", "--read-only"]).0, 5);
    let (code, _, err) = import(&["--dry-run", "--read-only"]);
    assert!(code == 0 && err.contains("2 records"), "looking is no sending: {err}");
    assert_eq!(cluster.workload().offsets(&topic), [(0, 0)]);
    assert_eq!(import(&["--yes"]).0, 0);
    assert_eq!(import(&["--yes"]).0, 5, "once is enough");
    assert_eq!(import(&["--yes", "--resume"]).0, 0, "it is done");
    assert_eq!(cluster.workload().offsets(&topic), [(0, 2)]);
}

#[test]
fn ctrl_c_at_the_question_sends_nothing() {
    let cluster = KafkaCluster::shared(Version::ALL[2]);
    let topic = kafka::unique("asked");
    cluster.workload().create_topic(&topic, 1, &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    fs::write(&file, "a\nb\n").unwrap();
    let (file, bootstrap) = (file.to_str().unwrap(), cluster.bootstrap());
    for command in [["import", file, &topic], ["produce", &topic, file]] {
        let mut terminal = Start::ktui(&[&["-b", &bootstrap][..], &command].concat()).run();
        terminal
            .wait_for("About to send 2 records")
            .wait_for("Type yes to send")
            .press("\u{3}");
        assert_eq!(terminal.exit_code(), 5, "{}", terminal.text());
    }
    assert_eq!(cluster.workload().offsets(&topic), [(0, 0)]);
}

/// Starts the command again and again and kills it whenever `seen`, which only grows, has grown by a share of `whole`.
fn killed_often(args: &[&str], kills: u64, whole: u64, seen: impl Fn() -> u64) -> u64 {
    let spawn = || -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ktui"));
        command.args(args).stdin(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut died = 0;
    for kill in 1..=kills {
        let mut child = spawn();
        let mark = whole * kill / (kills + 1);
        let ended = wait::until("the next mark", SOON, || {
            let ended = child.try_wait().unwrap().is_some();
            (ended || seen() >= mark).then_some(ended)
        });
        if !ended {
            child.kill().unwrap();
            died += 1;
        }
        child.wait().unwrap();
    }
    died
}

/// Lines of a checkpoint that are done.
fn done(checkpoint: &Path) -> u64 {
    let Ok(text) = fs::read_to_string(checkpoint) else {
        return 0;
    };
    let value: Value = serde_json::from_str(&text).unwrap();
    value["done"]["lines"].as_u64().unwrap()
}

/// 20,000 mixed records; as many as the environment's KTUI_ROUND_TRIP says with `benches/round_trip.sh`.
#[test]
fn a_round_trip_that_is_killed_on_both_ways_loses_nothing_and_doubles_nothing() {
    let asked = std::env::var("KTUI_ROUND_TRIP")
        .ok()
        .and_then(|count| count.parse().ok());
    let count: u32 = asked.unwrap_or(20_000);
    let cluster = KafkaCluster::shared(Version::ALL[2]);
    let (workload, topic, copy) = (cluster.workload(), kafka::unique("trip"), kafka::unique("trip-copy"));
    for topic in [&topic, &copy] {
        workload.create_topic(topic, 6, &[]);
    }
    let step = count.div_ceil(20).min(10_000);
    for (at, first) in (0..count).step_by(step as usize).enumerate() {
        let records: Vec<Record> = (first..count.min(first + step)).map(mixed).collect();
        workload.produce(&topic, &records, json!({"codec": CODECS[at % 5]}));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second, bootstrap) = (path("first.jsonl"), path("second.jsonl"), cluster.bootstrap());

    let export = ["-b", &bootstrap, "export", &topic, "-o", &first, "--resume"];
    let partial = path("first.jsonl.partial");
    let size = || fs::metadata(&partial).map_or(0, |file| file.len());
    let exports = killed_often(&export, 4, u64::from(count) * 150, size);
    ktui(cluster, &export[2..]);

    let rate = (count / 4).to_string();
    let import = [
        "-b",
        &bootstrap,
        "import",
        &first,
        &copy,
        "--keep-partitions",
        "--yes",
        "--resume",
        "--rate",
        &rate,
    ];
    let prefix = format!("first.jsonl.import-{copy}-");
    let is_checkpoint = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(&prefix) && !name.ends_with(".lock") && !name.ends_with(".new")
    };
    let found = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| is_checkpoint(path))
            .map(|path| done(&path))
            .next()
            .unwrap_or(0)
    };
    let imports = killed_often(&import, 6, u64::from(count), found);
    assert!(imports >= 3, "it was killed {imports} times only");
    ktui(cluster, &import[2..]);

    ktui(cluster, &["export", &copy, "-o", &second]);
    let lines = |file: &str, topic: &str| -> Vec<String> {
        let text = fs::read_to_string(file).unwrap();
        let mut lines: Vec<String> = text.lines().map(|line| line.replacen(topic, "", 1)).collect();
        // Partitions take turns as they arrive; within each the order is that of the offsets, which are the same here.
        lines.sort_unstable();
        lines
    };
    let (before, after) = (lines(&first, &topic), lines(&second, &copy));
    assert_eq!((before.len(), after.len()), (count as usize, count as usize));
    assert!(before == after, "exports differ");
    println!("{count} records, export killed {exports} times, import {imports} times: equal");
}
