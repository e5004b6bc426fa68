//! Exports from simulated clusters: what is in the file, and what is left of it after interruptions and faults.

use std::fs;
use std::future::{pending, ready};
use std::io::{BufRead as _, Read as _};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ktui::export::{
    Checkpoint, Ending, Existing, Export, ExportError, ExportSpec, Outcome, Output, Prepared, Progress,
};
use ktui::filter::Filter;
use ktui::kafka::client::Client;
use ktui::kafka::model::{Isolation, Offset, PartitionId};
use ktui::position::{Start, Until};
use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::codec::Codec;
use ktui::sim::fault::{Fault, Rule};
use ktui::sim::{SimSpec, TopicSpec};
use proptest::prelude::*;
use serde_json::Value;
use tokio::sync::watch;

use crate::profiles::{for_each_profile, started};

const FETCH: i16 = 1;
const SOON: Duration = Duration::from_secs(20);
const METADATA: i16 = 3;

/// A folder with a file to export to.
struct Place {
    folder: tempfile::TempDir,
    name: &'static str,
}

impl Place {
    fn new(name: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            name,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    fn output(&self, existing: Existing) -> Output {
        Output::File {
            path: self.path(),
            existing,
        }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|one| one.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn orders() -> ExportSpec {
    ExportSpec::new(vec!["orders".into()])
}

async fn prepare(client: &Client, spec: ExportSpec, output: &Output) -> Result<Prepared, ExportError> {
    Export::prepare(client.clone(), spec, output).await.map(|found| {
        assert!(found.is_complete(), "{:?}", found.failures);
        found.value
    })
}

async fn run(client: &Client, spec: ExportSpec, output: &Output) -> Outcome {
    let export = match prepare(client, spec, output).await {
        Ok(Prepared::Ready(export)) => export,
        Ok(Prepared::Complete(_)) => panic!("complete already"),
        Err(error) => panic!("{error}"),
    };
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    export.run(&progress_tx, pending()).await.unwrap()
}

/// Exports to a new file; gives its lines.
async fn exported(client: &Client, spec: ExportSpec) -> Vec<Value> {
    let place = Place::new("orders.jsonl");
    let outcome = run(client, spec, &place.output(Existing::Refuse)).await;
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(place.names(), ["orders.jsonl", "orders.jsonl.checkpoint"]);
    let lines = lines(&place.path());
    assert_eq!(outcome.state.records, lines.len() as u64);
    lines
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn values(lines: &[Value], partition: i64) -> Vec<&str> {
    let of = lines.iter().filter(|line| line["partition"] == partition);
    of.map(|line| line["value"].as_str().unwrap()).collect()
}

fn record(value: &str, time: i64) -> Record {
    Record::value(value.to_owned()).at(time)
}

/// Three partitions on three brokers whose records interleave in time, in batches of ten.
fn three(batches: i64) -> SimSpec {
    three_of(batches, 1)
}

/// The same with keys of so many bytes.
fn three_of(batches: i64, key: usize) -> SimSpec {
    let topic = TopicSpec::new("orders", 3).replicas(vec![vec![1, 2], vec![2, 3], vec![3, 1]]);
    let topic = (0..3 * batches).fold(topic, |topic, n| {
        let (p, batch) = ((n % 3) as i32, n / 3);
        let list = (0..10).map(|i| {
            let number = 10 * batch + i;
            record(&format!("p{p}-{number}"), 10 * number + i64::from(p)).key("x".repeat(key))
        });
        let codec = [Codec::Lz4, Codec::Zstd, Codec::None][p as usize];
        topic.batch(p, Batch::of(list).codec(if key > 1 { Codec::None } else { codec }))
    });
    SimSpec::small().brokers(3).add_topic(topic)
}

/// What was asked for is in the file, each record once, ascending per partition.
fn assert_whole(lines: &[Value], records: i64) {
    for partition in 0..3 {
        let expected: Vec<String> = (0..records).map(|n| format!("p{partition}-{n}")).collect();
        let found = values(lines, partition);
        assert!(
            found == expected,
            "partition {partition}: {} records, {:?} first",
            found.len(),
            found.first()
        );
    }
}

#[tokio::test]
async fn a_topic_is_exported_whole_and_in_order_from_every_release() {
    for_each_profile(three(20), |_, _, client| async move {
        assert_whole(&exported(&client, orders()).await, 200);
    })
    .await;
}

#[tokio::test]
async fn starts_and_ends_are_those_asked_for() {
    let (_sim, _, client) = started(three(10)).await;
    let count = |from, until| {
        let spec = ExportSpec {
            from,
            until,
            ..orders()
        };
        let client = client.clone();
        async move {
            let lines = exported(&client, spec).await;
            [0, 1, 2].map(|p| values(&lines, p).len())
        }
    };
    assert_eq!(count(Start::Offset(Offset(95)), Until::End).await, [5, 5, 5]);
    assert_eq!(count(Start::Begin, Until::Offset(Offset(3))).await, [3, 3, 3]);
    assert_eq!(count(Start::Time(901), Until::Time(912)).await, [1, 2, 1]);
    assert_eq!(count(Start::Time(5000), Until::End).await, [0, 0, 0]);
    let places = vec![(PartitionId(1), Offset(98))];
    assert_eq!(count(Start::PerPartition(places), Until::End).await, [0, 2, 0]);
    assert_eq!(count(Start::Newest(7), Until::End).await, [2, 2, 3]);
    assert_eq!(count(Start::Newest(7), Until::Offset(Offset(50))).await, [2, 2, 3]);
    assert_eq!(count(Start::Newest(1000), Until::End).await, [100, 100, 100]);
    let before_501 = count(Start::Newest(7), Until::Time(501)).await;
    assert_eq!(
        before_501.iter().sum::<usize>(),
        7,
        "the newest before that time: {before_501:?}"
    );
}

#[tokio::test]
async fn a_limit_is_exact_with_and_without_a_filter() {
    let (_sim, _, client) = started(three(30)).await;
    for limit in [1, 2, 11, 300, 899] {
        let spec = ExportSpec {
            limit: Some(limit),
            ..orders()
        };
        assert_eq!(exported(&client, spec).await.len() as u64, limit);
    }
    let spec = ExportSpec {
        limit: Some(2),
        filter: Some(Filter::parse("-1").unwrap()),
        ..orders()
    };
    let lines = exported(&client, spec).await;
    assert!(lines.len() == 2 && lines.iter().all(|line| line["value"].as_str().unwrap().contains("-1")));
}

#[tokio::test]
async fn what_an_open_transaction_holds_back_is_known_and_left_out() {
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("plain", 1)])
        .batch(0, Batch::of([record("a", 2)]).transactional(7))
        .batch(0, Batch::of([record("b", 3)]).transactional(8))
        .batch(0, Batch::marker(7, Marker::Abort))
        .batch(0, Batch::marker(8, Marker::Commit))
        .batch(0, Batch::of([record("c", 6)]).transactional(7))
        .records(0, [record("after", 7)]);
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic)).await;
    let place = Place::new("orders.jsonl");
    let Ok(Prepared::Ready(export)) = prepare(&client, orders(), &place.output(Existing::Refuse)).await else {
        panic!("an export")
    };
    let held = &export.plan().held_back[0];
    assert_eq!((held.from, held.to), (5, 7));
    let newest = |count| ExportSpec {
        from: Start::Newest(count),
        ..orders()
    };
    assert_eq!(values(&exported(&client, orders()).await, 0), ["plain", "b"]);
    assert_eq!(
        values(&exported(&client, newest(1)).await, 0),
        ["b"],
        "markers and aborted records do not count"
    );
    let any = ExportSpec {
        isolation: Isolation::ReadUncommitted,
        ..orders()
    };
    assert_eq!(
        values(&exported(&client, any).await, 0),
        ["plain", "a", "b", "c", "after"]
    );
}

