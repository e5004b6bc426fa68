//! Moving offsets against a simulated cluster: plans, races, lost answers, dying coordinators, undo.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ktui::kafka::model::{Committed, GroupId, LeaderEpoch, Offset, TopicPartition};
use ktui::ops::reset::members::{plan_removal, remove};
use ktui::ops::reset::{
    Applied, Applying, ClusterMark, Deed, Effect, Glance, Journal, NoPlan, NotApplied, Outcome, Plan, Refusal, Scope,
    Strategy, Undo, apply, glances, plan, plan_forget, plan_undo,
};
use ktui::sim::batch::Record;
use ktui::sim::fault::{Fault, Rule, Scope as FaultScope};
use ktui::sim::state::group::{Commit, GroupState, Member};
use ktui::sim::{ApiProfile, GroupSpec, SimSpec, TopicSpec};

use crate::scene::{Scene, api};

const OFFSET_COMMIT: i16 = 8;
const DELETE_GROUPS: i16 = 42;
const NOW: i64 = 1_700_000_100_000;
const GROUP: &str = "billing";

fn clock() -> i64 {
    NOW
}

/// Three partitions: 0 with ten records, a second apart; 1 with five; 2 empty. The group stands in the middle of 0 with a
/// text and an epoch, past the end of 1, and nowhere in 2.
fn spec() -> SimSpec {
    let records = |count: i64| (0..count).map(|n| Record::value(format!("{n}")).at(1_700_000_000_000 + n * 1_000));
    let topic = TopicSpec::new("orders", 3)
        .replication(3)
        .records(0, records(10))
        .records(1, records(5));
    let noted = Commit {
        offset: 4,
        leader_epoch: 0,
        metadata: kafka_text("note"),
    };
    SimSpec::small()
        .brokers(3)
        .add_topic(topic)
        .add_topic(TopicSpec::new("other", 1).replication(3).records(0, records(3)))
        .add_group(
            GroupSpec::classic(GROUP)
                .commit_with("orders", 0, noted)
                .commit("orders", 1, 5)
                .commit("other", 0, 2),
        )
        .add_group(
            GroupSpec::classic("twin")
                .commit("orders", 0, 7)
                .commit("orders", 1, 99),
        )
}

fn kafka_text(text: &str) -> kafka_protocol::protocol::StrBytes {
    kafka_protocol::protocol::StrBytes::from_string(text.to_owned())
}

struct Bed {
    scene: Scene,
    dir: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Self {
        Self::of(spec()).await
    }

