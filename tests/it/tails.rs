//! What lies between a commit and the end, against the simulated cluster.

use ktui::kafka::lag::tail::{NextRecord, Place, Tail};
use ktui::kafka::model::record::{RecordKind, Row};
use ktui::kafka::model::{Offset, Timestamp, TimestampType, TopicPartition};
use ktui::kafka::query::{Answer, Query};
use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{SimSpec, TopicSpec};

use crate::scene::{Scene, api};

fn record(value: impl Into<bytes::Bytes>, at: i64) -> Record {
    Record::value(value).at(at)
}

fn place(partition: i32, committed: i64, end: i64) -> Place {
    Place {
        partition: TopicPartition::new("orders", partition),
        committed: Offset(committed),
        end: Offset(end),
    }
}

async fn scene(topic: TopicSpec) -> Scene {
    let scene = Scene::new(SimSpec::small().add_topic(topic)).await;
    // Leaders are known from whatever was on screen before.
    drop(scene.ask(Query::Overview).await);
    scene
}

async fn tails(scene: &Scene, places: Vec<Place>) -> Vec<(TopicPartition, Tail)> {
    match scene.ask(Query::Tails(places)).await.value {
        Answer::Tails(found) => found,
        other => panic!("{other:?}"),
    }
}

async fn tail(scene: &Scene, place: Place) -> Tail {
    let found = tails(scene, vec![place]).await;
    found.into_iter().next().unwrap().1
}

#[tokio::test]
async fn the_record_at_the_commit_tells_its_time() {
    let topic = TopicSpec::new("orders", 1).batch(0, Batch::of([record("a", 1), record("b", 2), record("c", 3)]));
    let scene = scene(topic).await;
    // The commit lies in the middle of a batch.
    let next = tail(&scene, place(0, 1, 3)).await.next.unwrap();
    assert_eq!((next.offset, next.timestamp), (Offset(1), Timestamp(2)));
    assert_eq!(next.timestamp_type, TimestampType::Create);
}

#[tokio::test]
async fn markers_and_aborted_records_alone_are_nothing_to_read() {
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("plain", 1)])
        .batch(0, Batch::of([record("a", 2), record("b", 2)]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Abort));
    let scene = scene(topic).await;
    let found = tail(&scene, place(0, 1, 4)).await;
    assert!(found.is_empty(), "{found:?}");
    assert_eq!((found.markers, found.aborted), (1, 2));
    let found = tail(&scene, place(0, 0, 4)).await;
    assert!(!found.is_empty() && found.next.is_some_and(|next| next.offset == Offset(0)));
}

#[tokio::test]
async fn a_record_after_the_end_that_was_seen_is_not_meant() {
    let topic = TopicSpec::new("orders", 1)
        .batch(0, Batch::of([record("a", 2)]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Commit))
        .records(0, [record("younger", 9)]);
    let scene = scene(topic).await;
    assert!(tail(&scene, place(0, 1, 2)).await.is_empty());
    assert!(!tail(&scene, place(0, 1, 3)).await.is_empty());
}

#[tokio::test]
async fn what_an_open_transaction_holds_is_not_proven_to_be_nothing() {
    let topic = TopicSpec::new("orders", 1).batch(0, Batch::of([record("a", 2)]).transactional(7));
    let scene = scene(topic).await;
    let found = tail(&scene, place(0, 0, 1)).await;
    assert!(!found.is_empty() && found.next.is_none(), "{found:?}");
}

#[tokio::test]
async fn several_groups_in_one_partition_have_each_their_own() {
    let topic = TopicSpec::new("orders", 2)
        .records(0, [record("a", 1), record("b", 2), record("c", 3)])
        .records(1, [record("d", 4)]);
    let scene = scene(topic).await;
    let places = vec![place(0, 0, 3), place(0, 2, 3), place(1, 0, 1), place(0, 1, 3)];
    let found = tails(&scene, places).await;
    let mut times: Vec<i64> = found.iter().map(|(_, tail)| tail.next.unwrap().timestamp.0).collect();
    times.sort_unstable();
    assert_eq!(times, [1, 2, 3, 4]);
}

#[tokio::test]
async fn groups_that_stand_near_to_each_other_are_answered_by_one_fetch() {
    let records = |from: i64| Batch::of((from..from + 10).map(|number| record("x", number)));
    let topic = (0..10).fold(TopicSpec::new("orders", 1), |topic, number| {
        topic.batch(0, records(number * 10))
    });
    let scene = scene(topic).await;
    // Two groups at each place, in no order.
    let places = [73, 5, 99, 40, 5, 40, 73, 99].map(|committed| place(0, committed, 100));
    let mut found = tails(&scene, places.into()).await;
    found.sort_by_key(|(_, tail)| tail.committed);
    let read = found.iter().map(|(_, tail)| (tail.committed.0, tail.next.unwrap()));
    let read: Vec<_> = read.map(|(at, next)| (at, next.offset.0, next.timestamp.0)).collect();
    assert_eq!(read, [(5, 5, 5), (40, 40, 40), (73, 73, 73), (99, 99, 99)]);
    assert_eq!(scene.seen(api::FETCH), 1);
}

