//! Feeds against simulated clusters: what is read, in which order, and what happens when the cluster changes.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ktui::kafka::client::{Client, Isolation, OffsetSpec};
use ktui::kafka::error::Error;
use ktui::kafka::feed::Feed;
use ktui::kafka::model::{ControlType, Damage, Offset, PartitionId, RecordKind, Row, TopicPartition};
use ktui::kafka::query::{FeedBatch, FeedSpec};
use ktui::position::{Start, Until};
use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::codec::Codec;
use ktui::sim::fault::{Fault, Rule};
use ktui::sim::{SimSpec, TopicSpec};
use tokio::time::{Instant, timeout};

use crate::profiles::{for_each_profile, started};

const SOON: Duration = Duration::from_secs(20);
const FETCH: i16 = 1;
const LIST_OFFSETS: i16 = 2;
const METADATA: i16 = 3;

fn spec(start: Start, follow: bool) -> FeedSpec {
    let until = if follow { Until::Follow } else { Until::End };
    FeedSpec::of("orders".into(), Vec::new(), start, until)
}

fn record(value: &str, time: i64) -> Record {
    Record::value(value.to_owned()).at(time)
}

async fn next(feed: &mut Feed) -> Option<FeedBatch> {
    let batch = timeout(SOON, feed.next()).await.expect("a batch in time");
    batch.map(|batch| batch.expect("a feed that works"))
}

/// Everything up to the first batch that is at the end.
async fn to_end(feed: &mut Feed) -> FeedBatch {
    let mut all = FeedBatch::default();
    while !all.at_end {
        let batch = next(feed).await.expect("an end");
        all.rows.extend(batch.rows);
        all.at_end = batch.at_end;
        all.failures = batch.failures;
    }
    all
}

/// Waits until `count` more rows have come.
async fn rows(feed: &mut Feed, count: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    while rows.len() < count {
        rows.extend(next(feed).await.expect("more").rows);
    }
    rows
}

