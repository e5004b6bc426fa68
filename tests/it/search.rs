//! Searches against simulated clusters: what is found, how far a search says it is, and why it ends.

use std::time::Duration;

use ktui::filter::Filter;
use ktui::kafka::client::{Client, Isolation, MetadataScope};
use ktui::kafka::error::Error;
use ktui::kafka::model::{Offset, Row};
use ktui::kafka::partial::Failure;
use ktui::kafka::query::{FeedTopic, Progress, SearchSpec};
use ktui::kafka::search::Search;
use ktui::position::{Start, Until};
use ktui::sim::batch::{Batch, Record};
use ktui::sim::{SimSpec, TopicSpec};
use tokio::time::timeout;

use crate::profiles::{for_each_profile, started};

const SOON: Duration = Duration::from_secs(20);
const NOW: i64 = 1_000_000;

fn spec(line: &str, start: Start, until: Until) -> SearchSpec {
    SearchSpec {
        topics: vec![FeedTopic {
            topic: "orders".into(),
            partitions: Vec::new(),
            start,
        }],
        until,
        isolation: Isolation::ReadCommitted,
        filter: Filter::parse(line).unwrap(),
    }
}

/// Three partitions of 200 records, in batches of ten: `p0-0` to `p0-199` and so on, one a second.
fn orders() -> SimSpec {
    let topic = (0..60).fold(TopicSpec::new("orders", 3), |topic, n| {
        let (partition, batch) = (n % 3, n / 3);
        let records = (0..10).map(|i| Record::value(format!("p{partition}-{}", 10 * batch + i)).at(1000 * batch + i));
        topic.batch(i32::try_from(partition).unwrap(), Batch::of(records))
    });
    SimSpec::small().add_topic(topic)
}

/// Everything a search says, until it ends or says that it is at the end.
async fn all(client: &Client, spec: SearchSpec) -> Result<(Vec<String>, Progress), Error> {
    let mut search = Search::open(client.clone(), spec, NOW);
    let (mut values, mut progress) = (Vec::new(), Progress::default());
    while let Some(batch) = timeout(SOON, search.next()).await.expect("a batch in time") {
        let batch = batch?;
        values.extend(batch.rows.iter().map(|(_, row)| value(row)));
        assert!(batch.progress.passed >= progress.passed && batch.progress.matches >= progress.matches);
        progress = batch.progress;
    }
    Ok((values, progress))
}

fn value(row: &Row) -> String {
    let value = row.record().and_then(|record| record.value.clone()).unwrap_or_default();
    String::from_utf8_lossy(&value).into_owned()
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}

#[tokio::test]
async fn everything_up_to_the_end_is_searched_and_counted() {
    for_each_profile(orders(), |_, _, client| async move {
        let (values, progress) = all(&client, spec("-77", Start::Begin, Until::End)).await.unwrap();
        assert_eq!(sorted(values), ["p0-77", "p1-77", "p2-77"]);
        assert_eq!((progress.passed, progress.total, progress.records), (600, 600, 600));
        assert_eq!(
            (progress.matches, progress.errors, progress.partitions, progress.at_end),
            (3, 0, 3, true)
        );
    })
    .await;
}

#[tokio::test]
async fn a_search_of_the_newest_records_looks_at_the_whole_log() {
    let (_sim, _, client) = started(orders()).await;
    let (values, _) = all(&client, spec("p1-3", Start::Newest(5), Until::End)).await.unwrap();
    assert_eq!(values.len(), 11);
    let (values, progress) = all(&client, spec("p1-", Start::Time(19_005), Until::End))
        .await
        .unwrap();
    assert_eq!(values, ["p1-195", "p1-196", "p1-197", "p1-198", "p1-199"]);
    assert_eq!(progress.total, 15);
}

#[tokio::test]
async fn a_number_of_matches_is_an_end() {
    let (_sim, _, client) = started(orders()).await;
    let (values, progress) = all(&client, spec("p", Start::Begin, Until::Count(7))).await.unwrap();
    assert_eq!((values.len(), progress.matches), (7, 7));
}

/// Three partitions on a broker each, with old records; the brokers of the first and the last are down. What is found
/// of a follow from `start` when they come back, and some more is written everywhere.
async fn followed_without_two_brokers(start: Start) -> [Vec<String>; 3] {
    let topic = TopicSpec::new("orders", 3).replicas(vec![vec![1], vec![2], vec![3]]);
    let topic = (0..3).fold(topic, |topic, p| {
        topic.records(p, ["old 0", "old 1"].map(|value| Record::value(value).at(1000)))
    });
    let (_sim, handle, client) = started(SimSpec::small().brokers(3).add_topic(topic)).await;
    let _known = client.metadata(MetadataScope::All).await.unwrap();
    for broker in [1, 3] {
        handle.kill_broker(broker);
    }
    let mut search = Search::open(client, spec("/./", start, Until::Follow), NOW);
    let mut found: [Vec<String>; 3] = Default::default();
    let (mut is_back, mut failed) = (false, Vec::new());
    while found.iter().any(|values| !values.contains(&"new".to_owned())) {
        let batch = timeout(SOON, search.next()).await.expect("in time").unwrap().unwrap();
        for (_, row) in &batch.rows {
            found[row.partition().0 as usize].push(value(row));
        }
        failed.extend(batch.progress.failures.iter().map(|failure| failure.what.clone()));
        if !is_back {
            is_back = true;
            for broker in [1, 3] {
                handle.restart_broker(broker).unwrap();
            }
            for partition in 0..3 {
                handle.append("orders", partition, [Record::value("new").at(NOW + 1)]);
            }
        }
    }
    for partition in ["orders-0", "orders-2"] {
        assert!(failed.iter().any(|what| what == partition), "{failed:?}");
    }
    found
}