    async fn of(spec: SimSpec) -> Self {
        let scene = Scene::with_patience(spec, Duration::from_secs(2)).await;
        scene.client.unlock().unwrap();
        Self {
            scene,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn journal(&self) -> Journal {
        Journal {
            dir: self.dir.path().to_owned(),
            cluster: ClusterMark {
                id: Some("sim".to_owned()),
                name: "sim".to_owned(),
            },
            who: "ann".to_owned(),
        }
    }

    async fn try_plan(&self, scope: &[&str], strategy: Strategy) -> Result<Plan, NoPlan> {
        let scope = match scope {
            [] => Scope::Committed,
            topics => Scope::Topics(topics.iter().map(|topic| topic.parse().unwrap()).collect()),
        };
        plan(&self.scene.client, &GROUP.into(), &scope, &strategy, NOW).await
    }

    async fn plan(&self, scope: &[&str], strategy: Strategy) -> Plan {
        self.try_plan(scope, strategy).await.unwrap()
    }

    async fn apply_of(&self, plan: &Plan, undoes: Option<&Path>) -> Result<Applied, NotApplied> {
        let intent = plan.confirmed(&self.scene.client).unwrap();
        let journal = self.journal();
        let applying = Applying {
            journal: &journal,
            patience: Duration::from_secs(20),
            undoes,
            clock,
        };
        apply(&self.scene.client, &intent, plan, applying).await
    }

    async fn apply(&self, plan: &Plan) -> Result<Applied, NotApplied> {
        self.apply_of(plan, None).await
    }

    /// What the coordinator has.
    fn commits(&self) -> BTreeMap<String, Commit> {
        self.scene.sim.look(|state| {
            let Some(group) = state.groups.get(GROUP.as_bytes()) else {
                return BTreeMap::new();
            };
            let topics = group.commits.iter();
            let rows = topics.flat_map(|(topic, rows)| rows.iter().map(move |(id, commit)| (topic, id, commit)));
            rows.map(|(topic, id, commit)| (format!("{topic}-{id}"), commit.clone()))
                .collect()
        })
    }

    fn offsets(&self) -> Vec<(String, i64)> {
        let commits = self.commits();
        commits
            .into_iter()
            .map(|(partition, commit)| (partition, commit.offset))
            .collect()
    }

    fn audit(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn undo_files(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("undo")).map_or(0, Iterator::count)
    }
}

fn rows(offsets: &[(&str, i64)]) -> Vec<(String, i64)> {
    offsets
        .iter()
        .map(|(partition, offset)| ((*partition).to_owned(), *offset))
        .collect()
}

fn targets(plan: &Plan) -> Vec<(String, Option<i64>)> {
    let after = |plan: &ktui::ops::reset::Change| plan.after.as_ref().ok().cloned().flatten();
    let changes = plan.changes.iter();
    changes
        .map(|change| {
            (
                change.partition.to_string(),
                after(change).map(|one: Committed| one.offset.0),
            )
        })
        .collect()
}

fn words(applied: &Applied) -> Vec<&'static str> {
    applied.settled.iter().map(|one| one.outcome.word()).collect()
}

#[tokio::test]
async fn every_strategy_is_planned_shown_applied_and_verified() {
    let named = |rows: &[(i32, i64)]| {
        let rows = rows
            .iter()
            .map(|(id, offset)| (TopicPartition::new("orders", *id), Offset(*offset)));
        Strategy::Named(rows.collect())
    };
    let all = &["orders"][..];
    let cases: Vec<(&[&str], Strategy, [i64; 3])> = vec![
        (all, Strategy::Earliest, [0, 0, 0]),
        (all, Strategy::Latest, [10, 5, 0]),
        (all, Strategy::Offset(7), [7, 5, 0]),
        (all, Strategy::Datetime(1_700_000_002_500), [3, 3, 0]),
        (all, Strategy::Datetime(NOW), [10, 5, 0]),
        (all, Strategy::Duration(NOW - 1_700_000_002_000), [2, 2, 0]),
        (&["orders:0,1"], Strategy::ShiftBy(-2), [2, 3, -1]),
        (&["orders:0,1"], Strategy::ShiftBy(-100), [0, 0, -1]),
        (&["orders:0,1"], Strategy::ShiftBy(3), [7, 5, -1]),
        (all, Strategy::Current, [4, 5, 0]),
        (&[], named(&[(0, 3), (2, 9)]), [3, 5, 0]),
        (&["orders:1", "orders:0"], Strategy::Group("twin".into()), [7, 5, -1]),
    ];
    for (scope, strategy, expected) in cases {
        let bed = Bed::new().await;
        let plan = bed.plan(scope, strategy.clone()).await;
        assert_eq!(plan.refused().count(), 0, "{strategy:?}");
        assert_eq!(
            bed.offsets(),
            rows(&[("orders-0", 4), ("orders-1", 5), ("other-0", 2)]),
            "nothing is sent yet"
        );
        let applied = bed.apply(&plan).await.unwrap();
        assert!(
            words(&applied).iter().all(|word| *word == "verified"),
            "{strategy:?} {:?}",
            applied.settled
        );
        let found = bed.commits();
        let offset = |id: i32| found.get(&format!("orders-{id}")).map_or(-1, |commit| commit.offset);
        assert_eq!([offset(0), offset(1), offset(2)], expected, "{strategy:?}");
        assert_eq!(found["other-0"].offset, 2, "what was not selected keeps its commit");
        for (partition, after) in targets(&plan) {
            assert_eq!(
                found.get(&partition).map(|commit| commit.offset),
                after,
                "what was shown"
            );
        }
    }
}

#[tokio::test]
async fn one_request_moves_a_group_and_text_and_epoch_stay_where_the_offset_does() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Current).await;
    assert_eq!(plan.totals().changed, 1, "only the partition without a commit");
    bed.apply(&plan).await.unwrap();
    assert_eq!(bed.scene.seen(OFFSET_COMMIT), 1);
    let kept = &bed.commits()["orders-0"];
    assert_eq!((&*kept.metadata, kept.leader_epoch), ("note", 0));
    let plan = bed.plan(&["orders:0"], Strategy::Earliest).await;
    bed.apply(&plan).await.unwrap();
    assert_eq!(&*bed.commits()["orders-0"].metadata, "", "a new offset has no old text");
}

#[tokio::test]
async fn every_release_can_be_asked() {
    for profile in ApiProfile::ALL {
        let bed = Bed::of(spec().profile(profile)).await;
        let before = bed.commits();
        let move_all = bed.plan(&["orders"], Strategy::Earliest).await;
        let applied = bed.apply(&move_all).await.unwrap();
        assert_eq!(words(&applied), ["verified"; 3], "{}", profile.name);
        if profile.name == "Kafka 2.1" {
            continue; // It cannot forget the commit that there was not.
        }
        let path = applied.undo.unwrap();
        let back = plan_undo(&bed.scene.client, &Undo::read(&path).unwrap(), NOW)
            .await
            .unwrap();
        bed.apply_of(&back, Some(&path)).await.unwrap();
        assert_eq!(bed.commits(), before, "{}", profile.name);
    }
}

#[tokio::test]
async fn what_cannot_be_moved_is_named_and_keeps_the_rest_from_being_sent() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::ShiftBy(1)).await;
    let refused: Vec<_> = plan
        .refused()
        .map(|(partition, why)| (partition.to_string(), why.clone()))
        .collect();
    assert_eq!(refused, [("orders-2".to_owned(), Refusal::NoCommit)]);
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Refused(what)) if what.starts_with("orders-2 ")));
    bed.scene.sim.take_leader("orders", 1);
    let plan = bed.plan(&[], Strategy::Earliest).await;
    let refused: Vec<_> = plan
        .refused()
        .map(|(partition, why)| (partition.to_string(), why.clone()))
        .collect();
    assert_eq!(refused, [("orders-1".to_owned(), Refusal::NoLeader)]);
    let plan = bed.plan(&["orders:0,9"], Strategy::Earliest).await;
    assert_eq!(
        plan.refused().map(|(_, why)| why.clone()).collect::<Vec<_>>(),
        [Refusal::Unknown]
    );
    assert!(bed.try_plan(&["nowhere"], Strategy::Earliest).await.is_err());
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.undo_files()), (0, 0));
}

