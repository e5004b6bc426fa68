//! Scans against simulated clusters: what is read, what is left out, and what happens when the cluster changes.

use std::time::Duration;

use ktui::filter::Filter;
use ktui::kafka::client::{Client, Isolation, MetadataScope};
use ktui::kafka::model::{Offset, TopicPartition};
use ktui::kafka::records::Stretch;
use ktui::kafka::scan::{Found, Lost, Make, Range, Scan, ScanSpec, Step, Tally, TimeBounds, spans};
use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::codec::Codec;
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{SimHandle, SimSpec, TopicSpec};
use tokio::time::timeout;

use crate::profiles::{for_each_profile, started};

const SOON: Duration = Duration::from_secs(20);
const FETCH: i16 = 1;

/// Makes a list of what it is given.
struct List;

impl Make for List {
    type Made = Vec<(i32, i64, String)>;

    fn record(&mut self, made: &mut Self::Made, found: &Found<'_>) {
        let value = found.record.value.map_or("null".into(), String::from_utf8_lossy);
        made.push((found.partition.partition.0, found.record.offset, value.into_owned()));
    }

    fn size(&self, made: &Self::Made) -> usize {
        made.iter().map(|(.., value)| value.len()).sum()
    }

    fn unreadable(&mut self, made: &mut Self::Made, partition: &TopicPartition, stretch: &Stretch) {
        made.push((partition.partition.0, stretch.first, "unreadable".to_owned()));
    }
}

/// All that a scan said.
#[derive(Debug, Default)]
struct Said {
    records: Vec<(i32, i64, String)>,
    tally: Tally,
    lost: Vec<Lost>,
    delayed: Vec<String>,
    failed: Vec<(TopicPartition, Offset)>,
}

impl Said {
    fn values(&self, partition: i32) -> Vec<&str> {
        let of = self.records.iter().filter(|(of, ..)| *of == partition);
        of.map(|(_, _, value)| value.as_str()).collect()
    }

    fn offsets(&self, partition: i32) -> Vec<i64> {
        let of = self.records.iter().filter(|(of, ..)| *of == partition);
        of.map(|(_, offset, _)| *offset).collect()
    }

    fn take(&mut self, step: Step<Vec<(i32, i64, String)>>) {
        match step {
            Step::Part(part) => {
                self.records.extend(part.made);
                self.tally += &part.tally;
            }
            Step::Lost(lost) => self.lost.push(lost),
            Step::Delayed(failure) => self.delayed.push(failure.what),
            Step::Resumed(_) => {}
            Step::Failed { partition, at, .. } => self.failed.push((partition, at)),
            Step::Crashed => panic!("a task of the scan panicked"),
        }
    }
}

async fn step(scan: &mut Scan<List>) -> Option<Step<Vec<(i32, i64, String)>>> {
    timeout(SOON, scan.next()).await.expect("a step in time")
}

async fn all(client: &Client, spec: ScanSpec) -> Said {
    let mut scan = Scan::start(client.clone(), spec, || List);
    let mut said = Said::default();
    while let Some(step) = step(&mut scan).await {
        said.take(step);
    }
    assert!(step(&mut scan).await.is_none(), "the end stays the end");
    said
}

/// All that can be seen of `orders` now.
async fn whole(client: &Client, isolation: Isolation) -> ScanSpec {
    let scope = MetadataScope::Named(vec!["orders".into()]);
    let found = client.metadata(scope).await.unwrap().value;
    let partitions = found.topics[0].partitions.iter();
    let names: Vec<_> = partitions.map(|p| TopicPartition::new("orders", p.id.0)).collect();
    let ranges = spans(client, &names, None).await.value.into_iter().map(|span| Range {
        to: Some(span.end(isolation)),
        from: span.start,
        partition: span.partition,
    });
    let ranges = ranges.collect();
    ScanSpec {
        isolation,
        ..ScanSpec::new(ranges)
    }
}

fn record(value: &str, time: i64) -> Record {
    Record::value(value.to_owned()).at(time)
}

