//! Skipping one record from the screen: its key, the preview with the record and its file, what came of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use insta::assert_snapshot;
use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::jobs::JobEnd;
use ktui::app::moving::{GroupChange, MoveOrder, MoveSent, MoveStep, MoveTold, Planned, Settlement};
use ktui::kafka::model::record::{Damage, Row, Unreadable};
use ktui::kafka::model::{Committed, GroupState, GroupType, Lock, Member, Offset, PartitionId, TopicPartition};
use ktui::ops::reset::{Adjusted, Change, Deed, Outcome, Passed, Plan, Saving, Standing};
use ktui::runtime::effects::Effects;
use ktui::sim::batch::Record;
use ktui::sim::{GroupSpec, SimSpec, TopicSpec};

use crate::messages_data::record;
use crate::moving::{GROUP, moved, moves, started, step, tell, told, type_text};
use crate::render_lists::group;
use crate::scene::Scene;
use crate::stage::Stage;

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (120, 40)];
const FILE: &str = "/home/ada/.local/state/ktui/skipped/payments-processor-orders.events-0@166120.jsonl";
const UNDO: &str = "/home/ada/.local/state/ktui/undo/20261118T120010000Z-payments-processor.json";

fn at() -> TopicPartition {
    TopicPartition::new("orders.events", 0)
}

fn poison() -> Row {
    let value =
        br#"{"orderId":91822,"customer":"bob","items":[{"sku":"SKU-00412","qty":3},{"sku":"SKU-00007","qty":1}]}"#;
    Row::Record(record(0, 166_120, Some(b"order-7711"), Some(value)))
}

fn plan(row: Row, passed: Passed, members: &[&str]) -> Plan {
    let member = |client: &&str| Member {
        id: (*client).into(),
        client_id: (*client).into(),
        host: "10.2.0.17".into(),
        instance_id: None,
        subscribed: Vec::new(),
        assigned: None,
    };
    let saving = Saving {
        path: FILE.into(),
        makes_folder: true,
        partition: at(),
        row,
        passed,
    };
    let change = Change {
        partition: at(),
        before: Some(Committed::at(Offset(166_120))),
        after: Ok(Some(Committed::at(saving.next()))),
        adjusted: Adjusted::No,
        log: Some((Offset(100), Offset(166_667))),
    };
    Plan {
        group: GROUP.into(),
        deed: Deed::Move,
        how: "past orders.events-0@166120".to_owned(),
        made_ms: 0,
        standing: Standing {
            kind: GroupType::Classic,
            state: GroupState(if members.is_empty() { "Empty" } else { "Stable" }.into()),
            members: members.iter().map(member).collect(),
        },
        changes: vec![change],
        topic_ids: BTreeMap::new(),
        saves: Some(Arc::new(saving)),
    }
}

fn opened(width: u16, height: u16, lock: Lock) -> Stage {
    let mut stage = group(width, height);
    stage.tell(Event::LockChanged(lock));
    stage.press(Action::SkipRecord);
    stage
}

fn previewed(width: u16, height: u16, lock: Lock, plan: Plan) -> Stage {
    let mut stage = opened(width, height, lock);
    tell(&mut stage, MoveTold::Planned(Ok(plan.into())));
    stage
}

fn settle(stage: &mut Stage, outcome: Outcome, undo: Option<&str>) {
    let (job, _) = started(stage).expect("the job is started");
    let settlement = Settlement {
        outcomes: vec![outcome],
        undo: undo.map(Into::into),
        ..Settlement::default()
    };
    let sent = Box::new(MoveSent::Settled(settlement));
    stage.tell(Event::MoveSent { job, sent });
}

fn ordered() -> MoveOrder {
    MoveOrder {
        group: GROUP.into(),
        change: GroupChange::Skip(at()),
    }
}