#[tokio::test]
async fn a_group_with_members_is_refused_and_they_are_named() {
    let spec = spec().add_group(
        GroupSpec::classic(GROUP)
            .member("worker", &[("orders", &[0, 1, 2])])
            .commit("orders", 0, 4),
    );
    let bed = Bed::of(spec).await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    assert!(plan.is_blocked());
    assert_eq!(plan.standing.blockers(), ["worker on 127.0.0.1"]);
    let Err(error) = bed.apply(&plan).await else {
        panic!("it was applied")
    };
    assert_eq!(
        error.to_string(),
        "group billing is Stable: 1 member is in it: worker on 127.0.0.1"
    );
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.undo_files()), (0, 0));
}

fn worker() -> Member {
    Member {
        member_id: "m-1".to_owned(),
        client_id: "worker".to_owned(),
        client_host: "/10.0.0.7".to_owned(),
        subscription: vec!["orders".to_owned()],
        ..Member::default()
    }
}

fn joins(bed: &Bed) {
    bed.scene.sim.edit_group(GROUP, |group| {
        group.members.push(worker());
        group.state = GroupState::Stable;
    });
}

#[tokio::test]
async fn a_member_that_joins_between_preview_and_apply_is_caught() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    joins(&bed);
    let Err(NotApplied::Active { standing, .. }) = bed.apply(&plan).await else {
        panic!("it was applied")
    };
    assert_eq!(standing.blockers(), ["worker on 10.0.0.7"]);
    assert_eq!(
        (bed.scene.seen(OFFSET_COMMIT), bed.undo_files(), bed.audit().len()),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn a_member_that_joins_behind_the_last_check_is_caught_by_the_coordinator_and_named() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    // The check does not see it yet; the commit does.
    let rule = Rule::error(OFFSET_COMMIT, 25);
    bed.scene.sim.inject(rule);
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["failed"; 3]);
    assert!(applied.blockers.is_some());
    assert_eq!(
        (applied.undo, bed.undo_files()),
        (None, 0),
        "nothing happened that could be undone"
    );
    assert_eq!(bed.audit()[0]["changes"][0]["outcome"], "failed");
}

#[tokio::test]
async fn a_commit_that_changed_since_the_preview_asks_for_a_new_one() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene.sim.commit(GROUP, "orders", 1, 6);
    let Err(error) = bed.apply(&plan).await else {
        panic!("it was applied")
    };
    assert_eq!(
        error.to_string(),
        "the commit of orders-1 changed from 5 to 6 since the preview"
    );
    bed.scene.sim.commit(GROUP, "orders", 1, 5);
    bed.scene.sim.commit(GROUP, "orders", 2, 0);
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Changed(why)) if why.contains("from none to 0")));
    bed.scene.sim.remove_group(GROUP);
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Changed(why)) if why.contains("from Empty to Dead")));
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.undo_files()), (0, 0));
    // Commits of other partitions are none of its business.
    let plan = bed.try_plan(&["orders:0"], Strategy::Latest).await.unwrap();
    bed.scene.sim.commit("twin", "orders", 0, 1);
    bed.apply(&plan).await.unwrap();
}

#[tokio::test]
async fn a_locked_or_read_only_session_sends_nothing() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    let intent = plan.confirmed(&bed.scene.client).unwrap();
    bed.scene.client.lock();
    assert!(plan.confirmed(&bed.scene.client).is_err());
    let journal = bed.journal();
    let applying = Applying {
        journal: &journal,
        patience: Duration::from_secs(5),
        undoes: None,
        clock,
    };
    let refused = apply(&bed.scene.client, &intent, &plan, applying).await;
    assert!(matches!(refused, Err(NotApplied::Engine(error)) if error.is_refused()));
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.undo_files()), (0, 0));
}