fn text(bytes: Option<&Bytes>) -> String {
    bytes.map_or("null".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn values(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| match row {
            Row::Record(record) => match record.kind {
                RecordKind::Data => text(record.value.as_ref()),
                RecordKind::Aborted => format!("aborted {}", text(record.value.as_ref())),
                RecordKind::OpenTransaction => format!("open {}", text(record.value.as_ref())),
                RecordKind::Control(ControlType::Abort) => "ABORT".to_owned(),
                RecordKind::Control(ControlType::Commit) => "COMMIT".to_owned(),
                RecordKind::Control(other) => format!("{other:?}"),
            },
            Row::Unreadable(stretch) => format!("{}..{} {}", stretch.first, stretch.last, stretch.damage),
        })
        .collect()
}

fn offsets(rows: &[Row], partition: i32) -> Vec<i64> {
    rows.iter()
        .filter(|row| row.partition() == PartitionId(partition))
        .map(|row| row.offset().0)
        .collect()
}

async fn read(client: &Client, start: Start) -> Vec<String> {
    let mut feed = Feed::open(client.clone(), spec(start, false));
    let all = to_end(&mut feed).await;
    assert_eq!(all.failures, []);
    assert!(next(&mut feed).await.is_none(), "it ends after the end");
    values(&all.rows)
}

/// Three partitions on three brokers whose records interleave in time: `p<partition>-<n>` at time 10 n + partition.
fn interleaved(records: i64) -> SimSpec {
    let topic = TopicSpec::new("orders", 3).replicas(vec![vec![1, 2], vec![2, 3], vec![3, 1]]);
    let topic = (0..3).fold(topic, |topic, p| {
        let list = (0..records).map(|n| record(&format!("p{p}-{n}"), 10 * n + i64::from(p)));
        let codec = [Codec::Lz4, Codec::Zstd, Codec::Gzip][p as usize];
        topic.batch(p, Batch::of(list).codec(codec))
    });
    SimSpec::small().brokers(3).add_topic(topic)
}

#[tokio::test]
async fn a_topic_is_read_from_begin_to_end_in_the_order_of_time() {
    for_each_profile(interleaved(20), |_, _, client| async move {
        let expected: Vec<_> = (0..20).flat_map(|n| (0..3).map(move |p| format!("p{p}-{n}"))).collect();
        let mut seen = read(&client, Start::Begin).await;
        // Leaders answer at different moments, so the order over all three is theirs.
        seen.sort_by_key(|value| value[3..].parse::<i64>().unwrap());
        assert_eq!(seen.len(), 60);
        seen.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn the_newest_records_over_all_partitions_come_in_the_order_of_time() {
    for_each_profile(interleaved(40), |_, _, client| async move {
        let seen = read(&client, Start::Newest(7)).await;
        assert_eq!(seen, ["p2-37", "p0-38", "p1-38", "p2-38", "p0-39", "p1-39", "p2-39"]);
        assert_eq!(read(&client, Start::Newest(1000)).await.len(), 120);
    })
    .await;
}

#[tokio::test]
async fn the_newest_are_found_behind_long_holes() {
    let mut topic = TopicSpec::new("orders", 1);
    for base in [0, 10, 1_000_000, 3_000_000_000] {
        let batch = Batch::of([record(&format!("at {base}"), base)]).base_offset(base);
        topic = topic.verbatim(0, batch.encode(0).unwrap());
    }
    // An empty batch at the end, as compaction leaves it.
    let empty = Batch::of([]).base_offset(3_000_000_001).last_offset_delta(5_000);
    topic = topic.verbatim(0, empty.encode(0).unwrap());
    let (_sim, handle, client) = started(SimSpec::small().add_topic(topic)).await;
    assert_eq!(
        read(&client, Start::Newest(3)).await,
        ["at 10", "at 1000000", "at 3000000000"]
    );
    assert!(
        handle.requests(FETCH) < 30,
        "holes cost few requests, not {}",
        handle.requests(FETCH)
    );
}

#[tokio::test]
async fn aborted_committed_and_open_transactions_are_told_apart() {
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("plain", 1)])
        .batch(0, Batch::of([record("a", 2)]).transactional(7))
        .batch(0, Batch::of([record("b", 3)]).transactional(8))
        .batch(0, Batch::marker(7, Marker::Abort))
        .batch(0, Batch::marker(8, Marker::Commit))
        .batch(0, Batch::of([record("c", 6)]).transactional(7))
        .records(0, [record("after", 7)]);
    for_each_profile(SimSpec::small().add_topic(topic), |_, handle, client| async move {
        let expected = ["plain", "aborted a", "b", "ABORT", "COMMIT", "open c", "after"];
        assert_eq!(read(&client, Start::Begin).await, expected);
        assert_eq!(read(&client, Start::Newest(50)).await, expected);
        assert_eq!(
            read(&client, Start::Newest(2)).await,
            ["b", "ABORT", "COMMIT", "open c", "after"],
            "markers and what is not committed do not count"
        );

        let mut feed = Feed::open(client.clone(), spec(Start::End, true));
        to_end(&mut feed).await;
        handle.append_batch("orders", 0, &Batch::of([record("d", 8)]).transactional(9));
        handle.append_batch("orders", 0, &Batch::marker(7, Marker::Abort));
        handle.append_batch("orders", 0, &Batch::marker(9, Marker::Commit));
        handle.append("orders", 0, [record("last", 9)]);
        let seen = values(&rows(&mut feed, 4).await);
        assert!(seen[0] == "open d" || seen[0] == "d", "{seen:?}");
        assert_eq!(seen[1..], ["ABORT", "COMMIT", "last"]);
    })
    .await;
}

#[tokio::test]
async fn a_feed_starts_where_it_is_told_to() {
    let (_sim, _, client) = started(interleaved(10)).await;
    let only = |start| {
        let client = client.clone();
        let spec = FeedSpec::of("orders".into(), vec![PartitionId(1)], start, Until::End);
        async move { values(&to_end(&mut Feed::open(client, spec)).await.rows) }
    };
    assert_eq!(only(Start::Offset(Offset(8))).await, ["p1-8", "p1-9"]);
    assert_eq!(only(Start::Offset(Offset(-5))).await.len(), 10, "clamped to the start");
    assert!(only(Start::Offset(Offset(99))).await.is_empty(), "clamped to the end");
    assert_eq!(only(Start::Time(72)).await, ["p1-8", "p1-9"]);
    assert!(only(Start::Time(92)).await.is_empty(), "nothing that new");
    assert!(only(Start::End).await.is_empty());
    assert_eq!(only(Start::Newest(2)).await, ["p1-8", "p1-9"]);
}

#[tokio::test]
async fn a_followed_topic_hands_over_what_is_appended_and_nothing_twice() {
    for_each_profile(interleaved(5), |_, handle, client| async move {
        let mut feed = Feed::open(client, spec(Start::Newest(3), true));
        assert_eq!(values(&to_end(&mut feed).await.rows), ["p0-4", "p1-4", "p2-4"]);
        for n in 0..30 {
            handle.append("orders", n % 3, [record(&format!("new {n}"), i64::from(n))]);
        }
        let seen = rows(&mut feed, 30).await;
        for partition in 0..3 {
            assert_eq!(offsets(&seen, partition), (5..15).collect::<Vec<_>>());
        }
    })
    .await;
}

#[tokio::test]
async fn a_quiet_topic_costs_one_long_poll_per_leader_and_no_batches() {
    let (_sim, handle, client) = started(interleaved(5)).await;
    let mut feed = Feed::open(client, spec(Start::End, true));
    to_end(&mut feed).await;
    handle.reset_stats();
    let more = timeout(Duration::from_millis(1200), feed.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert!(
        handle.requests(FETCH) <= 3 * 4,
        "{} requests in 1.2 s",
        handle.requests(FETCH)
    );
}

/// What a reader sees that takes a third of what comes, until records are left out or there is no doubt that none are.
async fn read_slowly(is_allowed: bool) -> (u64, Vec<i64>) {
    let (_sim, handle, client) = started(
        SimSpec::small()
            .max_partition_bytes(1 << 30)
            .add_topic(TopicSpec::new("orders", 1)),
    )
    .await;
    let mut feed = Feed::open(client, spec(Start::End, true));
    to_end(&mut feed).await;
    feed.may_skip(is_allowed);
    let value = "x".repeat(4_000);
    let (mut skipped, mut seen) = (0, Vec::new());
    let begin = Instant::now();
    let enough = if is_allowed { SOON } else { Duration::from_secs(4) };
    while skipped == 0 && begin.elapsed() < enough {
        for _ in 0..3 {
            handle.append("orders", 0, (0..250).map(|_| record(&value, 1)));
        }
        let batch = next(&mut feed).await.unwrap();
        skipped += batch.skipped;
        seen.extend(offsets(&batch.rows, 0));
    }
    // What was on its way when records were left out comes first.
    let last = seen.last().copied().unwrap_or(0);
    handle.append("orders", 0, [record("after", 1)]);
    while skipped > 0 && seen.last() < Some(&(last + i64::try_from(skipped).unwrap())) {
        let batch = next(&mut feed).await.unwrap();
        skipped += batch.skipped;
        seen.extend(offsets(&batch.rows, 0));
    }
    (skipped, seen)
}

#[tokio::test]
async fn a_follower_that_cannot_keep_up_goes_to_the_newest_and_counts_what_it_leaves_out() {
    let (skipped, seen) = read_slowly(true).await;
    assert!(skipped > 0);
    let last = *seen.last().unwrap();
    assert_eq!(
        seen.len() as i64 + skipped as i64,
        last + 1,
        "none is lost without being counted"
    );
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
}

#[tokio::test]
async fn who_did_not_allow_it_gets_every_record_however_late() {
    let (skipped, seen) = read_slowly(false).await;
    assert_eq!(skipped, 0);
    assert!(seen.windows(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[tokio::test]
async fn a_feed_that_nobody_reads_does_not_read_on() {
    let batches = (0..200).map(|_| Batch::of((0..100).map(|_| record(&"x".repeat(1000), 1))));
    let topic = batches.fold(TopicSpec::new("orders", 1), |topic, batch| topic.batch(0, batch));
    let spec_20_mb = SimSpec::small().max_partition_bytes(64 << 20).add_topic(topic);
    let (_sim, handle, client) = started(spec_20_mb).await;
    let mut feed = Feed::open(client, spec(Start::Begin, false));
    let first = next(&mut feed).await.unwrap();
    assert!(first.rows.len() <= 500);
    // Nobody takes anything for a while: at most the batches that may wait, and one answer, have been fetched.
    let mut before = 0;
    let settled = Instant::now() + SOON;
    while before != handle.requests(FETCH) {
        before = handle.requests(FETCH);
        assert!(Instant::now() < settled);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(before <= 8, "{before} requests of 1 MB");
    let mut count = first.rows.len();
    while let Some(batch) = next(&mut feed).await {
        let bytes: usize = batch.rows.iter().map(Row::len).sum();
        assert!(batch.rows.len() <= 500 && bytes <= (1 << 20) + 1000);
        count += batch.rows.len();
    }
    assert_eq!(count, 20_000, "and then everything is there");
}

#[tokio::test]
async fn moved_leaders_are_found_and_nothing_is_lost_or_repeated() {
    for_each_profile(interleaved(5), |_, handle, client| async move {
        let mut feed = Feed::open(client, spec(Start::Begin, true));
        let mut seen = to_end(&mut feed).await.rows;
        handle.move_leader("orders", 0, 2);
        handle.move_leader("orders", 1, 3);
        for p in 0..3 {
            handle.append("orders", p, [record("after the move", 1000)]);
        }
        seen.extend(rows(&mut feed, 3).await);
        for partition in 0..3 {
            assert_eq!(offsets(&seen, partition), (0..6).collect::<Vec<_>>());
        }
    })
    .await;
}

#[tokio::test]
async fn a_leaderless_partition_is_a_failure_while_the_others_go_on_until_it_is_back() {
    let (_sim, handle, client) = started(interleaved(5)).await;
    let mut feed = Feed::open(client, spec(Start::End, true));
    to_end(&mut feed).await;
    handle.take_leader("orders", 1);
    let failed = loop {
        let batch = next(&mut feed).await.unwrap();
        if !batch.failures.is_empty() {
            break batch.failures;
        }
    };
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].what, "orders-1");
    handle.append("orders", 0, [record("still here", 1)]);
    assert_eq!(values(&rows(&mut feed, 1).await), ["still here"]);
    handle.move_leader("orders", 1, 3);
    handle.append("orders", 1, [record("back", 2)]);
    loop {
        let batch = next(&mut feed).await.unwrap();
        if values(&batch.rows) == ["back"] {
            break;
        }
    }
    handle.append("orders", 0, [record("fine", 3)]);
    assert_eq!(next(&mut feed).await.unwrap().failures, []);
}

#[tokio::test]
async fn a_dead_broker_does_not_stop_the_others_and_its_records_come_when_it_is_back() {
    // Partition 2 has its only replica on broker 3.
    let topic = TopicSpec::new("orders", 3).replicas(vec![vec![1, 2], vec![2, 1], vec![3]]);
    let topic = (0..3).fold(topic, |topic, p| topic.records(p, [record(&format!("p{p}"), 1)]));
    let (_sim, handle, client) = started(SimSpec::small().brokers(3).add_topic(topic)).await;
    handle.kill_broker(3);
    let mut feed = Feed::open(client, spec(Start::Newest(50), true));
    let mut first = rows(&mut feed, 2).await;
    first.sort_by_key(Row::partition);
    assert_eq!(values(&first), ["p0", "p1"]);
    let at_end = to_end(&mut feed).await;
    assert_eq!(at_end.failures.len(), 1, "{:?}", at_end.failures);
    assert_eq!(at_end.failures[0].what, "orders-2");
    handle.restart_broker(3).unwrap();
    assert_eq!(values(&rows(&mut feed, 1).await), ["p2"]);
}

#[tokio::test]
async fn retention_that_overtakes_a_feed_moves_it_to_the_log_start() {
    let topic = (0..10).fold(TopicSpec::new("orders", 1), |topic, n| {
        topic.records(0, [record(&format!("r{n}"), n)])
    });
    let (_sim, handle, client) = started(SimSpec::small().add_topic(topic)).await;
    // The place is looked up, and then the log start moves before the first fetch is answered.
    handle.inject(Rule::error(FETCH, 1));
    handle.edit(|state| {
        let topic = state.topic_mut("orders").unwrap();
        topic.partition_mut(0).unwrap().log.trim_before(4);
    });
    assert_eq!(read(&client, Start::Begin).await, ["r4", "r5", "r6", "r7", "r8", "r9"]);
    handle.inject(Rule::error(FETCH, 1));
    assert_eq!(read(&client, Start::Newest(2)).await, ["r8", "r9"]);
}

#[tokio::test]
async fn a_topic_created_anew_is_read_from_its_start() {
    let (_sim, handle, client) = started(interleaved(20)).await;
    let mut feed = Feed::open(client, spec(Start::End, true));
    to_end(&mut feed).await;
    handle.edit(|state| {
        assert!(state.delete_topic("orders"));
        state.create_topic("orders", vec![vec![1], vec![2], vec![3]], BTreeMap::new());
    });
    for p in 0..3 {
        handle.append("orders", p, [record(&format!("new {p}"), 1)]);
    }
    let mut seen = values(&rows(&mut feed, 3).await);
    seen.sort();
    assert_eq!(seen, ["new 0", "new 1", "new 2"]);
}

#[tokio::test]
async fn damage_is_a_row_between_the_records_around_it() {
    let mut broken = Batch::of([record("never seen", 2)])
        .base_offset(1)
        .encode(0)
        .unwrap()
        .to_vec();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("before", 1)])
        .verbatim(0, broken.into())
        .records(0, [record("after", 3)]);
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic)).await;
    for start in [Start::Begin, Start::Newest(3)] {
        let mut feed = Feed::open(client.clone(), spec(start, false));
        let all = to_end(&mut feed).await.rows;
        assert_eq!(all.len(), 3);
        let Row::Unreadable(stretch) = &all[1] else {
            panic!("{:?}", all[1])
        };
        assert_eq!((stretch.first, stretch.last), (Offset(1), Offset(1)));
        assert!(matches!(stretch.damage, Damage::Checksum { .. }));
    }
}

#[tokio::test]
async fn a_record_larger_than_a_page_is_read_whole() {
    let large = "x".repeat(3 << 20);
    let topic = TopicSpec::new("orders", 2)
        .records(0, [record("small", 1)])
        .records(0, [record(&large, 2)])
        .records(0, [record("next", 3)])
        .records(1, [record(&large, 4)]);
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic)).await;
    for start in [Start::Begin, Start::Newest(10)] {
        let mut lengths: Vec<_> = read(&client, start).await.iter().map(String::len).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [4, 5, 3 << 20, 3 << 20]);
    }
}

