//! Sending to a simulated cluster that loses answers, moves leaders and dies: every record is stored once, in order.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use ktui::kafka::client::MetadataScope;
use ktui::kafka::error::Error;
use ktui::kafka::model::{Codec, PartitionId};
use ktui::kafka::records::{BatchBuilder, FetchedRange, Inflater, NewBatch, NewRecord, Walk, Walked};
use ktui::kafka::send::{Sender, Settled, WINDOW};
use ktui::ops::Sending;
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{ApiProfile, SimHandle, SimSpec, TopicSpec};

use crate::scene::Scene;

const PRODUCE: i16 = 0;
const TOPIC: &str = "orders";

fn batch(values: std::ops::Range<u32>) -> NewBatch {
    let mut builder = BatchBuilder::default();
    for value in values {
        let record = NewRecord {
            timestamp: 1_700_000_000_000,
            value: Some(Cow::Owned(value.to_string().into_bytes())),
            ..NewRecord::default()
        };
        builder.push(&record).unwrap();
    }
    builder.finish(Codec::Lz4).unwrap()
}

async fn scene(patience: Duration) -> Scene {
    let scene = Scene::with_patience(
        SimSpec::small()
            .brokers(3)
            .add_topic(TopicSpec::new(TOPIC, 3).replication(3)),
        patience,
    )
    .await;
    scene.client.unlock().unwrap();
    let named = MetadataScope::Named(vec![TOPIC.into()]);
    assert!(scene.client.metadata(named).await.unwrap().is_complete());
    scene
}

async fn sender(scene: &Scene, patience: Duration) -> Sender {
    let sending = Sending {
        cluster: "sim".to_owned(),
        topic: TOPIC.into(),
        records: None,
    };
    let intent = sending.confirmed(&scene.client).unwrap();
    let producer = scene.client.new_producer(&intent, patience).await.unwrap();
    Sender::new(scene.client.clone(), intent, TOPIC.into(), producer, patience)
}

/// Values of a partition in the order of the log.
pub fn stored(sim: &SimHandle, topic: &str, partition: i32) -> Vec<String> {
    let bytes = sim.look(|state| {
        state
            .partition(topic, partition)
            .unwrap()
            .log
            .read(0, i64::MAX, usize::MAX, true)
            .bytes
    });
    let range = FetchedRange {
        bytes,
        fetch_offset: 0,
        high_watermark: i64::MAX,
        open_from: i64::MAX,
        aborted: Vec::new(),
    };
    let (mut values, mut inflater) = (Vec::new(), Inflater::default());
    for walked in Walk::new(range) {
        let Walked::Batch(batch) = walked else {
            panic!("damaged")
        };
        let payload = inflater.payload(&batch).unwrap();
        for record in batch.records(payload) {
            values.push(String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap());
        }
    }
    values
}