#[tokio::test]
async fn undo_restores_offsets_texts_epochs_and_missing_commits_exactly() {
    let bed = Bed::new().await;
    let before = bed.commits();
    let earliest = bed.plan(&["orders"], Strategy::Earliest).await;
    let first = bed.apply(&earliest).await.unwrap().undo.unwrap();
    assert_eq!(
        bed.offsets(),
        rows(&[("orders-0", 0), ("orders-1", 0), ("orders-2", 0), ("other-0", 2)])
    );
    let csv = std::fs::read_to_string(first.with_extension("csv")).unwrap();
    assert_eq!(csv, "orders,0,4\norders,1,5\n");

    let (path, undo) = Undo::newest(&bed.journal().undo_dir(), &bed.journal().cluster)
        .unwrap()
        .unwrap();
    assert_eq!(path, first);
    let back = plan_undo(&bed.scene.client, &undo, NOW).await.unwrap();
    assert_eq!(back.deed, Deed::Undo);
    let effects: Vec<_> = back.changes.iter().map(ktui::ops::reset::Change::effect).collect();
    assert_eq!(effects, [Effect::Skips(4), Effect::Skips(5), Effect::Forgets]);
    let applied = bed.apply_of(&back, Some(&path)).await.unwrap();
    assert_eq!(words(&applied), ["verified"; 3]);
    assert_eq!(bed.commits(), before, "texts and epochs, too");
    assert!(Undo::read(&first).unwrap().undone().is_some());
    assert!(
        Undo::newest(&bed.journal().undo_dir(), &bed.journal().cluster)
            .unwrap()
            .is_none()
    );

    // The undo wrote a file of its own: it does the change once more, and then that can be undone again.
    let redo = applied.undo.unwrap();
    let again = plan_undo(&bed.scene.client, &Undo::read(&redo).unwrap(), NOW)
        .await
        .unwrap();
    bed.apply_of(&again, Some(&redo)).await.unwrap();
    assert_eq!(
        bed.offsets(),
        rows(&[("orders-0", 0), ("orders-1", 0), ("orders-2", 0), ("other-0", 2)])
    );
    let (path, _) = Undo::newest(&bed.journal().undo_dir(), &bed.journal().cluster)
        .unwrap()
        .unwrap();
    assert_eq!(path, first);
}

#[tokio::test]
async fn each_undo_of_an_undo_turns_what_is_in_force() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders:0"], Strategy::Earliest).await;
    let first = bed.apply(&plan).await.unwrap().undo.unwrap();
    let mut path = first.clone();
    for (round, offset) in [4, 0, 4, 0].into_iter().enumerate() {
        let back = plan_undo(&bed.scene.client, &Undo::read(&path).unwrap(), NOW)
            .await
            .unwrap();
        path = bed.apply_of(&back, Some(&path)).await.unwrap().undo.unwrap();
        assert_eq!(bed.offsets()[0].1, offset);
        let newest = Undo::newest(&bed.journal().undo_dir(), &bed.journal().cluster).unwrap();
        let in_force = (offset == 0).then(|| first.clone());
        assert_eq!(newest.map(|(path, _)| path), in_force, "round {round}");
    }
}

#[tokio::test]
async fn a_change_of_nothing_is_not_offered_to_be_taken_back() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders:0"], Strategy::Earliest).await;
    let first = bed.apply(&plan).await.unwrap().undo.unwrap();
    let again = bed.plan(&["orders:0"], Strategy::Earliest).await;
    assert_eq!(again.totals().changed, 0);
    let applied = bed.apply(&again).await.unwrap();
    assert_eq!((words(&applied), applied.undo), (vec!["verified"], None));
    let (path, _) = Undo::newest(&bed.journal().undo_dir(), &bed.journal().cluster)
        .unwrap()
        .unwrap();
    assert_eq!(path, first);
    assert_eq!(bed.audit().len(), 2, "it was sent all the same");
}

#[tokio::test]
async fn an_undo_file_bears_the_time_at_which_it_was_written() {
    let bed = Bed::new().await;
    let mut plan = bed.plan(&["orders:0"], Strategy::Earliest).await;
    plan.made_ms -= 3_600_000;
    let path = bed.apply(&plan).await.unwrap().undo.unwrap();
    assert_eq!(
        Undo::read(&path).unwrap().made(),
        "2023-11-14T22:15:00.000Z",
        "not of the preview"
    );
}

#[tokio::test]
async fn a_group_without_offsets_that_may_be_deleted_is_not_said_to_be_left() {
    for (fault, is_gone) in [(Fault::CloseUnanswered, true), (Fault::CloseUnserved, false)] {
        let bed = Bed::of(spec().add_group(GroupSpec::classic("bare"))).await;
        let delete = plan_forget(&bed.scene.client, &"bare".into(), None, NOW).await.unwrap();
        bed.scene.sim.inject(Rule::new(fault.clone()).api(DELETE_GROUPS));
        let applied = bed.apply(&delete).await.unwrap();
        assert_eq!(applied.kept.is_none(), is_gone, "{fault:?}");
        assert!(!applied.is_surely_undone(), "{fault:?}");
    }
    let bed = Bed::of(spec().add_group(GroupSpec::classic("bare"))).await;
    let delete = plan_forget(&bed.scene.client, &"bare".into(), None, NOW).await.unwrap();
    bed.scene.sim.inject(Rule::error(DELETE_GROUPS, 68));
    assert!(bed.apply(&delete).await.unwrap().is_surely_undone());
}

#[tokio::test]
async fn what_an_undo_cannot_measure_is_not_counted() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    let path = bed.apply(&plan).await.unwrap().undo.unwrap();
    bed.scene.sim.take_leader("orders", 1);
    let back = plan_undo(&bed.scene.client, &Undo::read(&path).unwrap(), NOW)
        .await
        .unwrap();
    let effects: Vec<_> = back.changes.iter().map(ktui::ops::reset::Change::effect).collect();
    assert_eq!(effects, [Effect::Skips(4), Effect::Unmeasured, Effect::Forgets]);
}