#[tokio::test]
async fn a_broker_that_has_offsets_but_no_records_is_a_failure_and_no_flood_of_requests() {
    let topic = TopicSpec::new("orders", 1).without_data(0, 100);
    let (_sim, handle, client) = started(SimSpec::small().add_topic(topic)).await;
    let mut feed = Feed::open(client, spec(Start::Begin, true));
    let batch = to_end(&mut feed).await;
    assert!(
        matches!(&batch.failures[..], [failure] if failure.what == "orders-0"),
        "{:?}",
        batch.failures
    );
    assert!(handle.requests(FETCH) < 60, "{} requests", handle.requests(FETCH));
}

#[tokio::test]
async fn a_topic_that_does_not_exist_ends_the_feed_with_its_name() {
    let (_sim, _, client) = started(SimSpec::small()).await;
    let mut feed = Feed::open(client, spec(Start::Begin, true));
    let end = timeout(SOON, feed.next()).await.unwrap().unwrap();
    assert!(
        matches!(end, Err(Error::UnknownTopic { topic }) if topic.as_str() == "orders"),
        "it has a name"
    );
    assert!(feed.next().await.is_none());
}

#[tokio::test]
async fn a_partition_that_does_not_exist_ends_the_feed_with_its_name() {
    let (_sim, _, client) = started(interleaved(5)).await;
    let spec = FeedSpec::of("orders".into(), vec![PartitionId(9)], Start::Begin, Until::Follow);
    let end = timeout(SOON, Feed::open(client, spec).next()).await.unwrap();
    assert!(
        matches!(end, Some(Err(Error::UnknownPartition { partition, .. })) if partition == PartitionId(9)),
        "it has a name"
    );
}