#[test]
fn the_record_its_file_and_the_offset_behind_it_are_shown_before_anything_is_sent() {
    for (width, height) in SIZES {
        let shown = plan(poison(), Passed::default(), &[]);
        let mut stage = opened(width, height, Lock::Unlocked);
        let Some((_, MoveStep::Plan { order, waits: false })) = step(&stage) else {
            panic!("{:?}", stage.effects)
        };
        assert_eq!(**order, ordered());
        tell(&mut stage, MoveTold::Planned(Ok(shown.clone().into())));
        assert!(
            matches!(step(&stage), Some((_, MoveStep::Plan { .. }))),
            "the record is known already"
        );
        type_text(&mut stage, "payments");
        assert_snapshot!(format!("skip_preview_{width}x{height}"), stage.text());
        stage.press(Action::Accept);
        assert!(started(&stage).is_none() && stage.text().contains("this is not payments-processor"));
        type_text(&mut stage, "-processor");
        stage.press(Action::Accept);
        let (_, job) = started(&stage).expect("the job is started");
        assert_eq!(job.plan, Planned::Offsets(shown));
        settle(&mut stage, Outcome::Verified, Some(UNDO));
        assert_snapshot!(format!("skip_done_{width}x{height}"), stage.text());
        stage.press(Action::Leave);
        assert!(stage.app.overlay().is_none());
    }
}

#[test]
fn whoever_leaves_is_back_in_the_group_and_nothing_was_started() {
    let mut stage = previewed(80, 24, Lock::Locked, plan(poison(), Passed::default(), &[]));
    stage.press(Action::Leave);
    assert!(stage.app.overlay().is_none());
    assert_eq!(step(&stage).unwrap().1, &MoveStep::Nothing);
    assert!(started(&stage).is_none());
}

#[test]
fn a_locked_session_shows_the_record_and_unlocks_from_there() {
    for (width, height) in [(60, 16), (80, 24)] {
        let mut stage = previewed(width, height, Lock::Locked, plan(poison(), Passed::default(), &[]));
        assert_snapshot!(format!("skip_locked_{width}x{height}"), stage.text());
        type_text(&mut stage, "x");
        stage.press(Action::UnlockPlan);
        assert!(stage.text().contains("prod-eu"), "{}", stage.text());
        stage.tell(Event::LockChanged(Lock::Unlocked));
        stage.press(Action::Discard);
        assert!(stage.text().contains("Type the group's name"), "{}", stage.text());
    }
}

#[test]
fn members_in_the_way_are_named_and_can_be_waited_for() {
    for (width, height) in [(60, 16), (120, 40)] {
        let mut stage = previewed(
            width,
            height,
            Lock::Unlocked,
            plan(poison(), Passed::default(), &["worker-1"]),
        );
        assert_snapshot!(format!("skip_members_{width}x{height}"), stage.text());
        stage.press(Action::WaitEmpty);
        let Some((_, MoveStep::Plan { order, waits: true })) = step(&stage) else {
            panic!("{:?}", stage.effects)
        };
        assert_eq!(**order, ordered());
    }
}

#[test]
fn what_is_passed_and_what_cannot_be_read_is_said() {
    let passed = Passed {
        markers: 2,
        aborted: 1,
        ..Passed::default()
    };
    let stage = previewed(120, 40, Lock::Unlocked, plan(poison(), passed, &[]));
    let line = stage.line("SKIPS");
    assert!(
        line.contains("SKIPS 1 record (and passes 2 transaction markers, 1 aborted record)"),
        "{line}"
    );
    let broken = Row::Unreadable(Unreadable {
        partition: PartitionId(0),
        first: Offset(166_120),
        last: Offset(166_129),
        damage: Damage::Checksum { stored: 1, computed: 2 },
        bytes: b"\x00\x01 broken \xff"[..].into(),
    });
    let stage = previewed(80, 24, Lock::Unlocked, plan(broken, Passed::default(), &[]));
    assert_snapshot!("skip_broken_80x24", stage.text());
}