#[tokio::test]
async fn a_session_that_is_locked_while_it_waits_gives_up_at_once() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene.sim.inject(Rule::error(OFFSET_COMMIT, 14).always());
    let applied = apply_and(&bed, &plan, || bed.scene.client.lock()).await;
    let applied = applied.unwrap();
    assert_eq!(words(&applied), ["failed"; 3]);
    assert_eq!((applied.undo, bed.undo_files()), (None, 0));
    assert_eq!(bed.offsets(), rows(&[("orders-0", 4), ("orders-1", 5), ("other-0", 2)]));
}

#[tokio::test]
async fn a_preview_shows_the_first_record_that_will_be_read() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Datetime(1_700_000_002_500)).await;
    let seen: Vec<_> = glances(&bed.scene.client, &plan, 9).await;
    let value = |glance: &Glance| {
        let record = glance.record.as_ref().unwrap().as_ref();
        record.map(|record| String::from_utf8(record.value.as_ref().unwrap().to_vec()).unwrap())
    };
    let seen: Vec<_> = seen.iter().map(|one| (one.at.0, value(one))).collect();
    assert_eq!(seen, [(3, Some("3".to_owned())), (3, Some("3".to_owned())), (0, None)]);
    assert_eq!(glances(&bed.scene.client, &plan, 1).await.len(), 1);
}

#[tokio::test]
async fn offsets_of_a_topic_that_was_made_anew_are_not_put_back() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders:0"], Strategy::Earliest).await;
    let undo = Undo::read(&bed.apply(&plan).await.unwrap().undo.unwrap()).unwrap();
    bed.scene.sim.edit(|state| {
        assert!(state.delete_topic("orders"));
        state.create_topic("orders", vec![vec![1, 2, 3]; 3], BTreeMap::new());
    });
    let back = plan_undo(&bed.scene.client, &undo, NOW).await.unwrap();
    assert_eq!(
        back.refused().map(|(_, why)| why.clone()).collect::<Vec<_>>(),
        [Refusal::Remade]
    );
}

#[tokio::test]
async fn what_was_done_is_in_the_audit_log() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders:0"], Strategy::Earliest).await;
    let undo = bed.apply(&plan).await.unwrap().undo.unwrap();
    let plan = bed.plan(&["orders:0"], Strategy::Latest).await;
    bed.apply(&plan).await.unwrap();
    let audit = bed.audit();
    assert_eq!(audit.len(), 2);
    let change = serde_json::json!({
        "topic": "orders", "partition": 0, "before": 4, "after": 0, "outcome": "verified"
    });
    let expected = serde_json::json!({
        "time": "2023-11-14T22:15:00.000Z",
        "who": "ann",
        "cluster": { "id": "sim", "name": "sim" },
        "group": "billing",
        "what": "move 1 offset of group billing to earliest",
        "undo": undo.to_string_lossy(),
        "changes": [change]
    });
    assert_eq!(audit[0], expected);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_sent() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    std::fs::write(bed.dir.path().join("undo"), "in the way").unwrap();
    assert!(matches!(bed.apply(&plan).await, Err(NotApplied::Journal(_))));
    assert_eq!(bed.scene.seen(OFFSET_COMMIT), 0);
}

#[tokio::test]
async fn a_coordinator_that_moved_or_loads_is_asked_again() {
    for code in [14, 16] {
        let bed = Bed::new().await;
        let plan = bed.plan(&["orders"], Strategy::Earliest).await;
        bed.scene.sim.inject(Rule::error(OFFSET_COMMIT, code).times(2));
        let applied = bed.apply(&plan).await.unwrap();
        assert_eq!(words(&applied), ["verified"; 3], "{code}");
        assert_eq!(bed.scene.seen(OFFSET_COMMIT), 3);
    }
}

/// Applies it, and does something as soon as the first commit has arrived.
async fn apply_and(bed: &Bed, plan: &Plan, act: impl FnOnce()) -> Result<Applied, NotApplied> {
    let act = async {
        while bed.scene.seen(OFFSET_COMMIT) == 0 {
            tokio::task::yield_now().await;
        }
        act();
    };
    tokio::join!(bed.apply(plan), act).0
}

#[tokio::test]
async fn a_coordinator_that_moved_is_sent_nothing_before_the_group_was_found_unchanged_once_more() {
    for code in [14, 16] {
        let bed = Bed::new().await;
        let plan = bed.plan(&["orders"], Strategy::Earliest).await;
        let sim = &bed.scene.sim;
        sim.inject(Rule::error(OFFSET_COMMIT, code));
        let applied = apply_and(&bed, &plan, || {
            // Whoever takes over cannot be asked at first, and meanwhile somebody has committed.
            sim.inject(Rule::error(api::FIND_COORDINATOR, 30));
            sim.inject(Rule::error(api::DESCRIBE_GROUPS, 30));
            sim.commit(GROUP, "orders", 1, 6);
        });
        let applied = applied.await;
        if code == 14 {
            assert!(matches!(applied, Err(NotApplied::Changed(why)) if why.contains("orders-1 changed from 5 to 6")));
            assert_eq!(bed.undo_files(), 0, "it surely was not done");
        } else {
            let applied = applied.unwrap();
            assert_eq!(words(&applied), ["unknown", "overwritten", "unknown"]);
            assert!(applied.undo.is_some(), "it may have been done before the other commit");
        }
        assert_eq!(bed.scene.seen(OFFSET_COMMIT), 1, "{code}");
        assert_eq!(bed.offsets()[1], ("orders-1".to_owned(), 6));
    }
}

