//! Running reassignments: what they add is not missing.

use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::model::{BrokerId, PartitionId, Reassignments};
use ktui::kafka::query::{Answer, Query};
use ktui::sim::{ApiProfile, SimSpec, TopicSpec};

use crate::scene::Scene;
use crate::stage::{Stage, cluster, ids, partition, timeout, topic};

fn spec() -> SimSpec {
    SimSpec::small()
        .brokers(3)
        .add_topic(TopicSpec::new("orders", 2).replicas(vec![vec![1, 2], vec![2, 1]]))
}

async fn reassignments(scene: &Scene) -> Reassignments {
    let Answer::Reassignments(found) = scene.ask(Query::Reassignments).await.value else {
        panic!("not reassignments")
    };
    found
}

#[tokio::test]
async fn added_replicas_are_told_by_every_profile_that_can() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        assert_eq!(
            reassignments(&scene).await,
            Reassignments::default(),
            "{}",
            profile.name
        );
        scene.sim.add_replica("orders", 1, 3);
        let found = reassignments(&scene).await.adding;
        if profile.name == ApiProfile::KAFKA_2_1.name {
            assert!(found.is_empty(), "it has no such request");
        } else {
            assert_eq!(found["orders"], [(PartitionId(1), ids(&[3]))], "{}", profile.name);
        }
    }
}

#[test]
fn a_replica_that_is_being_added_troubles_nobody() {
    let mut moving = topic("orders", 2);
    moving.partitions[1] = partition(1, Some(1), &[1, 2, 3], &[1, 2]);
    let overview = ktui::kafka::query::Overview {
        cluster: cluster(&[1, 2, 3]),
        topics: vec![moving],
    };
    let mut stage = Stage::with(PaneId::Topics, 120, 24, overview);
    assert!(
        stage
            .line("prod-eu")
            .contains("1 partition under-replicated: broker 3 out of sync")
    );
    let adding = [("orders".into(), vec![(PartitionId(1), [BrokerId(3)].into())])];
    stage.answer(
        SlotId::Reassignments,
        Answer::Reassignments(Reassignments { adding: adding.into() }),
    );
    assert!(
        stage
            .line("prod-eu")
            .contains("3/3 brokers  controller 3  URP 0  offline 0")
    );
    stage.press(ktui::app::action::Action::Open);
    assert!(
        stage.line("2 partitions").contains("1 being reassigned"),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("1,2,+3"), "{}", stage.text());

    // Ended: the next answer names it no more, and a replica that is out of sync now is missing.
    stage.pass(10);
    stage.answer(SlotId::Reassignments, Answer::Reassignments(Reassignments::default()));
    assert!(
        stage
            .line("prod-eu")
            .contains("1 partition under-replicated: broker 3 out of sync")
    );
}

#[test]
fn a_replica_that_was_added_once_is_missing_when_it_falls_out_later() {
    let of = |isr: &[i32]| {
        let mut moving = topic("orders", 2);
        moving.partitions[1] = partition(1, Some(1), &[1, 2, 3], isr);
        Answer::Overview(ktui::kafka::query::Overview {
            cluster: cluster(&[1, 2, 3]),
            topics: vec![moving],
        })
    };
    let mut stage = Stage::open(PaneId::Topics, 120, 24);
    stage.answer(SlotId::Overview, of(&[1, 2]));
    let adding = [("orders".into(), vec![(PartitionId(1), [BrokerId(3)].into())])];
    let told = Reassignments { adding: adding.into() };
    stage.answer(SlotId::Reassignments, Answer::Reassignments(told));
    assert!(stage.line("prod-eu").contains("URP 0"));

    // It has caught up. Nobody asks for reassignments any more.
    stage.pass(5);
    stage.answer(SlotId::Overview, of(&[1, 2, 3]));
    stage.pass(5);
    stage.answer(SlotId::Overview, of(&[1, 2]));
    let missing = "1 partition under-replicated: broker 3 out of sync";
    assert!(stage.line("prod-eu").contains(missing), "{}", stage.text());
    stage.fail(SlotId::Reassignments, timeout("ListPartitionReassignments"));
    assert!(stage.line("prod-eu").contains(missing), "{}", stage.text());
}