fn expected(values: std::ops::Range<u32>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

/// Sends 40 batches of 10 records to each of three partitions, never more than the window at once.
async fn send_all(sender: &mut Sender, mut between: impl FnMut(u32)) -> Vec<Settled> {
    let (mut all, mut unsettled) = (Vec::new(), BTreeSet::new());
    for at in 0..40 {
        for partition in 0..3 {
            let is_full = |unsettled: &BTreeSet<(i32, u64)>| {
                let oldest = unsettled.range((partition, 0)..(partition + 1, 0)).next();
                oldest.is_some_and(|(_, oldest)| u64::from(at) - oldest == WINDOW as u64)
            };
            while is_full(&unsettled) {
                let settled = sender.next().await.unwrap();
                unsettled.remove(&(settled.partition.0, settled.tag));
                all.push(settled);
            }
            sender.push(u64::from(at), PartitionId(partition), batch(at * 10..at * 10 + 10));
            unsettled.insert((partition, u64::from(at)));
        }
        between(at);
    }
    while let Some(settled) = sender.next().await {
        all.push(settled);
    }
    assert!(sender.is_idle());
    all
}

fn is_whole(scene: &Scene, settled: &[Settled]) {
    let failed: Vec<_> = settled.iter().filter(|one| one.outcome.is_err()).take(3).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(settled.len(), 120);
    for partition in 0..3 {
        assert_eq!(
            stored(&scene.sim, TOPIC, partition),
            expected(0..400),
            "partition {partition}"
        );
    }
}

#[tokio::test]
async fn batches_are_stored_in_order_and_their_offsets_told() {
    let scene = scene(Duration::from_secs(5)).await;
    let mut sender = sender(&scene, Duration::from_secs(20)).await;
    let settled = send_all(&mut sender, |_| {}).await;
    is_whole(&scene, &settled);
    let at = |tag| {
        settled
            .iter()
            .find(|one| one.tag == tag && one.partition.0 == 1)
            .unwrap()
    };
    assert_eq!(at(7).outcome.as_ref().unwrap().unwrap().0, 70);
}

#[tokio::test]
async fn lost_answers_and_moved_leaders_neither_lose_nor_double_a_record() {
    let scene = scene(Duration::from_millis(300)).await;
    let mut sender = sender(&scene, Duration::from_secs(30)).await;
    let sim = scene.sim.clone();
    let faults = [
        Fault::CloseUnanswered,
        Fault::CloseUnserved,
        Fault::SkipAnswer,
        Fault::NeverAnswer,
        Fault::Truncate { bytes: 6 },
        Fault::Garbage(vec![0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ];
    let settled = send_all(&mut sender, |at| {
        let fault = faults[at as usize % faults.len()].clone();
        sim.inject(Rule::new(fault).api(PRODUCE));
        if at % 7 == 3 {
            sim.move_leader(TOPIC, (at % 3) as i32, (at % 3) as i32 + 1);
        }
        if at % 11 == 5 {
            sim.inject(Rule::error(PRODUCE, 19));
            sim.inject(Rule::error(PRODUCE, 7));
        }
    })
    .await;
    is_whole(&scene, &settled);
}

#[tokio::test]
async fn a_broker_that_comes_back_gets_the_rest() {
    let scene = scene(Duration::from_secs(1)).await;
    let mut sender = sender(&scene, Duration::from_secs(30)).await;
    let sim = scene.sim.clone();
    let settled = send_all(&mut sender, |at| match at {
        10 => sim.kill_broker(1),
        20 => sim.restart_broker(1).unwrap(),
        25 => sim.kill_broker(2),
        _ => {}
    })
    .await;
    is_whole(&scene, &settled);
}

#[tokio::test]
async fn what_a_leader_refuses_is_told_and_nothing_is_sent_behind_it() {
    let scene = scene(Duration::from_secs(5)).await;
    let mut sender = sender(&scene, Duration::from_secs(5)).await;
    let fault = Fault::Error {
        code: 87,
        scope: Scope::Partition(TOPIC.to_owned(), 0),
    };
    scene.sim.inject(Rule::new(fault).api(PRODUCE).times(2));
    for tag in 0..3 {
        sender.push(tag, PartitionId(0), batch(0..1));
    }
    sender.push(9, PartitionId(1), batch(0..1));
    let mut settled = Vec::new();
    while let Some(one) = sender.next().await {
        settled.push(one);
    }
    let errors: Vec<_> = settled.iter().filter_map(|one| one.outcome.as_ref().err()).collect();
    assert!(errors.len() >= 3, "{settled:?}");
    assert!(errors.iter().all(|unsent| !unsent.is_unknown), "{errors:?}");
    assert!(errors.iter().any(|unsent| unsent.error.code() == Some(87)));
    assert_eq!(stored(&scene.sim, TOPIC, 0), Vec::<String>::new());
}

#[tokio::test]
async fn a_damaged_batch_goes_again_and_after_an_unknown_error_nobody_knows() {
    let scene = scene(Duration::from_secs(5)).await;
    let mut sender = sender(&scene, Duration::from_secs(5)).await;
    scene.sim.inject(Rule::error(PRODUCE, 2).times(3));
    sender.push(0, PartitionId(0), batch(0..1));
    assert!(sender.next().await.unwrap().outcome.is_ok());
    scene.sim.inject(Rule::error(PRODUCE, -1));
    sender.push(1, PartitionId(0), batch(1..2));
    assert!(sender.next().await.unwrap().outcome.unwrap_err().is_unknown);
}

#[tokio::test]
async fn when_patience_ends_it_is_said_that_nobody_knows() {
    let scene = scene(Duration::from_millis(100)).await;
    let mut sender = sender(&scene, Duration::from_millis(300)).await;
    scene
        .sim
        .inject(Rule::new(Fault::CloseUnanswered).api(PRODUCE).always());
    sender.push(0, PartitionId(0), batch(0..1));
    let settled = sender.next().await.unwrap();
    let unsent = settled.outcome.unwrap_err();
    assert!(unsent.is_unknown && unsent.error.is_connection(), "{unsent:?}");
    assert_eq!(
        stored(&scene.sim, TOPIC, 0),
        ["0"],
        "it was stored once, however often it was sent"
    );
}

#[tokio::test]
async fn locking_the_session_stops_what_is_under_way() {
    let scene = scene(Duration::from_secs(5)).await;
    let mut sender = sender(&scene, Duration::from_secs(5)).await;
    scene.client.lock();
    sender.push(0, PartitionId(0), batch(0..1));
    let unsent = sender.next().await.unwrap().outcome.unwrap_err();
    assert!(matches!(unsent.error, Error::Locked { .. }) && !unsent.is_unknown);
    assert_eq!(scene.sim.requests(PRODUCE), 0);
}

#[tokio::test]
async fn every_generation_of_brokers_is_spoken_to() {
    for profile in ApiProfile::ALL {
        let spec = SimSpec::small().profile(profile).topic(TOPIC, 3);
        let scene = Scene::new(spec).await;
        scene.client.unlock().unwrap();
        drop(scene.client.metadata(MetadataScope::All).await.unwrap());
        let mut sender = sender(&scene, Duration::from_secs(5)).await;
        sender.push(0, PartitionId(2), batch(0..5));
        let settled = sender.next().await.unwrap();
        assert!(settled.outcome.is_ok(), "{profile:?}: {settled:?}");
        assert_eq!(stored(&scene.sim, TOPIC, 2), expected(0..5));
    }
}