#[tokio::test]
async fn a_change_that_was_written_by_a_coordinator_that_is_replaced_is_read_back() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene
        .sim
        .inject(Rule::new(Fault::ServedError(16)).api(OFFSET_COMMIT));
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["verified"; 3]);
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.audit().len()), (1, 1));
    assert_eq!(bed.offsets()[0], ("orders-0".to_owned(), 0));
    let undo = Undo::read(&applied.undo.unwrap()).unwrap();
    let back = plan_undo(&bed.scene.client, &undo, NOW).await.unwrap();
    assert_eq!(targets(&back)[0], ("orders-0".to_owned(), Some(4)));
}

#[tokio::test]
async fn a_refusal_does_not_tell_of_what_was_sent_before() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene.sim.inject(Rule::error(OFFSET_COMMIT, 16));
    bed.scene.sim.inject(Rule::error(OFFSET_COMMIT, 25).always());
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["unknown"; 3]);
    assert_eq!((bed.scene.seen(OFFSET_COMMIT), bed.undo_files() > 0), (2, true));
}

#[tokio::test]
async fn a_group_that_is_made_or_deleted_by_a_coordinator_that_is_replaced_is_read_back() {
    let bed = Bed::new().await;
    bed.scene.sim.remove_group(GROUP);
    let plan = bed.plan(&["orders:0"], Strategy::Latest).await;
    bed.scene
        .sim
        .inject(Rule::new(Fault::ServedError(16)).api(OFFSET_COMMIT));
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["verified"]);
    let delete = plan_forget(&bed.scene.client, &GROUP.into(), None, NOW).await.unwrap();
    bed.scene
        .sim
        .inject(Rule::new(Fault::ServedError(16)).api(DELETE_GROUPS));
    let applied = bed.apply(&delete).await.unwrap();
    assert_eq!((words(&applied), applied.kept.is_none()), (vec!["verified"], true));
    assert!(applied.undo.is_some());
    assert_eq!(bed.scene.seen(DELETE_GROUPS), 1);
}

#[tokio::test]
async fn what_was_refused_is_not_waited_for() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene.sim.inject(Rule::error(OFFSET_COMMIT, 25));
    let before = bed.scene.seen(api::OFFSET_FETCH);
    let applied = apply_and(&bed, &plan, || {
        bed.scene.sim.inject(Rule::error(api::OFFSET_FETCH, 30).always());
    });
    assert_eq!(words(&applied.await.unwrap()), ["failed"; 3]);
    assert_eq!(
        bed.scene.seen(api::OFFSET_FETCH),
        before + 2,
        "checked once, read back once"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_is_read_back_and_nothing_is_sent_twice() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene
        .sim
        .inject(Rule::new(Fault::CloseUnanswered).api(OFFSET_COMMIT));
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["verified"; 3], "it is there, so it was done");
    assert_eq!(bed.scene.seen(OFFSET_COMMIT), 1);

    let plan = bed.plan(&["orders"], Strategy::Latest).await;
    bed.scene.sim.inject(Rule::new(Fault::CloseUnserved).api(OFFSET_COMMIT));
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(
        words(&applied),
        ["unknown", "unknown", "verified"],
        "the last one is where it was to go"
    );
    assert_eq!(bed.scene.seen(OFFSET_COMMIT), 2, "it was not tried again");
    assert!(applied.undo.is_some(), "it may still arrive");
}

#[tokio::test]
async fn a_coordinator_that_is_killed_between_commit_and_answer_claims_nothing() {
    for fault in [Fault::CloseUnanswered, Fault::CloseUnserved] {
        let bed = Bed::new().await;
        let plan = bed.plan(&["orders"], Strategy::Earliest).await;
        let coordinator = bed.scene.client.find_coordinator(&GroupId::from(GROUP)).await.unwrap();
        bed.scene.sim.inject(Rule::new(fault.clone()).api(OFFSET_COMMIT));
        // From then on nothing connects to it, until another one has taken over.
        bed.scene.sim.inject(
            Rule::new(Fault::CloseUnserved)
                .broker(coordinator.0)
                .api(api::OFFSET_FETCH)
                .times(2),
        );
        let applied = bed.apply(&plan).await.unwrap();
        let offsets = bed.commits();
        for (settled, change) in applied.settled.iter().zip(&plan.changes) {
            let now = offsets
                .get(&change.partition.to_string())
                .map(|commit| Offset(commit.offset));
            let wanted = change.after.as_ref().unwrap().as_ref().map(|one| one.offset);
            assert_eq!(
                settled.outcome == Outcome::Verified,
                now == wanted,
                "{fault:?} {settled:?}"
            );
        }
        assert_eq!(bed.scene.seen(OFFSET_COMMIT), 1);
    }
}

