//! Feeds with an end: ranges of offsets and times, counts, several topics, and whose records are counted.

use std::time::Duration;

use ktui::kafka::client::Client;
use ktui::kafka::feed::Feed;
use ktui::kafka::model::{Isolation, Row};
use ktui::kafka::query::{FeedBatch, FeedSpec, FeedTopic};
use ktui::position::{Start, Until};
use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::{SimSpec, TopicSpec};
use tokio::time::timeout;

use crate::profiles::started;

const SOON: Duration = Duration::from_secs(20);

/// `<topic>-<partition>-<n>` at time 100 n + 10 partition + shift.
fn topic(name: &str, partitions: i32, records: i64, shift: i64) -> TopicSpec {
    (0..partitions).fold(TopicSpec::new(name, partitions as usize), |topic, p| {
        let list =
            (0..records).map(|n| Record::value(format!("{name}-{p}-{n}")).at(100 * n + 10 * i64::from(p) + shift));
        topic.batch(p, Batch::of(list))
    })
}

fn spec(topics: &[&str], start: &str, until: &str) -> FeedSpec {
    let each = topics.iter().map(|topic| FeedTopic {
        topic: (*topic).into(),
        partitions: Vec::new(),
        start: Start::parse(start, None).unwrap(),
    });
    FeedSpec {
        topics: each.collect(),
        until: Until::parse(until, None).unwrap(),
        isolation: Isolation::ReadCommitted,
    }
}

/// Everything a feed hands over before it ends.
async fn all(client: &Client, spec: FeedSpec) -> FeedBatch {
    let mut feed = Feed::open(client.clone(), spec);
    let mut all = FeedBatch::default();
    while let Some(batch) = timeout(SOON, feed.next()).await.expect("an end in time") {
        let batch = batch.expect("a feed that works");
        all.rows.extend(batch.rows);
        all.topics.extend(batch.topics);
        all.began.extend(batch.began);
        all.at_end = batch.at_end;
    }
    all
}

fn values(rows: &[Row]) -> Vec<String> {
    let value = |row: &Row| {
        let value = row.record().and_then(|record| record.value.clone());
        value.map_or("-".to_owned(), |value| String::from_utf8(value.to_vec()).unwrap())
    };
    rows.iter().map(value).collect()
}

async fn read(client: &Client, start: &str, until: &str) -> Vec<String> {
    let mut values = values(&all(client, spec(&["a"], start, until)).await.rows);
    values.sort();
    values
}

#[tokio::test]
async fn a_range_holds_its_start_and_not_its_end() {
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic("a", 2, 10, 0))).await;
    assert_eq!(
        read(&client, "offset 7", "offset 9").await,
        ["a-0-7", "a-0-8", "a-1-7", "a-1-8"]
    );
    assert_eq!(read(&client, "0@7,1@8", "0@8,1@10").await, ["a-0-7", "a-1-8", "a-1-9"]);
    assert_eq!(
        read(&client, "1@9", "end").await,
        ["a-1-9"],
        "only what has a place is read"
    );
    assert_eq!(read(&client, "@700", "@810").await, ["a-0-7", "a-0-8", "a-1-7"]);
    assert_eq!(
        read(&client, "offset 8", "offset 900").await.len(),
        4,
        "not waiting for what is not there"
    );
    assert!(read(&client, "offset 9", "offset 3").await.is_empty());
}

#[tokio::test]
async fn the_newest_before_an_end_are_counted_back_from_it() {
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic("a", 2, 10, 0))).await;
    assert_eq!(read(&client, "newest 3", "offset 5").await, ["a-0-4", "a-1-3", "a-1-4"]);
    assert_eq!(read(&client, "newest 2", "@400").await, ["a-0-3", "a-1-3"]);
}

#[tokio::test]
async fn a_count_ends_it() {
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic("a", 2, 10, 0))).await;
    assert_eq!(read(&client, "begin", "count 3").await.len(), 3);
    assert_eq!(read(&client, "begin", "count 300").await.len(), 20);
}

#[tokio::test]
async fn a_record_that_is_older_than_the_one_before_it_is_not_missed_at_a_time() {
    let times = [100, 300, 150, 400, 199];
    let list = times.map(|time| Record::value(format!("at {time}")).at(time));
    let topic = TopicSpec::new("a", 1).batch(0, Batch::of(list));
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic)).await;
    assert_eq!(read(&client, "begin", "@200").await, ["at 100", "at 150", "at 199"]);
}

#[tokio::test]
async fn several_topics_are_merged_by_time_and_each_row_names_its_own() {
    let spec_of = SimSpec::small()
        .add_topic(topic("a", 2, 10, 0))
        .add_topic(topic("b", 1, 10, 5));
    let (_sim, _, client) = started(spec_of).await;
    let newest = all(&client, spec(&["a", "b"], "newest 4", "end")).await;
    assert_eq!(values(&newest.rows), ["a-1-8", "a-0-9", "b-0-9", "a-1-9"]);
    assert_eq!(newest.topics, [0, 0, 1, 0]);
    assert_eq!(newest.began.len(), 3, "two partitions and one");
    let whole = all(&client, spec(&["a", "b"], "begin", "end")).await;
    let times: Vec<_> = whole.rows.iter().map(|row| row.timestamp().0).collect();
    assert_eq!(whole.rows.len(), 30);
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(all(&client, spec(&["a", "b"], "begin", "count 5")).await.rows.len(), 5);
}

#[tokio::test]
async fn a_topic_that_is_gone_does_not_hide_the_others() {
    let (_sim, _, client) = started(SimSpec::small().add_topic(topic("a", 1, 3, 0))).await;
    let mut feed = Feed::open(client.clone(), spec(&["a", "gone"], "begin", "end"));
    let mut last = FeedBatch::default();
    let mut rows = 0;
    while let Some(batch) = timeout(SOON, feed.next()).await.expect("an end in time") {
        last = batch.expect("one topic can be read");
        rows += last.rows.len();
    }
    assert_eq!(rows, 3);
    assert_eq!(last.failures.len(), 1);
    assert_eq!(last.failures[0].what, "gone");
    let mut none = Feed::open(client.clone(), spec(&["gone", "lost"], "begin", "end"));
    let end = loop {
        match timeout(SOON, none.next()).await.expect("an end in time") {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(end, Some(Err(_))), "{end:?}");
}

#[tokio::test]
async fn aborted_records_count_for_who_reads_uncommitted_only() {
    let log = TopicSpec::new("a", 1)
        .batch(0, Batch::of([Record::value("one").at(1), Record::value("two").at(2)]))
        .batch(0, Batch::of([Record::value("bad").at(3)]).transactional(9))
        .batch(0, Batch::marker(9, Marker::Abort));
    let (_sim, _, client) = started(SimSpec::small().add_topic(log)).await;
    let committed = all(&client, spec(&["a"], "newest 2", "end")).await;
    assert_eq!(values(&committed.rows)[..3], ["one", "two", "bad"]);
    let uncommitted = FeedSpec {
        isolation: Isolation::ReadUncommitted,
        ..spec(&["a"], "newest 2", "end")
    };
    assert_eq!(values(&all(&client, uncommitted).await.rows)[..2], ["two", "bad"]);
}