/// Three partitions on three brokers, batches of ten.
fn three(batches: i64) -> SimSpec {
    let topic = TopicSpec::new("orders", 3).replicas(vec![vec![1, 2], vec![2, 3], vec![3, 1]]);
    let topic = (0..3 * batches).fold(topic, |topic, n| {
        let (p, batch) = ((n % 3) as i32, n / 3);
        let list = (0..10).map(|i| record(&format!("p{p}-{}", 10 * batch + i), 1000 * batch + i));
        topic.batch(
            p,
            Batch::of(list).codec([Codec::Lz4, Codec::Zstd, Codec::None][p as usize]),
        )
    });
    SimSpec::small().brokers(3).add_topic(topic)
}

#[tokio::test]
async fn ranges_are_read_whole_and_in_order() {
    for_each_profile(three(20), |_, _, client| async move {
        let said = all(&client, whole(&client, Isolation::ReadCommitted).await).await;
        for partition in 0..3 {
            assert_eq!(said.offsets(partition), (0..200).collect::<Vec<_>>());
            assert_eq!(said.values(partition)[199], format!("p{partition}-199"));
        }
        assert_eq!((said.tally.records, said.tally.matches), (600, 600));
    })
    .await;
}

#[tokio::test]
async fn a_range_begins_and_ends_within_batches() {
    let (_sim, _, client) = started(three(5)).await;
    let mut spec = whole(&client, Isolation::ReadCommitted).await;
    spec.ranges.truncate(2);
    spec.ranges[0].from = Offset(13);
    spec.ranges[0].to = Some(Offset(27));
    spec.ranges[1].from = Offset(50);
    let said = all(&client, spec.clone()).await;
    assert_eq!(said.offsets(0), (13..27).collect::<Vec<_>>());
    assert_eq!(said.records.len(), 14, "an empty range is no range");
    assert_eq!(said.tally.records, 14);
    spec.filter = Some(Filter::parse("p0").unwrap());
    let filtered = all(&client, spec).await;
    assert_eq!((filtered.records, filtered.tally.records), (said.records, 14));
}

#[tokio::test]
async fn what_comes_of_a_small_batch_comes_in_parts_of_some_size() {
    const LENGTH: usize = 100_000;
    let list = (0..100).map(|n| record(&"x".repeat(LENGTH), n));
    let batch = Batch::of(list).codec(Codec::Zstd);
    let topic = TopicSpec::new("orders", 1).batch(0, batch);
    let (_sim, _handle, client) = started(SimSpec::small().add_topic(topic)).await;
    let mut scan = Scan::start(client.clone(), whole(&client, Isolation::ReadCommitted).await, || List);
    let (mut offsets, mut tally) = (Vec::new(), Tally::default());
    while let Some(step) = step(&mut scan).await {
        let Step::Part(part) = step else { panic!("no part") };
        assert!(part.made.len() < 10, "{} records at once", part.made.len());
        offsets.extend(part.made.iter().map(|(_, offset, _)| *offset));
        assert_eq!(part.next.0, offsets.last().map_or(0, |last| last + 1), "where to go on");
        tally += &part.tally;
    }
    assert_eq!(offsets, (0..100).collect::<Vec<_>>());
    assert_eq!((tally.records, tally.matches), (100, 100));
}

#[tokio::test]
async fn a_filter_takes_what_matches_and_counts_all() {
    let (_sim, _, client) = started(three(20)).await;
    let mut spec = whole(&client, Isolation::ReadCommitted).await;
    spec.filter = Some(Filter::parse("/-1[0-9]5$/").unwrap());
    let said = all(&client, spec).await;
    for partition in 0..3 {
        assert_eq!(said.offsets(partition), (105..200).step_by(10).collect::<Vec<_>>());
    }
    assert_eq!((said.tally.records, said.tally.matches), (600, 30));
}