#[tokio::test]
async fn a_dead_coordinator_is_waited_for_and_its_successor_takes_the_change() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    let coordinator = bed.scene.client.find_coordinator(&GroupId::from(GROUP)).await.unwrap();
    bed.scene.sim.kill_broker(coordinator.0);
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["verified"; 3]);
}

#[tokio::test]
async fn partitions_that_fail_are_listed_one_by_one() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene.sim.inject(
        Rule::new(Fault::Error {
            code: 12,
            scope: FaultScope::Partition("orders".to_owned(), 1),
        })
        .api(OFFSET_COMMIT),
    );
    let applied = bed.apply(&plan).await.unwrap();
    assert_eq!(words(&applied), ["verified", "failed", "verified"]);
    assert_eq!(bed.offsets()[1], ("orders-1".to_owned(), 5));
    assert!(applied.undo.is_some());
}

#[tokio::test]
async fn what_did_not_move_is_not_put_back_and_what_did_is_put_back_once() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    bed.scene.sim.inject(
        Rule::new(Fault::Error {
            code: 12,
            scope: FaultScope::Partition("orders".to_owned(), 1),
        })
        .api(OFFSET_COMMIT)
        .times(1),
    );
    let path = bed.apply(&plan).await.unwrap().undo.unwrap();
    let undo = Undo::read(&path).unwrap();
    let rows: Vec<_> = undo.before().keys().map(ToString::to_string).collect();
    assert_eq!(rows, ["orders-0", "orders-2"]);
    let csv = std::fs::read_to_string(path.with_extension("csv")).unwrap();
    assert_eq!(csv, "orders,0,4\n");
    let back = plan_undo(&bed.scene.client, &undo, NOW).await.unwrap();
    let redo = bed.apply_of(&back, Some(&path)).await.unwrap();
    assert_eq!(words(&redo), ["verified"; 2]);
    let newest = Undo::newest(&bed.journal().undo_dir(), &bed.journal().cluster);
    assert_eq!(newest.unwrap(), None, "it is not offered again");
}

#[tokio::test]
async fn a_partition_that_a_change_left_where_it_was_is_not_taken_back_later() {
    let bed = Bed::new().await;
    bed.apply(&bed.plan(&["orders:0"], Strategy::Earliest).await)
        .await
        .unwrap();
    let both = bed.plan(&["orders:0,1"], Strategy::Earliest).await;
    let path = bed.apply(&both).await.unwrap().undo.unwrap();
    let rows: Vec<_> = Undo::read(&path).unwrap().before().into_keys().collect();
    assert_eq!(rows, [TopicPartition::new("orders", 1)]);
}

#[tokio::test]
async fn a_change_that_was_undone_by_a_copy_of_its_file_is_undone() {
    let bed = Bed::new().await;
    let plan = bed.plan(&["orders"], Strategy::Earliest).await;
    let path = bed.apply(&plan).await.unwrap().undo.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(path.file_name().unwrap());
    std::fs::copy(&path, &copy).unwrap();
    let back = plan_undo(&bed.scene.client, &Undo::read(&copy).unwrap(), NOW)
        .await
        .unwrap();
    bed.apply_of(&back, Some(&copy)).await.unwrap();
    for file in [&path, &copy] {
        assert!(Undo::read(file).unwrap().undone().is_some(), "{}", file.display());
    }
}

#[tokio::test]
async fn another_change_in_a_file_of_the_same_name_is_not_called_undone() {
    let bed = Bed::new().await;
    let first = bed.apply(&bed.plan(&["orders:0"], Strategy::Earliest).await).await;
    let first = first.unwrap().undo.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(first.file_name().unwrap());
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&copy, text.replace("\"made\": \"2023-", "\"made\": \"2022-")).unwrap();
    let back = plan_undo(&bed.scene.client, &Undo::read(&copy).unwrap(), NOW)
        .await
        .unwrap();
    bed.apply_of(&back, Some(&copy)).await.unwrap();
    assert!(Undo::read(&first).unwrap().undone().is_none());
    assert!(Undo::read(&copy).unwrap().undone().is_some());
}

#[tokio::test]
async fn a_new_group_is_made_by_its_first_commit_and_forgotten_by_undo() {
    let bed = Bed::new().await;
    bed.scene.sim.remove_group(GROUP);
    assert!(
        matches!(bed.try_plan(&[], Strategy::Earliest).await, Err(NoPlan::Nothing(why)) if why.contains("does not exist"))
    );
    let plan = bed.plan(&["orders:0"], Strategy::Latest).await;
    assert!(plan.standing.state.is_dead() && !plan.is_blocked());
    let undo = bed.apply(&plan).await.unwrap().undo.unwrap();
    assert_eq!(bed.offsets(), rows(&[("orders-0", 10)]));
    let back = plan_undo(&bed.scene.client, &Undo::read(&undo).unwrap(), NOW)
        .await
        .unwrap();
    bed.apply_of(&back, Some(&undo)).await.unwrap();
    assert_eq!(bed.offsets(), []);
}