#[tokio::test]
async fn a_partition_whose_leader_is_down_is_followed_from_where_it_was_asked_for() {
    assert_eq!(followed_without_two_brokers(Start::End).await, [["new"]; 3]);
    let all = [["old 0", "old 1", "new"]; 3];
    assert_eq!(followed_without_two_brokers(Start::Begin).await, all);
    let rest = [["old 1", "new"]; 3];
    assert_eq!(followed_without_two_brokers(Start::Offset(Offset(1))).await, rest);
    assert_eq!(followed_without_two_brokers(Start::Time(2000)).await, [["new"]; 3]);
}

#[tokio::test]
async fn a_follow_waits_also_for_a_topic_of_which_no_leader_is_there() {
    let topic = TopicSpec::new("orders", 1)
        .replicas(vec![vec![2]])
        .records(0, [Record::value("first")]);
    let (_sim, handle, client) = started(SimSpec::small().brokers(2).add_topic(topic)).await;
    let _known = client.metadata(MetadataScope::All).await.unwrap();
    handle.kill_broker(2);
    let ends = all(&client, spec("first", Start::Begin, Until::End)).await;
    assert!(ends.is_err(), "a search to an end has nothing to wait for: {ends:?}");
    let mut search = Search::open(client, spec("first", Start::Begin, Until::Follow), NOW);
    let waits = timeout(SOON, search.next()).await.expect("in time").unwrap().unwrap();
    assert_eq!(waits.progress.failures[0].what, "orders-0");
    handle.restart_broker(2).unwrap();
    let mut found = Vec::new();
    while found.is_empty() {
        let batch = timeout(SOON, search.next()).await.expect("in time").unwrap().unwrap();
        found.extend(batch.rows.iter().map(|(_, row)| value(row)));
    }
    assert_eq!(found, ["first"]);
}

#[tokio::test]
async fn a_partition_that_is_read_again_is_not_called_unreadable_though_nothing_is_written() {
    let topic = TopicSpec::new("orders", 2)
        .replicas(vec![vec![1], vec![2]])
        .records(1, [Record::value("old").at(1000)]);
    let (_sim, handle, client) = started(SimSpec::small().brokers(2).add_topic(topic)).await;
    let _known = client.metadata(MetadataScope::All).await.unwrap();
    // Once when it cannot be asked where it ends, once while it is followed.
    handle.kill_broker(2);
    let mut search = Search::open(client, spec("old", Start::End, Until::Follow), NOW);
    for is_down in [true, false, true, false] {
        if is_down {
            handle.kill_broker(2);
        } else {
            handle.restart_broker(2).unwrap();
        }
        let is_told = |failures: &[Failure]| failures.iter().any(|failure| failure.what == "orders-1");
        loop {
            let batch = timeout(SOON, search.next()).await.expect("in time").unwrap().unwrap();
            assert!(batch.rows.is_empty());
            if is_told(&batch.progress.failures) == is_down {
                break;
            }
        }
    }
}

#[tokio::test]
async fn many_topics_are_asked_at_once_where_they_begin_and_end() {
    const LIST_OFFSETS: i16 = 2;
    let names = ["a", "b", "c", "d", "e"];
    let cluster = names.into_iter().fold(SimSpec::small().brokers(1), |cluster, name| {
        cluster.add_topic(TopicSpec::new(name, 2).records(1, [Record::value(format!("in {name}"))]))
    });
    let (_sim, handle, client) = started(cluster).await;
    let mut spec = spec("in", Start::Begin, Until::End);
    let each = |name: &str| FeedTopic {
        topic: name.into(),
        ..spec.topics[0].clone()
    };
    spec.topics = names.map(each).to_vec();
    let (mut found, _) = all(&client, spec).await.unwrap();
    found.sort_unstable();
    assert_eq!(found, names.map(|name| format!("in {name}")));
    assert_eq!(
        handle.requests(LIST_OFFSETS),
        3,
        "starts, ends, and ends of what is committed"
    );
}

#[tokio::test]
async fn following_goes_on_with_what_is_written() {
    let (_sim, handle, client) = started(orders()).await;
    let mut search = Search::open(client.clone(), spec("needle", Start::Begin, Until::Follow), NOW);
    let mut said = Vec::new();
    let mut at_end = false;
    while !at_end {
        let batch = timeout(SOON, search.next()).await.expect("in time").unwrap().unwrap();
        at_end = batch.progress.at_end;
        said.extend(batch.rows);
    }
    assert!(said.is_empty());
    handle.append("orders", 1, [Record::value("hay"), Record::value("a needle")]);
    loop {
        let batch = timeout(SOON, search.next()).await.expect("in time").unwrap().unwrap();
        if let [(0, row)] = &batch.rows[..] {
            assert_eq!((value(row), row.offset().0), ("a needle".to_owned(), 201));
            assert_eq!((batch.progress.passed, batch.progress.total), (600, 600));
            break;
        }
    }
}

#[tokio::test]
async fn errors_of_the_filter_are_counted_with_examples() {
    let (_sim, _, client) = started(orders()).await;
    let (values, progress) = all(&client, spec("record.value.a > 1", Start::Begin, Until::End))
        .await
        .unwrap();
    assert_eq!((values.len(), progress.errors, progress.matches), (0, 600, 0));
    assert!(
        progress.error_examples[0]
            .2
            .contains("record.value is text here and has no field a"),
        "{:?}",
        progress.error_examples
    );
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_an_error() {
    let (_sim, _, client) = started(SimSpec::small()).await;
    let error = all(&client, spec("a", Start::Begin, Until::End)).await.unwrap_err();
    assert!(matches!(error, Error::UnknownTopic { .. }), "{error:?}");
}