#[tokio::test]
async fn batches_out_of_the_time_bounds_are_not_decompressed() {
    let (_sim, _, client) = started(three(10)).await;
    let mut spec = whole(&client, Isolation::ReadCommitted).await;
    spec.times = TimeBounds {
        from: Some(8_005),
        to: Some(9_003),
    };
    let said = all(&client, spec.clone()).await;
    assert_eq!(said.offsets(1), (85..93).collect::<Vec<_>>());
    assert_eq!(said.tally.records, 300);
    spec.times = TimeBounds::default();
    let whole = all(&client, spec).await;
    assert!(said.tally.payload_bytes * 4 < whole.tally.payload_bytes);
}

#[tokio::test]
async fn only_committed_records_count_unless_asked_otherwise() {
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("plain", 1)])
        .batch(0, Batch::of([record("a", 2)]).transactional(7))
        .batch(0, Batch::of([record("b", 3)]).transactional(8))
        .batch(0, Batch::marker(7, Marker::Abort))
        .batch(0, Batch::marker(8, Marker::Commit))
        .batch(0, Batch::of([record("c", 6)]).transactional(7))
        .records(0, [record("after", 7)]);
    for_each_profile(SimSpec::small().add_topic(topic), |_, _, client| async move {
        let committed = all(&client, whole(&client, Isolation::ReadCommitted).await).await;
        assert_eq!(committed.values(0), ["plain", "b"]);
        let any = all(&client, whole(&client, Isolation::ReadUncommitted).await).await;
        assert_eq!(any.values(0), ["plain", "a", "b", "c", "after"]);
    })
    .await;
}

#[tokio::test]
async fn a_hole_below_an_open_transaction_is_passed() {
    let open = Batch::of([record("open", 2)]).transactional(7).base_offset(9);
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("first", 1)])
        .verbatim(0, open.encode(0).unwrap());
    let (_sim, handle, client) = started(SimSpec::small().add_topic(topic)).await;
    let mut spec = whole(&client, Isolation::ReadCommitted).await;
    assert_eq!(spec.ranges[0].to, Some(Offset(9)), "all below the transaction");
    let said = all(&client, spec.clone()).await;
    assert_eq!((said.values(0), said.failed.len()), (vec!["first"], 0), "{said:?}");
    spec.ranges[0].to = None;
    let mut scan = Scan::start(client.clone(), spec, || List);
    let mut said = Said::default();
    said.take(step(&mut scan).await.unwrap());
    let commit = Batch::marker(7, Marker::Commit).base_offset(10).encode(0).unwrap();
    handle.append_verbatim("orders", 0, &commit);
    said.take(step(&mut scan).await.unwrap());
    assert_eq!(said.values(0), ["first", "open"]);
}

#[tokio::test]
async fn what_retention_took_is_named_and_the_rest_is_read() {
    let (_sim, handle, client) = started(three(10)).await;
    let spec = whole(&client, Isolation::ReadCommitted).await;
    handle.edit(|state| {
        let topic = state.topic_mut("orders").unwrap();
        topic.partition_mut(1).unwrap().log.trim_before(40);
    });
    let said = all(&client, spec).await;
    let lost = Lost {
        partition: TopicPartition::new("orders", 1),
        from: Offset(0),
        to: Offset(40),
    };
    assert_eq!(said.lost, [lost]);
    assert_eq!(said.offsets(1), (40..100).collect::<Vec<_>>());
    assert_eq!((said.offsets(0).len(), said.failed), (100, vec![]));
}

#[tokio::test]
async fn leaders_that_move_and_connections_that_break_are_no_more_than_a_delay() {
    let faults = [
        Fault::CloseUnanswered,
        Fault::Truncate { bytes: 100 },
        Fault::CloseUnserved,
    ];
    for fault in faults {
        let (_sim, handle, client) = started(three(30)).await;
        let mut spec = whole(&client, Isolation::ReadCommitted).await;
        spec.starts_small = true;
        handle.move_leader("orders", 0, 2);
        handle.move_leader("orders", 1, 3);
        handle.inject(Rule::new(fault).api(FETCH).times(3));
        handle.inject(Rule::error(FETCH, 6).times(1));
        let said = all(&client, spec).await;
        for partition in 0..3 {
            assert_eq!(said.offsets(partition), (0..300).collect::<Vec<_>>());
        }
        assert_eq!(said.failed, []);
    }
}