#[tokio::test]
async fn offsets_are_forgotten_and_groups_deleted_and_both_can_be_taken_back() {
    let bed = Bed::new().await;
    let before = bed.commits();
    let client = &bed.scene.client;
    let scope = Scope::Topics(vec!["other".parse().unwrap()]);
    let forget = plan_forget(client, &GROUP.into(), Some(&scope), NOW).await.unwrap();
    assert_eq!(forget.to_string(), "forget 1 offset of group billing");
    let undo = bed.apply(&forget).await.unwrap().undo.unwrap();
    assert_eq!(bed.offsets(), rows(&[("orders-0", 4), ("orders-1", 5)]));
    let back = plan_undo(client, &Undo::read(&undo).unwrap(), NOW).await.unwrap();
    bed.apply_of(&back, Some(&undo)).await.unwrap();
    assert_eq!(bed.commits(), before);

    let delete = plan_forget(client, &GROUP.into(), None, NOW).await.unwrap();
    bed.scene.sim.commit(GROUP, "orders", 2, 0);
    assert!(
        matches!(bed.apply(&delete).await, Err(NotApplied::Changed(_))),
        "all that goes must have been shown"
    );
    let delete = plan_forget(client, &GROUP.into(), None, NOW).await.unwrap();
    assert_eq!(delete.to_string(), "delete group billing with 4 offsets");
    let applied = bed.apply(&delete).await.unwrap();
    assert_eq!((words(&applied), applied.kept), (vec!["verified"; 4], None));
    assert!(bed.scene.sim.look(|state| !state.groups.contains_key(GROUP.as_bytes())));
    assert!(
        plan_forget(client, &GROUP.into(), None, NOW).await.is_err(),
        "it is gone"
    );
    let path = applied.undo.unwrap();
    let back = plan_undo(client, &Undo::read(&path).unwrap(), NOW).await.unwrap();
    bed.apply_of(&back, Some(&path)).await.unwrap();
    assert_eq!(bed.commits().len(), 4);
}

#[tokio::test]
async fn a_group_without_offsets_is_deleted_too() {
    let bed = Bed::of(spec().add_group(GroupSpec::classic("bare"))).await;
    let delete = plan_forget(&bed.scene.client, &"bare".into(), None, NOW).await.unwrap();
    let applied = bed.apply(&delete).await.unwrap();
    assert_eq!((applied.settled.len(), applied.kept, applied.undo), (0, None, None));
    assert!(
        bed.scene
            .sim
            .look(|state| !state.groups.contains_key("bare".as_bytes()))
    );
    assert_eq!(bed.audit().len(), 1);
}

#[tokio::test]
async fn a_live_group_forgets_only_topics_that_nobody_reads() {
    let bed = Bed::new().await;
    joins(&bed);
    let client = &bed.scene.client;
    let scope = |topic: &str| Scope::Topics(vec![topic.parse().unwrap()]);
    let forget = plan_forget(client, &GROUP.into(), Some(&scope("orders")), NOW)
        .await
        .unwrap();
    assert!(forget.refused().all(|(_, why)| *why == Refusal::Subscribed));
    assert_eq!(forget.refused().count(), 2);
    let forget = plan_forget(client, &GROUP.into(), Some(&scope("other")), NOW)
        .await
        .unwrap();
    assert!(!forget.is_blocked());
    let applied = bed.apply(&forget).await.unwrap();
    assert_eq!(words(&applied), ["verified"]);
    let delete = plan_forget(client, &GROUP.into(), None, NOW).await.unwrap();
    assert!(matches!(bed.apply(&delete).await, Err(NotApplied::Active { .. })));
}

#[tokio::test]
async fn static_members_are_taken_out_by_their_instance() {
    let bed = Bed::new().await;
    bed.scene.sim.edit_group(GROUP, |group| {
        group.state = GroupState::Stable;
        for (id, instance) in [("m-1", "pod-0"), ("m-2", "pod-1")] {
            group.members.push(Member {
                member_id: id.to_owned(),
                instance_id: Some(instance.to_owned()),
                ..worker()
            });
        }
    });
    let client = &bed.scene.client;
    let none = plan_removal(client, &GROUP.into(), &["pod-9".to_owned()])
        .await
        .unwrap_err();
    assert_eq!(none.to_string(), "group billing has no static member pod-9");
    let removal = plan_removal(client, &GROUP.into(), &["pod-1".to_owned()])
        .await
        .unwrap();
    let intent = removal.confirmed(client).unwrap();
    let removed = remove(client, &intent, &removal, &bed.journal(), NOW).await.unwrap();
    assert_eq!(removed.outcomes, [Outcome::Verified]);
    let left = bed.scene.sim.look(|state| state.groups[GROUP.as_bytes()].members.len());
    assert_eq!(left, 1);
    assert_eq!(
        bed.audit()[0]["what"],
        "remove 1 static member of group billing: pod-1; 1 of 1 are gone"
    );
}

#[tokio::test]
async fn epochs_are_read_and_written() {
    let bed = Bed::new().await;
    let commits = bed.scene.client.commits(&GROUP.into()).await.unwrap();
    let found = commits[&TopicPartition::new("orders", 0)].as_ref().unwrap();
    assert_eq!((found.leader_epoch, &*found.metadata), (Some(LeaderEpoch(0)), "note"));
}