#[tokio::test]
async fn a_place_beyond_what_came_for_another_is_fetched_by_itself() {
    let topic = TopicSpec::new("orders", 1)
        .records(0, [record("x".repeat(60_000), 1)])
        .records(0, [record("x".repeat(60_000), 2)])
        .records(0, [record("x".repeat(60_000), 3)]);
    let scene = scene(topic).await;
    let found = tails(&scene, vec![place(0, 2, 3), place(0, 0, 3)]).await;
    let mut times: Vec<i64> = found.iter().map(|(_, tail)| tail.next.unwrap().timestamp.0).collect();
    times.sort_unstable();
    assert_eq!(times, [1, 3]);
    assert_eq!(scene.seen(api::FETCH), 2);
}

#[tokio::test]
async fn an_aborted_transaction_before_a_place_does_not_hide_the_record_there() {
    let topic = TopicSpec::new("orders", 1)
        .batch(0, Batch::of([record("a", 1)]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Abort))
        .batch(0, Batch::of([record("b", 3)]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Commit));
    let scene = scene(topic).await;
    let found = tails(&scene, vec![place(0, 0, 4), place(0, 2, 4), place(0, 3, 4)]).await;
    let told = found.iter().map(|(_, tail)| {
        let next = tail.next.map(|next| next.offset.0);
        (tail.committed.0, next, tail.markers, tail.aborted)
    });
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    assert_eq!(told, [(0, Some(2), 1, 1), (2, Some(2), 0, 0), (3, None, 1, 0)]);
    assert_eq!(scene.seen(api::FETCH), 1);
}

#[tokio::test]
async fn a_batch_larger_than_the_first_answer_is_fetched_whole() {
    let large = record("x".repeat(300_000), 5);
    let topic = TopicSpec::new("orders", 3)
        .records(0, [large.clone()])
        .records(1, [large.clone()])
        .records(2, [large]);
    let scene = scene(topic).await;
    let found = tails(&scene, (0..3).map(|partition| place(partition, 0, 1)).collect()).await;
    assert_eq!(
        found.iter().filter(|(_, tail)| tail.next.is_some()).count(),
        3,
        "{found:?}"
    );
}

#[tokio::test]
async fn a_partition_that_cannot_be_read_is_named_and_the_others_are_told() {
    let topic = TopicSpec::new("orders", 2)
        .records(0, [record("a", 1)])
        .records(1, [record("b", 2)]);
    let scene = scene(topic).await;
    let denied = Fault::Error {
        code: 29,
        scope: Scope::Partition("orders".to_owned(), 1),
    };
    scene.sim.inject(Rule::new(denied).api(api::FETCH).always());
    let answer = scene.ask(Query::Tails(vec![place(0, 0, 1), place(1, 0, 1)])).await;
    let Answer::Tails(found) = answer.value else {
        panic!("tails")
    };
    assert_eq!(found.len(), 1);
    assert_eq!(answer.failures.len(), 1, "{:?}", answer.failures);
}

async fn next_record(scene: &Scene, place: Place) -> NextRecord {
    match scene.ask(Query::NextRecord(place)).await.value {
        Answer::NextRecord(found) => *found,
        other => panic!("{other:?}"),
    }
}

fn value_of(found: &NextRecord) -> &[u8] {
    let record = found.row.as_ref().and_then(Row::record).expect("a record");
    record.value.as_deref().expect("a value")
}

#[tokio::test]
async fn the_record_at_the_commit_comes_with_its_bytes() {
    let large = record("x".repeat(300_000), 5);
    let topic = TopicSpec::new("orders", 1)
        .batch(0, Batch::of([record("a", 1), record("b", 2)]))
        .records(0, [large]);
    let scene = scene(topic).await;
    let found = next_record(&scene, place(0, 1, 3)).await;
    assert_eq!(value_of(&found), b"b");
    assert_eq!(value_of(&next_record(&scene, place(0, 2, 3)).await).len(), 300_000);
}

#[tokio::test]
async fn markers_alone_have_no_record_and_an_open_transaction_shows_what_holds_it() {
    let topic = TopicSpec::new("orders", 2)
        .batch(0, Batch::of([record("a", 2)]).transactional(7))
        .batch(0, Batch::marker(7, Marker::Commit))
        .batch(1, Batch::of([record("open", 2)]).transactional(8));
    let scene = scene(topic).await;
    let markers = next_record(&scene, place(0, 1, 2)).await;
    assert!(markers.row.is_none() && markers.tail.is_empty(), "{markers:?}");
    let held = next_record(&scene, place(1, 0, 1)).await;
    assert!(held.tail.next.is_none());
    assert_eq!(value_of(&held), b"open");
    assert_eq!(
        held.row.as_ref().and_then(Row::record).map(|record| record.kind),
        Some(RecordKind::OpenTransaction)
    );
}