#[tokio::test]
async fn a_topic_that_was_seen_before_is_not_looked_up_again() {
    let (_sim, handle, client) = started(interleaved(5)).await;
    read(&client, Start::Newest(5)).await;
    handle.reset_stats();
    read(&client, Start::Newest(5)).await;
    assert_eq!(handle.requests(METADATA), 0);
}

#[tokio::test]
async fn a_connection_that_breaks_now_and_then_is_no_more_than_a_delay() {
    for fault in [
        Fault::CloseUnanswered,
        Fault::Truncate { bytes: 40 },
        Fault::Garbage(b"\0\0\0\x08garbage!".to_vec()),
    ] {
        let (_sim, handle, client) = started(interleaved(10)).await;
        handle.inject(Rule::new(fault.clone()).api(FETCH).times(2));
        let mut feed = Feed::open(client, spec(Start::Begin, false));
        let mut seen = Vec::new();
        while let Some(batch) = next(&mut feed).await {
            seen.extend(batch.rows);
        }
        for partition in 0..3 {
            assert_eq!(offsets(&seen, partition), (0..10).collect::<Vec<_>>(), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_first_look_at_the_newest_costs_two_list_offsets_and_one_fetch_per_leader() {
    let (_sim, handle, client) = started(interleaved(40)).await;
    let mut feed = Feed::open(client.clone(), spec(Start::Newest(50), false));
    assert_eq!(to_end(&mut feed).await.rows.len(), 50);
    assert_eq!(handle.requests(LIST_OFFSETS), 2 * 3);
    assert_eq!(handle.requests(FETCH), 3);
    // The client's view agrees with the simulator's.
    let name = TopicPartition::new("orders", 0);
    let ends = client
        .list_offsets(OffsetSpec::Latest, Isolation::ReadUncommitted, [name.clone()])
        .await;
    assert_eq!(ends[&name], Ok(Some(Offset(40))));
}