#[test]
fn what_was_not_sent_or_did_not_happen_claims_no_file() {
    let mut stage = previewed(80, 24, Lock::Unlocked, plan(poison(), Passed::default(), &[]));
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let (job, _) = started(&stage).unwrap();
    let sent = Box::new(MoveSent::Nothing {
        why: format!("cannot save the record to {FILE}: Permission denied (os error 13)"),
        is_blocked: false,
    });
    stage.tell(Event::MoveSent { job, sent });
    assert_snapshot!("skip_not_saved_80x24", stage.text());
    stage.press(Action::PlanAgain);
    assert!(matches!(step(&stage), Some((_, MoveStep::Plan { .. }))));

    let mut stage = previewed(80, 24, Lock::Unlocked, plan(poison(), Passed::default(), &[]));
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let why = ktui::kafka::error::Error::Cancelled { what: "commit".into() };
    settle(&mut stage, Outcome::Failed(why), None);
    let screen = stage.text();
    assert!(!screen.contains("saved"), "{screen}");
}

#[test]
fn a_record_is_skipped_on_a_partition_only() {
    let mut stage = group(80, 24);
    stage.press(Action::NextGroupView);
    stage.press(Action::SkipRecord);
    assert!(stage.app.overlay().is_none());
    assert!(
        stage.text().contains("a record is skipped on one partition"),
        "{}",
        stage.text()
    );
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Move { .. })));
    // The menu offers it where the cursor stands on one.
    stage.press(Action::NextGroupView);
    stage.press(Action::NextGroupView);
    stage.press(Action::ChangeGroup);
    type_text(&mut stage, "2");
    let Some((_, MoveStep::Plan { order, .. })) = step(&stage) else {
        panic!("{:?}", stage.effects)
    };
    assert_eq!(**order, ordered());
}

async fn skipped(scene: &Scene, state: &Path) -> (Plan, MoveSent, JobEnd) {
    let (effects, mut events) = Effects::new(scene.client.clone());
    let mut effects = effects.keeping(state.to_owned());
    let order = Box::new(MoveOrder {
        group: "billing".into(),
        change: GroupChange::Skip(TopicPartition::new("orders", 0)),
    });
    let found = told(&mut effects, &mut events, 1, MoveStep::Plan { order, waits: false }).await;
    let MoveTold::Planned(Ok(planned)) = found else {
        panic!("{found:?}")
    };
    let plan = moves(planned);
    let (sent, end) = moved(scene, &plan, state).await;
    (plan, sent, end)
}

#[tokio::test]
async fn a_confirmed_skip_saves_the_record_and_one_that_cannot_be_saved_sends_nothing() {
    let records = ["a", "b", "c"].map(|value| Record::value(value).at(1_700_000_000_000));
    let spec = SimSpec::small()
        .add_topic(TopicSpec::new("orders", 1).records(0, records))
        .add_group(GroupSpec::classic("billing").commit("orders", 0, 1));
    let scene = Scene::new(spec).await;
    scene.client.unlock().unwrap();
    let committed = || {
        scene
            .sim
            .look(|state| state.groups[&b"billing"[..]].commits.values().next().unwrap()[&0].offset)
    };
    let state = tempfile::tempdir().unwrap();
    let in_the_way = state.path().join("skipped");
    std::fs::write(&in_the_way, "").unwrap();
    let (_, sent, end) = skipped(&scene, state.path()).await;
    let MoveSent::Nothing { why, is_blocked: false } = sent else {
        panic!("{sent:?}")
    };
    assert!(why.starts_with("cannot save the record to "), "{why}");
    assert!(matches!(end, JobEnd::Failed(_)) && committed() == 1, "{end:?}");

    std::fs::remove_file(&in_the_way).unwrap();
    let (plan, sent, end) = skipped(&scene, state.path()).await;
    let MoveSent::Settled(settlement) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!((settlement.outcomes, committed()), (vec![Outcome::Verified], 2));
    let line = std::fs::read_to_string(&plan.saves.unwrap().path).unwrap();
    assert!(
        line.contains("\"offset\":1,") && line.contains("\"value\":\"b\""),
        "{line}"
    );
    assert!(matches!(end, JobEnd::Done(_)), "{end:?}");
}
