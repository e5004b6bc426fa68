//! Jobs of the screen on a simulated cluster: what they tell, what they leave.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use ktui::app::event::Event;
use ktui::app::jobs::{ExportOrder, JobEnd, JobId, JobSpec};
use ktui::app::produce::{Content, SendOrder};
use ktui::export::{Existing, Paths};
use ktui::filter::Filter;
use ktui::kafka::model::{Codec, Offset, PartitionId};
use ktui::ops::Sending;
use ktui::position::{Start, Until};
use ktui::runtime::jobs::Jobs;
use ktui::sim::{SimSpec, TopicSpec};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::scene::Scene;
use crate::send::stored;

const SOON: Duration = Duration::from_secs(20);

async fn scene() -> Scene {
    Scene::new(
        SimSpec::small()
            .brokers(3)
            .add_topic(TopicSpec::new("orders", 3).replication(3)),
    )
    .await
}

/// Runs a job to its end.
async fn run(scene: &Scene, spec: JobSpec) -> JobEnd {
    let (replies, mut events) = mpsc::channel(64);
    let mut jobs = Jobs::new(scene.client.clone(), replies);
    jobs.start(JobId(1), spec);
    loop {
        match timeout(SOON, events.recv()).await.expect("the job ends") {
            Some(Event::JobEnded { job: JobId(1), end }) => return end,
            Some(Event::JobMoved { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn send(value: &str) -> JobSpec {
    let order = SendOrder {
        topic: "orders".into(),
        partition: PartitionId(2),
        chosen_of: None,
        content: Content {
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            ..Content::default()
        },
        codec: Codec::Zstd,
    };
    let sending = Sending {
        cluster: "sim".into(),
        topic: "orders".into(),
        records: Some(1),
    };
    JobSpec::Send(Box::new(order), sending)
}

fn export(path: &Path, existing: Existing) -> JobSpec {
    let order = ExportOrder {
        existing,
        ..ExportOrder::new(&"orders".into(), Start::Begin, Until::End, path)
    };
    JobSpec::Export(Box::new(order))
}

#[tokio::test]
async fn a_confirmed_record_is_stored_where_it_was_said_and_its_offset_told() {
    let scene = scene().await;
    let locked = run(&scene, send("a")).await;
    assert!(
        matches!(&locked, JobEnd::Failed(said) if said.starts_with("not sent to orders/2")),
        "{locked:?}"
    );
    scene.client.unlock().unwrap();
    assert_eq!(run(&scene, send("a")).await, JobEnd::Done("sent to orders/2@0".into()));
    assert_eq!(run(&scene, send("b")).await, JobEnd::Done("sent to orders/2@1".into()));
    assert_eq!(stored(&scene.sim, "orders", 2), ["a", "b"]);

    let JobSpec::Send(mut order, sending) = send("c") else {
        panic!("a record")
    };
    order.chosen_of = Some(1000);
    let grown = run(&scene, JobSpec::Send(order, sending)).await;
    let why = "not sent to orders/2: topic orders has 3 partitions now, and had 1000 when the key chose one of them. \
               Among these the key chooses another one: review the record again";
    assert!(
        matches!(&grown, JobEnd::Failed(said) if said.starts_with(why)),
        "{grown:?}"
    );
    assert_eq!(stored(&scene.sim, "orders", 2), ["a", "b"]);
}

#[tokio::test]
async fn an_export_overwrites_nothing_unless_it_is_told_to() {
    let scene = scene().await;
    scene.client.unlock().unwrap();
    run(&scene, send("a")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.jsonl");
    let end = run(&scene, export(&file, Existing::Refuse)).await;
    assert!(
        matches!(&end, JobEnd::Done(said) if said.starts_with("1 records in ")),
        "{end:?}"
    );
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(
        first.contains(r#""partition":2,"offset":0"#) && first.ends_with("\"headers\":[]}\n"),
        "{first}"
    );
    run(&scene, send("b")).await;
    let end = run(&scene, export(&file, Existing::Refuse)).await;
    assert!(
        matches!(&end, JobEnd::Failed(said) if said.contains("exists")),
        "{end:?}"
    );
    let end = run(&scene, export(&file, Existing::Resume)).await;
    assert!(
        matches!(&end, JobEnd::Done(said) if said.contains("complete already")),
        "{end:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
    let end = run(&scene, export(&file, Existing::Replace)).await;
    assert!(
        matches!(&end, JobEnd::Done(said) if said.starts_with("2 records in ")),
        "{end:?}"
    );
}

/// The order of an export of `orders` with what `change` makes of it.
fn order(path: &Path, change: impl FnOnce(&mut ExportOrder)) -> JobSpec {
    let mut order = ExportOrder::new(&"orders".into(), Start::Begin, Until::End, path);
    change(&mut order);
    JobSpec::Export(Box::new(order))
}

#[tokio::test]
async fn an_export_says_what_its_filter_could_not_judge_and_what_was_gone() {
    let scene = scene().await;
    scene.client.unlock().unwrap();
    run(&scene, send("status: ok")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.jsonl");
    let condition = |order: &mut ExportOrder| order.spec.filter = Filter::parse("record.value.status == 'ok'").ok();
    let end = run(&scene, order(&file, condition)).await;
    let said = "0 records in orders.jsonl; the filter could not judge 1 records, first orders-2 offset 0: ";
    assert!(matches!(&end, JobEnd::Done(all) if all.starts_with(said)), "{end:?}");

    scene.sim.edit(|state| {
        let topic = state.topic_mut("orders").unwrap();
        topic.partition_mut(2).unwrap().log.trim_before(1);
    });
    let record = |order: &mut ExportOrder| {
        order.spec.from = Start::PerPartition(vec![(PartitionId(2), Offset(0))]);
        order.spec.until = Until::PerPartition(vec![(PartitionId(2), Offset(1))]);
        order.existing = Existing::Replace;
    };
    let end = run(&scene, order(&file, record)).await;
    let said = "0 records in orders.jsonl; orders-2: offsets 0 to 0 are not there any more";
    assert_eq!(end, JobEnd::Done(said.into()));
}

#[tokio::test]
async fn a_device_that_is_full_leaves_nothing_to_go_on_with() {
    let scene = scene().await;
    scene.client.unlock().unwrap();
    run(&scene, send("a")).await;
    let end = run(&scene, order(Path::new("/dev/full"), |_| {})).await;
    let JobEnd::Failed(said) = &end else { panic!("{end:?}") };
    assert!(said.starts_with("cannot write /dev/full: "), "{said}");
    assert!(!said.contains("goes on"), "{said}");
}

#[tokio::test]
async fn an_export_that_is_told_to_stop_can_go_on() {
    let scene = scene().await;
    scene.client.unlock().unwrap();
    run(&scene, send("a")).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.jsonl");
    let (replies, mut events) = mpsc::channel(64);
    let mut jobs = Jobs::new(scene.client.clone(), replies);
    jobs.start(JobId(1), order(&file, |order| order.spec.until = Until::Follow));
    jobs.start(JobId(2), send("b"));
    jobs.cancel(JobId(2));
    jobs.cancel(JobId(3));
    let mut sent = false;
    let end = loop {
        match timeout(SOON, events.recv()).await.expect("the export ends") {
            Some(Event::JobMoved {
                job: JobId(1),
                progress,
            }) if progress.said == "2 records" => {
                jobs.cancel(JobId(1));
                jobs.cancel(JobId(1));
            }
            Some(Event::JobEnded { job: JobId(1), end }) => break end,
            Some(Event::JobEnded { job: JobId(2), end }) => sent = end == JobEnd::Done("sent to orders/2@1".into()),
            Some(Event::JobMoved { .. }) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(sent, "a record on its way is not called back");
    let said = "2 records so far; r goes on with orders.jsonl";
    assert_eq!(end, JobEnd::Stopped(said.into()));
    assert!(!file.exists() && Paths::of(&file).partial.exists());
}