#[tokio::test]
async fn a_broker_that_does_not_come_back_costs_only_its_partitions() {
    let topic = TopicSpec::new("orders", 2).replicas(vec![vec![1], vec![3]]);
    let topic = (0..2).fold(topic, |topic, p| topic.records(p, [record(&format!("p{p}"), 1)]));
    let (_sim, handle, client) = started(SimSpec::small().brokers(3).add_topic(topic)).await;
    let mut spec = whole(&client, Isolation::ReadCommitted).await;
    spec.patience = Duration::from_secs(2);
    handle.kill_broker(3);
    let said = all(&client, spec).await;
    assert_eq!(said.values(0), ["p0"]);
    assert_eq!(said.failed, [(TopicPartition::new("orders", 1), Offset(0))]);
    assert_eq!(said.delayed, ["orders-1"], "and it was told before");
}

#[tokio::test]
async fn damage_stands_where_it_is_and_is_counted() {
    let mut broken = Batch::of([record("lost", 1)])
        .base_offset(1)
        .encode(0)
        .unwrap()
        .to_vec();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("before", 1)])
        .verbatim(0, broken.into())
        .records(0, [record("after", 1)]);
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic)).await;
    let said = all(&client, whole(&client, Isolation::ReadCommitted).await).await;
    assert_eq!(said.values(0), ["before", "unreadable", "after"]);
    assert_eq!((said.tally.unreadable, said.tally.unreadable_examples.len()), (1, 1));
}

#[tokio::test]
async fn a_topic_made_anew_ends_its_ranges() {
    let (_sim, handle, client) = started(three(5)).await;
    let spec = whole(&client, Isolation::ReadCommitted).await;
    handle.edit(|state| state.topic_mut("orders").unwrap().id = uuid::Uuid::from_u128(9));
    // Something goes wrong, so the leaders are looked up.
    handle.inject(Rule::error(FETCH, 6).always());
    let said = all(&client, spec).await;
    assert_eq!(said.failed.len(), 3, "{said:?}");
}

/// A follow of `orders`, from its beginning.
async fn followed(client: &Client) -> ScanSpec {
    let mut spec = whole(client, Isolation::ReadCommitted).await;
    for range in &mut spec.ranges {
        range.to = None;
    }
    spec.grows = vec!["orders".into()];
    spec
}

/// Adds partition 3 with one record, and gives the scan a reason to look at the topic before its usual time.
fn grow(handle: &SimHandle) {
    handle.edit(|state| state.add_partitions("orders", vec![vec![1, 2]]));
    handle.append("orders", 3, [record("added", 1)]);
    handle.move_leader("orders", 0, 2);
}

#[tokio::test]
async fn what_is_followed_goes_on_with_what_is_written_and_with_added_partitions() {
    let (_sim, handle, client) = started(three(2)).await;
    let mut scan = Scan::start(client.clone(), followed(&client).await, || List);
    let mut said = Said::default();
    while said.records.len() < 60 {
        said.take(step(&mut scan).await.unwrap());
    }
    for n in 0..30 {
        handle.append("orders", n % 3, [record(&format!("new {n}"), 1)]);
    }
    grow(&handle);
    while said.records.len() < 91 {
        said.take(step(&mut scan).await.unwrap());
    }
    for partition in 0..3 {
        assert_eq!(said.offsets(partition), (0..30).collect::<Vec<_>>());
    }
    assert_eq!(said.values(3), ["added"]);
}