#[tokio::test]
async fn names_and_patterns_choose_topics() {
    let spec = ["orders", "orders.v2", "billing"]
        .into_iter()
        .fold(SimSpec::small(), |spec, name| {
            spec.add_topic(TopicSpec::new(name, 1).records(0, [record(name, 1)]))
        });
    let (_sim, _, client) = started(spec).await;
    let topics = |words: &[&str]| {
        let words = words.iter().map(ToString::to_string).collect();
        let client = client.clone();
        async move {
            let lines = exported(&client, ExportSpec::new(words)).await;
            let mut names: Vec<String> = lines
                .iter()
                .map(|line| line["topic"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        }
    };
    assert_eq!(topics(&["orders*"]).await, ["orders", "orders.v2"]);
    assert_eq!(topics(&["billing", "*v?"]).await, ["billing", "orders.v2"]);
    for words in [
        vec!["nothing*".to_owned()],
        vec!["orders".to_owned(), "nothing".to_owned()],
    ] {
        let place = Place::new("a.jsonl");
        let found = Export::prepare(client.clone(), ExportSpec::new(words), &place.output(Existing::Refuse)).await;
        assert!(found.is_err());
        assert!(
            place.names().is_empty(),
            "nothing is begun that cannot be known as a whole"
        );
    }
}

#[tokio::test]
async fn what_retention_took_is_in_the_checkpoint_and_the_rest_in_the_file() {
    let (_sim, handle, client) = started(three(10)).await;
    let place = Place::new("orders.jsonl");
    let Ok(Prepared::Ready(export)) = prepare(&client, orders(), &place.output(Existing::Refuse)).await else {
        panic!("an export")
    };
    handle.edit(|state| {
        let topic = state.topic_mut("orders").unwrap();
        topic.partition_mut(1).unwrap().log.trim_before(40);
    });
    let (progress_tx, progress_rx) = watch::channel(Progress::default());
    let outcome = export.run(&progress_tx, pending()).await.unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    let gap = &outcome.state.gaps[0];
    assert_eq!((gap.partition, gap.from, gap.to), (1, 0, 40));
    assert_eq!(lines(&place.path()).len(), 260);
    assert_eq!(progress_rx.borrow().offsets, (300, Some(300)), "what is lost is passed");
}

#[tokio::test]
async fn an_export_is_not_called_complete_without_the_last_look() {
    let (_sim, handle, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    let Ok(Prepared::Ready(export)) = prepare(&client, orders(), &place.output(Existing::Refuse)).await else {
        panic!("an export")
    };
    let rule = handle.inject(Rule::new(Fault::CloseUnserved).api(METADATA).always());
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    let outcome = export.run(&progress_tx, pending()).await.unwrap();
    assert_eq!(outcome.ending, Ending::Incomplete);
    assert!(outcome.failures[0].error.is_connection(), "{:?}", outcome.failures);
    handle.clear(rule);
    let resumed = run(&client, orders(), &place.output(Existing::Resume)).await;
    assert_eq!((resumed.ending, lines(&place.path()).len()), (Ending::Complete, 60));
}

#[tokio::test]
async fn a_broker_that_does_not_come_back_leaves_a_file_that_is_resumed() {
    let (_sim, handle, client) = started(three(10)).await;
    let place = Place::new("orders.jsonl");
    let mut spec = orders();
    spec.patience = Duration::from_millis(500);
    let Ok(Prepared::Ready(export)) = prepare(&client, spec.clone(), &place.output(Existing::Refuse)).await else {
        panic!("an export")
    };
    handle.take_leader("orders", 1);
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    let outcome = export.run(&progress_tx, pending()).await.unwrap();
    assert_eq!((outcome.ending, outcome.failures.len()), (Ending::Incomplete, 1));
    assert_eq!(place.names(), ["orders.jsonl.checkpoint", "orders.jsonl.partial"]);
    handle.move_leader("orders", 1, 3);
    let outcome = run(&client, spec, &place.output(Existing::Resume)).await;
    assert_eq!(outcome.ending, Ending::Complete);
    assert_whole(&lines(&place.path()), 100);
}

#[tokio::test]
async fn moved_leaders_and_broken_connections_lose_and_repeat_nothing() {
    for fault in [Fault::CloseUnanswered, Fault::Truncate { bytes: 100 }] {
        let (_sim, handle, client) = started(three(30)).await;
        handle.inject(Rule::new(fault).api(FETCH).times(2));
        handle.inject(Rule::error(FETCH, 6).times(1));
        handle.move_leader("orders", 0, 2);
        assert_whole(&exported(&client, orders()).await, 300);
    }
}

#[tokio::test]
async fn an_existing_file_is_left_alone_unless_told_otherwise() {
    let (_sim, _, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    run(&client, orders(), &place.output(Existing::Refuse)).await;
    let before = fs::read(place.path()).unwrap();
    let refused = prepare(&client, orders(), &place.output(Existing::Refuse)).await;
    assert!(matches!(refused, Err(ExportError::Refused(why)) if why.contains("--force")));
    let resumed = prepare(&client, orders(), &place.output(Existing::Resume)).await;
    assert!(matches!(resumed, Ok(Prepared::Complete(_))), "nothing is left to do");
    assert_eq!(fs::read(place.path()).unwrap(), before);
    run(&client, orders(), &place.output(Existing::Replace)).await;
    assert_whole(&lines(&place.path()), 20);
    fs::remove_file(place.folder.path().join("orders.jsonl.checkpoint")).unwrap();
    let unknown = prepare(&client, orders(), &place.output(Existing::Resume)).await;
    assert!(
        matches!(unknown, Err(ExportError::Refused(_))),
        "nobody knows how it was made"
    );
}

#[tokio::test]
async fn two_never_write_one_file() {
    let (_sim, _, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    let Ok(Prepared::Ready(first)) = prepare(&client, orders(), &place.output(Existing::Refuse)).await else {
        panic!("an export")
    };
    for existing in [Existing::Resume, Existing::Replace] {
        let second = prepare(&client, orders(), &place.output(existing)).await;
        assert!(matches!(second, Err(ExportError::Refused(why)) if why.starts_with("another ktui")));
    }
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    first.run(&progress_tx, pending()).await.unwrap();
    assert_whole(&lines(&place.path()), 20);
}

#[tokio::test]
async fn partitions_that_do_not_exist_are_named_wherever_they_are_asked_for() {
    let (_sim, _, client) = started(three(2)).await;
    let unknown = |from: &str, until: &str, partitions: &[i32]| {
        let spec = ExportSpec {
            from: Start::parse(from, None).unwrap(),
            until: Until::parse(until, None).unwrap(),
            partitions: partitions.iter().copied().map(PartitionId).collect(),
            ..orders()
        };
        let client = client.clone();
        async move {
            let place = Place::new("orders.jsonl");
            match Export::prepare(client, spec, &place.output(Existing::Refuse)).await {
                Err(ExportError::Unplanned(failures)) => {
                    failures.into_iter().map(|failure| failure.what).collect::<Vec<_>>()
                }
                Err(other) => panic!("{other}"),
                Ok(_) => Vec::new(),
            }
        }
    };
    assert_eq!(unknown("0@5,9@1", "end", &[]).await, ["partition 9"]);
    assert_eq!(unknown("begin", "0@5,7@1", &[8]).await, ["partition 7", "partition 8"]);
    assert!(
        unknown("0@5", "end", &[0, 1]).await.is_empty(),
        "1 is there and not meant"
    );
}

#[tokio::test]
async fn a_rewrite_that_is_killed_at_once_leaves_the_file_and_is_not_taken_for_complete() {
    let (_sim, _, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    run(&client, orders(), &place.output(Existing::Refuse)).await;
    let before = fs::read(place.path()).unwrap();
    let Ok(Prepared::Ready(killed)) = prepare(&client, orders(), &place.output(Existing::Replace)).await else {
        panic!("an export")
    };
    drop(killed);
    let resumed = prepare(&client, orders(), &place.output(Existing::Resume)).await;
    assert!(
        matches!(resumed, Err(ExportError::Refused(_))),
        "nobody knows how the file was made"
    );
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[tokio::test]
async fn a_complete_file_that_is_gone_is_made_anew_and_a_changed_one_is_left_alone() {
    let (_sim, _, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    let resume = place.output(Existing::Resume);
    run(&client, orders(), &resume).await;
    fs::remove_file(place.path()).unwrap();
    run(&client, orders(), &resume).await;
    assert_whole(&lines(&place.path()), 20);
    fs::write(place.path(), "somebody's own").unwrap();
    let changed = prepare(&client, orders(), &resume).await;
    assert!(matches!(changed, Err(ExportError::Refused(why)) if why.contains("not as it was written")));
    assert_eq!(fs::read_to_string(place.path()).unwrap(), "somebody's own");
}

#[tokio::test]
async fn a_stream_follows_a_partition_whose_leader_was_down_when_it_began() {
    let topic = TopicSpec::new("orders", 2).replicas(vec![vec![1], vec![2]]);
    let topic = (0..2).fold(topic, |topic, p| topic.records(p, [Record::value("old").at(1000)]));
    let (_sim, handle, client) = started(SimSpec::small().brokers(2).add_topic(topic)).await;
    handle.kill_broker(2);
    let spec = ExportSpec {
        from: Start::End,
        until: Until::Follow,
        now: 2000,
        ..orders()
    };
    let output = Output::File {
        path: "/dev/null".into(),
        existing: Existing::Refuse,
    };
    let prepared = Export::prepare(client, spec, &output).await.unwrap();
    assert_eq!(prepared.failures.len(), 1, "{:?}", prepared.failures);
    let Prepared::Ready(export) = prepared.value else {
        panic!("it was not written yet");
    };
    handle.restart_broker(2).unwrap();
    handle.append("orders", 1, [Record::value("new").at(3000)]);
    let (progress_tx, mut progress_rx) = watch::channel(Progress::default());
    let stop = async move {
        let is_new = |progress: &Progress| progress.records > 0;
        tokio::time::timeout(SOON, progress_rx.wait_for(is_new)).await.ok();
    };
    let outcome = export.run(&progress_tx, stop).await.unwrap();
    let parts: Vec<_> = outcome
        .state
        .parts
        .iter()
        .map(|part| (part.partition, part.next))
        .collect();
    assert_eq!((outcome.state.records, parts), (1, vec![(0, 1), (1, 2)]));
}

#[tokio::test]
async fn an_end_before_the_start_in_some_partition_leaves_nothing_of_it_to_read() {
    let (_sim, _, client) = started(three(2)).await;
    let spec = ExportSpec {
        from: Start::Time(i64::MAX),
        until: Until::Offset(Offset(5)),
        ..orders()
    };
    let place = Place::new("orders.jsonl");
    let outcome = run(&client, spec, &place.output(Existing::Refuse)).await;
    let lengths = outcome
        .state
        .parts
        .iter()
        .map(|part| (part.to.unwrap() - part.from).max(0));
    assert_eq!((outcome.state.records, lengths.sum::<i64>()), (0, 0));
    assert!(outcome.state.parts.iter().all(|part| part.from <= part.to.unwrap()));
}

#[tokio::test]
async fn a_stream_that_nobody_reads_any_more_says_how_much_was_written() {
    let (_sim, handle, client) = started(three(2)).await;
    let spec = ExportSpec {
        until: Until::Follow,
        ..orders()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    let output = Output::File {
        path: format!("/proc/self/fd/{}", writer.as_raw_fd()).into(),
        existing: Existing::Refuse,
    };
    let Ok(Prepared::Ready(export)) = prepare(&client, spec, &output).await else {
        panic!("an export")
    };
    drop(writer);
    let read = tokio::task::spawn_blocking(move || std::io::BufReader::new(reader).lines().take(60).count());
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    let close = async {
        tokio::time::timeout(SOON, read).await.unwrap().unwrap();
        handle.append("orders", 0, [Record::value("nobody reads it")]);
    };
    let (outcome, ()) = tokio::join!(export.run(&progress_tx, pending()), close);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ending, outcome.state.records), (Ending::Closed, 60));
}

#[tokio::test]
async fn a_device_is_written_to_as_it_is_and_a_folder_is_refused() {
    let (_sim, _, client) = started(three(2)).await;
    let output = |path: &str| Output::File {
        path: path.into(),
        existing: Existing::Refuse,
    };
    assert_eq!(
        run(&client, orders(), &output("/dev/null")).await.ending,
        Ending::Complete
    );
    let Ok(Prepared::Ready(export)) = prepare(&client, orders(), &output("/dev/full")).await else {
        panic!("an export")
    };
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    let full = export.run(&progress_tx, pending()).await.unwrap_err();
    let said = full.to_string();
    assert!(
        said.starts_with("cannot write /dev/full: No space left on device"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let refused = prepare(&client, orders(), &output(folder.path().to_str().unwrap())).await;
    assert!(matches!(refused, Err(ExportError::Refused(_))));
}

/// Stops an export before its first record.
async fn begun(client: &Client, place: &Place) {
    let Ok(Prepared::Ready(export)) = prepare(client, orders(), &place.output(Existing::Resume)).await else {
        panic!("an export")
    };
    let (progress_tx, _progress_rx) = watch::channel(Progress::default());
    let outcome = export.run(&progress_tx, ready(())).await.unwrap();
    assert_eq!(outcome.ending, Ending::Stopped);
}

#[tokio::test]
async fn another_option_topic_or_cluster_is_not_gone_on_with() {
    let refused = |found: Result<Prepared, ExportError>, words: &str| match found {
        Err(ExportError::Refused(why)) => assert!(why.contains(words), "{why}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused: {words}"),
    };
    let (_sim, handle, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    begun(&client, &place).await;
    let mut other = orders();
    other.filter = Some(Filter::parse("x").unwrap());
    refused(
        prepare(&client, other, &place.output(Existing::Resume)).await,
        "--filter was not given",
    );

    handle.edit(|state| state.topic_mut("orders").unwrap().id = uuid::Uuid::from_u128(9));
    refused(
        prepare(&client, orders(), &place.output(Existing::Resume)).await,
        "made anew",
    );

    let (_sim, _, client) = started(three(2).cluster_id("another")).await;
    refused(
        prepare(&client, orders(), &place.output(Existing::Resume)).await,
        "this is cluster another",
    );
}

#[tokio::test]
async fn packed_files_are_whole_files_of_their_kind() {
    let (_sim, _, client) = started(three(20)).await;
    for name in ["orders.jsonl.gz", "orders.jsonl.zst"] {
        let place = Place::new(name);
        begun(&client, &place).await;
        let spec = ExportSpec {
            limit: None,
            ..orders()
        };
        run(&client, spec, &place.output(Existing::Resume)).await;
        let bytes = fs::read(place.path()).unwrap();
        let mut text = String::new();
        if name.ends_with("gz") {
            flate2::read::MultiGzDecoder::new(&bytes[..])
                .read_to_string(&mut text)
                .unwrap();
        } else {
            text = String::from_utf8(zstd::stream::decode_all(&bytes[..]).unwrap()).unwrap();
        }
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_whole(&lines, 200);
    }
}

#[tokio::test]
async fn a_followed_topic_goes_on_into_the_file_with_what_is_written_later() {
    let (_sim, handle, client) = started(three(2)).await;
    let place = Place::new("orders.jsonl");
    let spec = ExportSpec {
        until: Until::Follow,
        limit: Some(75),
        ..orders()
    };
    let writing = async {
        for n in 20..25 {
            for p in 0..3 {
                handle.append("orders", p, [record(&format!("p{p}-{n}"), 1000)]);
            }
        }
        pending::<()>().await;
    };
    let output = place.output(Existing::Refuse);
    tokio::select! {
        outcome = run(&client, spec, &output) => assert_eq!(outcome.ending, Ending::Complete),
        () = writing => {}
    }
    assert_whole(&lines(&place.path()), 25);
}

/// What a process that is killed leaves behind: an earlier checkpoint, and a file that goes on behind it.
fn kill(place: &Place, state: &Checkpoint, torn: &[u8]) {
    let partial = place.folder.path().join("orders.jsonl.partial");
    let mut bytes = fs::read(&partial).unwrap_or_default();
    bytes.truncate(state.bytes as usize);
    bytes.extend(torn);
    fs::write(&partial, bytes).unwrap();
    state
        .save(&place.folder.path().join("orders.jsonl.checkpoint"))
        .unwrap();
}

/// Runs until `stop_after` records are written, and says how far it came.
async fn run_some(client: &Client, place: &Place, stop_after: u64) -> Option<Outcome> {
    let Ok(Prepared::Ready(export)) = prepare(client, orders(), &place.output(Existing::Resume)).await else {
        return None;
    };
    let already = export.state().records;
    let (progress_tx, mut progress_rx) = watch::channel(Progress::default());
    let stop = async move {
        let enough = |progress: &Progress| progress.records >= already + stop_after;
        if progress_rx.wait_for(enough).await.is_err() {
            pending::<()>().await;
        }
    };
    Some(export.run(&progress_tx, stop).await.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn an_export_that_is_killed_anywhere_and_resumed_loses_and_repeats_nothing(
        stops in proptest::collection::vec((0u64..900, any::<bool>(), 0usize..60), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (_sim, _, client) = started(three_of(60, 4000).max_partition_bytes(64 << 20)).await;
            let place = Place::new("orders.jsonl");
            let mut before: Option<Checkpoint> = None;
            for (stop_after, is_killed, torn) in stops {
                let Some(outcome) = run_some(&client, &place, stop_after).await else { break };
                if outcome.ending == Ending::Complete {
                    break;
                }
                if is_killed {
                    // As if it had been killed before its last checkpoint, amid a write.
                    let state = before.clone().unwrap_or_else(|| outcome.state.clone());
                    kill(&place, &state, &b"{\"topic\":\"orders\",\"partition\":0,\"offset\":9999,\"timestamp\":1,".as_slice()[..torn]);
                } else {
                    before = Some(outcome.state);
                }
            }
            run_some(&client, &place, u64::MAX / 2).await;
            assert_whole(&lines(&place.path()), 600);
        });
    }
}