/// Follows `orders` until each of its partitions has given its record, then until each has given another.
async fn every_partition_is_followed(spec: SimSpec, partitions: usize) {
    let (_sim, handle, client) = started(spec).await;
    let mut scan = Scan::start(client.clone(), followed(&client).await, || List);
    let mut said = Said::default();
    for round in 0..2 {
        while said.records.len() < (round + 1) * partitions {
            said.take(step(&mut scan).await.unwrap());
        }
        for partition in 0..partitions as i32 {
            handle.append("orders", partition, [record("next", 1)]);
        }
    }
    for partition in 0..partitions as i32 {
        assert_eq!(said.values(partition), ["first", "next"]);
    }
}

fn one_record_each(replicas: Vec<Vec<i32>>) -> TopicSpec {
    let count = replicas.len();
    let topic = TopicSpec::new("orders", count).replicas(replicas);
    (0..count as i32).fold(topic, |topic, partition| topic.records(partition, [record("first", 1)]))
}

#[tokio::test]
async fn a_follow_reads_every_partition_of_a_leader_that_has_many() {
    let topic = one_record_each(vec![vec![1]; 150]);
    every_partition_is_followed(SimSpec::small().brokers(1).add_topic(topic), 150).await;
}

#[tokio::test]
async fn a_follow_reads_from_every_leader_of_many() {
    let topic = one_record_each((1..=20).map(|broker| vec![broker]).collect());
    every_partition_is_followed(SimSpec::small().brokers(20).add_topic(topic), 20).await;
}

#[tokio::test]
async fn a_followed_partition_that_was_given_up_does_not_begin_anew() {
    let (_sim, handle, client) = started(three(2)).await;
    let mut spec = followed(&client).await;
    spec.patience = Duration::from_secs(1);
    let mut scan = Scan::start(client.clone(), spec, || List);
    let mut said = Said::default();
    while said.records.len() < 60 {
        said.take(step(&mut scan).await.unwrap());
    }
    let denied = Fault::Error {
        code: 29,
        scope: Scope::Partition("orders".to_owned(), 1),
    };
    handle.inject(Rule::new(denied).api(FETCH).always());
    handle.append("orders", 1, [record("wakes it", 1)]);
    while said.failed.is_empty() {
        said.take(step(&mut scan).await.unwrap());
    }
    handle.clear_faults();
    grow(&handle);
    while said.values(3).is_empty() {
        said.take(step(&mut scan).await.unwrap());
    }
    let before = said.offsets(1);
    handle.append("orders", 2, [record("last", 1)]);
    while !said.values(2).contains(&"last") {
        said.take(step(&mut scan).await.unwrap());
    }
    assert_eq!(said.offsets(1), before, "nothing of it comes twice");
    assert_eq!(before, (0..before.len() as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_follow_ends_when_every_partition_was_given_up() {
    let (_sim, handle, client) = started(three(1)).await;
    let mut spec = followed(&client).await;
    spec.patience = Duration::from_secs(1);
    handle.inject(Rule::error(FETCH, 29).always());
    let said = all(&client, spec).await;
    assert_eq!(said.failed.len(), 3);
}

#[tokio::test]
async fn a_scan_that_nobody_reads_does_not_read_on() {
    let batches = (0..300).map(|_| Batch::of((0..100).map(|_| record(&"x".repeat(1000), 1))));
    let topic = batches.fold(TopicSpec::new("orders", 1), |topic, batch| topic.batch(0, batch));
    let (_sim, handle, client) = started(SimSpec::small().max_partition_bytes(64 << 20).add_topic(topic)).await;
    let mut spec = whole(&client, Isolation::ReadCommitted).await;
    spec.memory = 4 << 20;
    let mut scan = Scan::start(client, spec, || List);
    let mut said = Said::default();
    said.take(step(&mut scan).await.unwrap());
    let mut before = 0;
    timeout(SOON, async {
        while before != handle.requests(FETCH) {
            before = handle.requests(FETCH);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("it stops reading");
    assert!(before <= 12, "{before} requests of 1 MB");
    while let Some(step) = step(&mut scan).await {
        said.take(step);
    }
    assert_eq!(said.records.len(), 30_000, "and then everything is there");
}
