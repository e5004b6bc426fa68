//! Moving a group's offsets from the screen: the form, the preview, the name that is typed, what came of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use ktui::app::action::{Action, Scope as Keys};
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::jobs::{JobEnd, JobId, JobSpec};
use ktui::app::moving::{GroupChange, MoveJob, MoveOrder, MoveSent, MoveStep, MoveTold, Planned, Settlement, Target};
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::error::Error;
use ktui::kafka::model::{
    BrokerId, Committed, GroupId, GroupListing, GroupState, GroupType, Lock, Member, Offset, TopicPartition,
};
use ktui::kafka::query::Answer;
use ktui::ops::reset::{Adjusted, Change, Deed, Glance, Outcome, Plan, Refusal, Scope, Standing, Strategy};
use ktui::runtime::effects::Effects;
use ktui::runtime::jobs::Jobs;
use ktui::sim::batch::Record;
use ktui::sim::{GroupSpec, SimSpec, TopicSpec};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::messages_data::record;
use crate::scene::Scene;
use crate::stage::{Stage, overview};

pub const GROUP: &str = "payments-processor";
const SOON: Duration = Duration::from_secs(20);

fn listing(name: &str) -> GroupListing {
    GroupListing {
        group: GroupId::from(name),
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        state: Some(GroupState("Empty".into())),
        coordinator: BrokerId(1),
    }
}

pub fn groups(width: u16, height: u16, lock: Lock) -> Stage {
    let mut stage = Stage::with(PaneId::Groups, width, height, overview());
    stage.answer(SlotId::Groups, Answer::Groups(vec![listing(GROUP)]));
    stage.tell(Event::LockChanged(lock));
    stage.pass(10);
    stage
}

fn standing(members: &[(&str, &str)]) -> Standing {
    let state = if members.is_empty() { "Empty" } else { "Stable" };
    let member = |(client, host): &(&str, &str)| Member {
        id: (*client).into(),
        client_id: (*client).into(),
        host: (*host).into(),
        instance_id: None,
        subscribed: Vec::new(),
        assigned: None,
    };
    Standing {
        kind: GroupType::Classic,
        state: GroupState(state.into()),
        members: members.iter().map(member).collect(),
    }
}

fn change(id: i32, before: Option<i64>, after: Result<i64, Refusal>, adjusted: Adjusted) -> Change {
    let committed = |offset| Committed::at(Offset(offset));
    Change {
        partition: TopicPartition::new("orders.events", id),
        before: before.map(committed),
        after: after.map(|offset| Some(committed(offset))),
        adjusted,
        log: Some((Offset(100_000), Offset(166_666))),
    }
}

fn changes() -> Vec<Change> {
    vec![
        change(0, Some(166_120), Ok(151_002), Adjusted::No),
        change(1, Some(166_090), Ok(166_090), Adjusted::No),
        change(2, Some(166_101), Ok(166_666), Adjusted::NothingSince),
        change(3, None, Ok(151_010), Adjusted::No),
    ]
}

fn plan(standing: Standing, changes: Vec<Change>) -> Plan {
    Plan {
        group: GROUP.into(),
        deed: Deed::Move,
        how: "to time 2026-11-18T10:00:00Z".to_owned(),
        made_ms: 0,
        standing,
        changes,
        topic_ids: BTreeMap::new(),
        saves: None,
    }
}

fn offsets(standing: Standing, changes: Vec<Change>) -> Planned {
    plan(standing, changes).into()
}

/// The newest step that the preview asked for.
pub fn step(stage: &Stage) -> Option<(u64, &MoveStep)> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Move { number, step } => Some((*number, step)),
        _ => None,
    })
}

pub fn tell(stage: &mut Stage, told: MoveTold) {
    let (number, _) = step(stage).expect("something was asked for");
    let told = Box::new(told);
    stage.tell(Event::MoveTold { number, told });
}

/// The job that was started.
pub fn started(stage: &Stage) -> Option<(JobId, &MoveJob)> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::StartJob {
            job,
            spec: JobSpec::Move(spec),
        } => Some((*job, &**spec)),
        _ => None,
    })
}

/// A stage at the preview of a plan.
fn previewed(width: u16, height: u16, lock: Lock, plan: Plan) -> Stage {
    let mut stage = groups(width, height, lock);
    stage.press(Action::MoveOffsets);
    stage.press(Action::Accept);
    tell(&mut stage, MoveTold::Planned(Ok(plan.into())));
    stage
}

pub fn type_text(stage: &mut Stage, text: &str) {
    text.chars().for_each(|c| stage.tell(Event::Typed(c)));
}

#[test]
fn the_form_says_what_is_moved_and_where() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut stage = groups(width, height, Lock::Unlocked);
        stage.press(Action::MoveOffsets);
        type_text(&mut stage, "da");
        assert_snapshot!(format!("move_form_{width}x{height}"), stage.text());
    }
    let mut stage = groups(80, 24, Lock::Unlocked);
    stage.press(Action::MoveOffsets);
    type_text(&mut stage, "s");
    stage.press(Action::Accept);
    assert!(
        stage.text().contains("value: so many offsets forth, or back"),
        "{}",
        stage.text()
    );
    stage.press(Action::NextField);
    type_text(&mut stage, "-100");
    stage.press(Action::NextField);
    type_text(&mut stage, "orders:0,3");
    stage.press(Action::Accept);
    let expected = MoveOrder {
        group: GROUP.into(),
        change: GroupChange::Move {
            target: Target::Strategy(Strategy::ShiftBy(-100)),
            scope: Scope::Topics(vec!["orders:0,3".parse().unwrap()]),
            by_hand: BTreeMap::new(),
        },
    };
    let Some((_, MoveStep::Plan { order, waits: false })) = step(&stage) else {
        panic!("{:?}", stage.effects)
    };
    assert_eq!(**order, expected);
    stage.press(Action::Leave);
    assert_eq!(step(&stage).unwrap().1, &MoveStep::Nothing, "nobody waits for the plan");
    assert!(stage.line("▸ topics").contains("orders:0,3"), "the form is as it was");
}

#[test]
fn exactly_what_was_shown_is_sent_once_the_groups_name_is_typed() {
    for (width, height) in [(80, 24), (120, 40)] {
        let shown = plan(standing(&[]), changes());
        let mut stage = previewed(width, height, Lock::Unlocked, shown.clone());
        let Some((_, MoveStep::Glance(one))) = step(&stage) else {
            panic!("the record at the target is looked at")
        };
        assert_eq!(one.changes, shown.changes[..1]);
        let found = record(
            0,
            151_002,
            Some(b"order-7711"),
            Some(br#"{"orderId":91822,"customer":"bob"}"#),
        );
        let glance = Glance {
            partition: shown.changes[0].partition.clone(),
            at: Offset(151_002),
            record: Ok(Some(found)),
        };
        tell(&mut stage, MoveTold::Glanced(Some(glance)));
        type_text(&mut stage, "payments");
        assert_snapshot!(format!("move_preview_{width}x{height}"), stage.text());
        stage.press(Action::Accept);
        assert!(started(&stage).is_none() && stage.text().contains("this is not payments-processor"));
        type_text(&mut stage, "-processor");
        stage.press(Action::Accept);
        let (job, sent) = started(&stage).expect("the job is started");
        assert_eq!((&sent.plan, sent.cluster.as_str()), (&shown.clone().into(), "prod-eu"));
        stage.press(Action::Accept);
        let count = stage
            .effects
            .iter()
            .filter(|effect| matches!(effect, Effect::StartJob { .. }));
        assert_eq!(count.count(), 1, "nothing is sent twice");
        let outcomes = [
            Outcome::Verified,
            Outcome::Verified,
            Outcome::Failed(Error::Cancelled { what: "commit".into() }),
            Outcome::Stale,
        ];
        let settlement = Settlement {
            outcomes: outcomes.to_vec(),
            undo: Some("/home/ada/.local/state/ktui/undo/payments.csv".into()),
            ..Settlement::default()
        };
        let sent = Box::new(MoveSent::Settled(settlement));
        stage.tell(Event::MoveSent { job, sent });
        assert_snapshot!(format!("move_partly_{width}x{height}"), stage.text());
        stage.press(Action::Bottom);
        assert!(
            stage.text().contains("orders.events-3: it was accepted, but"),
            "{}",
            stage.text()
        );
        stage.press(Action::Leave);
        assert!(stage.app.overlay().is_none());
    }
}

#[test]
fn a_group_without_a_name_is_not_moved_by_enter_alone() {
    let nameless = Plan {
        group: "".into(),
        ..plan(standing(&[]), changes())
    };
    let mut stage = previewed(120, 40, Lock::Unlocked, nameless);
    stage.press(Action::Accept);
    assert!(started(&stage).is_none());
    assert!(
        stage.text().contains("nothing was sent: a group without a name"),
        "{}",
        stage.text()
    );
}

#[test]
fn members_block_it_and_can_be_waited_for() {
    let mut stage = previewed(
        100,
        24,
        Lock::Unlocked,
        plan(
            standing(&[("worker-1", "10.2.0.17"), ("worker-2", "10.2.0.18")]),
            changes(),
        ),
    );
    assert_eq!(stage.app.scope(), Keys::Plan, "no name can be typed");
    assert_snapshot!("move_blocked", stage.text());
    stage.press(Action::WaitEmpty);
    assert!(matches!(step(&stage), Some((_, MoveStep::Plan { waits: true, .. }))));
    tell(
        &mut stage,
        MoveTold::Waiting("group payments-processor is Stable: 1 member is in it".into()),
    );
    assert!(stage.text().contains("1 member is in it"), "{}", stage.text());
    tell(&mut stage, MoveTold::Planned(Ok(offsets(standing(&[]), changes()))));
    assert_eq!(stage.app.scope(), Keys::Apply);
}

#[test]
fn a_change_since_the_preview_means_a_new_preview() {
    let mut stage = previewed(100, 24, Lock::Unlocked, plan(standing(&[]), changes()));
    let (old, _) = step(&stage).unwrap();
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let (job, _) = started(&stage).unwrap();
    let sent = MoveSent::Nothing {
        why: "the commit of orders.events-0 changed from 166120 to 166121 since the preview".into(),
        is_blocked: false,
    };
    let sent = Box::new(sent);
    stage.tell(Event::MoveSent { job, sent });
    assert_snapshot!("move_not_sent", stage.text());
    stage.press(Action::PlanAgain);
    let (number, _) = step(&stage).unwrap();
    assert!(number > old);
    let late = Box::new(MoveTold::Planned(Ok(offsets(standing(&[]), changes()))));
    stage.tell(Event::MoveTold {
        number: old,
        told: late,
    });
    assert_eq!(
        stage.app.scope(),
        Keys::Plan,
        "an answer to the old question is nothing"
    );
    tell(&mut stage, MoveTold::Planned(Ok(offsets(standing(&[]), changes()))));
    type_text(&mut stage, "pay");
    assert!(
        stage.line("Type the group's name").contains(":  pay"),
        "{}",
        stage.text()
    );
}

#[test]
fn what_cannot_be_applied_says_why_and_takes_no_name() {
    let refused = vec![change(0, Some(166_120), Err(Refusal::NoLeader), Adjusted::No)];
    let same = vec![change(0, Some(166_120), Ok(166_120), Adjusted::No)];
    for (lock, changes, why) in [
        (Lock::Locked, changes(), "The cluster's name unlocks"),
        (Lock::ReadOnly, changes(), "Start again without --read-only"),
        (Lock::Unlocked, refused, "x leaves it out"),
        (Lock::Unlocked, same, "There is nothing to send"),
    ] {
        let mut stage = previewed(80, 24, lock, plan(standing(&[]), changes));
        assert_eq!(stage.app.scope(), Keys::Plan);
        assert!(stage.text().contains(why), "{}", stage.text());
        stage.press(Action::Accept);
        assert!(started(&stage).is_none());
    }
    let mut stage = groups(80, 24, Lock::Unlocked);
    stage.press(Action::MoveOffsets);
    stage.press(Action::Accept);
    let why = "group payments-processor does not exist or is hidden";
    tell(&mut stage, MoveTold::Planned(Err(why.into())));
    assert!(stage.text().contains(why), "{}", stage.text());
    stage.press(Action::PlanAgain);
    assert!(matches!(step(&stage), Some((_, MoveStep::Plan { .. }))));
}

#[test]
fn unlocking_comes_back_to_the_preview() {
    let mut stage = previewed(80, 24, Lock::Locked, plan(standing(&[]), changes()));
    stage.press(Action::UnlockPlan);
    assert_eq!(stage.app.scope(), Keys::Form);
    stage.press(Action::Discard);
    assert_eq!(stage.app.scope(), Keys::Plan, "still locked, and still there");
    stage.press(Action::UnlockPlan);
    stage.type_line("prod-eu");
    assert!(stage.effects.contains(&Effect::Unlock));
    stage.tell(Event::LockChanged(Lock::Unlocked));
    assert_eq!(stage.app.scope(), Keys::Apply);
    assert!(stage.line("Type the group's name").contains("apply"));
}

#[test]
fn a_job_that_cannot_tell_what_came_of_it_claims_nothing() {
    let mut stage = previewed(80, 24, Lock::Unlocked, plan(standing(&[]), changes()));
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let (job, _) = started(&stage).unwrap();
    let end = JobEnd::Failed("ktui itself failed: a task panicked".into());
    stage.tell(Event::JobEnded { job, end });
    assert!(stage.text().contains("is not known"), "{}", stage.text());
    stage.press(Action::Leave);
    assert!(stage.app.overlay().is_none());
}

#[test]
fn a_low_or_narrow_screen_shows_the_row_and_what_is_typed() {
    let many = (0..50)
        .map(|id| change(id, Some(166_120), Ok(151_002), Adjusted::No))
        .collect();
    let mut stage = previewed(60, 16, Lock::Unlocked, plan(standing(&[]), many));
    for _ in 0..7 {
        stage.press(Action::RowsDown);
    }
    type_text(&mut stage, "payments");
    assert_snapshot!("move_preview_60x16", stage.text());
}

pub fn spec() -> SimSpec {
    let records = (0..10).map(|n| Record::value(format!("{n}")).at(1_700_000_000_000 + n * 1_000));
    SimSpec::small()
        .brokers(3)
        .add_topic(TopicSpec::new("orders", 1).replication(3).records(0, records))
        .add_group(GroupSpec::classic("billing").commit("orders", 0, 4))
}

fn committed(scene: &Scene) -> i64 {
    scene
        .sim
        .look(|state| state.groups[&b"billing"[..]].commits.values().next().unwrap()[&0].offset)
}

pub async fn next<T>(events: &mut Receiver<Event>, is_it: impl Fn(Event) -> Option<T>) -> T {
    loop {
        let event = timeout(SOON, events.recv()).await.expect("an answer comes").unwrap();
        if let Some(found) = is_it(event) {
            return found;
        }
    }
}

fn order(target: Target) -> MoveOrder {
    MoveOrder {
        group: "billing".into(),
        change: GroupChange::Move {
            target,
            scope: Scope::Committed,
            by_hand: BTreeMap::new(),
        },
    }
}

pub async fn told(effects: &mut Effects, events: &mut Receiver<Event>, number: u64, step: MoveStep) -> MoveTold {
    effects.preview(number, step);
    next(events, |event| match event {
        Event::MoveTold { number: of, told } if of == number => Some(*told),
        _ => None,
    })
    .await
}

pub fn moves(planned: Planned) -> Plan {
    match planned {
        Planned::Offsets(plan) => plan,
        Planned::Members(removal) => panic!("{removal}"),
    }
}

async fn planned(effects: &mut Effects, events: &mut Receiver<Event>, target: Target) -> Result<Plan, String> {
    let order = Box::new(order(target));
    match told(effects, events, 1, MoveStep::Plan { order, waits: false }).await {
        MoveTold::Planned(outcome) => outcome.map(moves),
        other => panic!("{other:?}"),
    }
}

pub async fn moved(scene: &Scene, plan: &Plan, state: &Path) -> (MoveSent, JobEnd) {
    let job = MoveJob {
        plan: plan.clone().into(),
        cluster: "sim".into(),
        undoes: None,
    };
    done(scene, job, state).await
}

/// What came of a confirmed change.
pub async fn done(scene: &Scene, job: MoveJob, state: &Path) -> (MoveSent, JobEnd) {
    let (replies, mut events) = tokio::sync::mpsc::channel(64);
    let mut jobs = Jobs::new(scene.client.clone(), replies).keeping(state.to_owned());
    jobs.start(JobId(1), JobSpec::Move(Box::new(job)));
    let sent = next(&mut events, |event| match event {
        Event::MoveSent { job: JobId(1), sent } => Some(*sent),
        _ => None,
    });
    let sent = sent.await;
    let end = next(&mut events, |event| match event {
        Event::JobEnded { end, .. } => Some(end),
        _ => None,
    });
    (sent, end.await)
}

#[tokio::test]
async fn a_confirmed_plan_moves_the_offsets_and_a_stale_one_moves_nothing() {
    let scene = Scene::new(spec()).await;
    let state = tempfile::tempdir().unwrap();
    let (mut effects, mut events) = Effects::new(scene.client.clone());
    let plan = planned(&mut effects, &mut events, Target::Strategy(Strategy::Earliest))
        .await
        .unwrap();
    let looked = told(&mut effects, &mut events, 1, MoveStep::Glance(Box::new(plan.clone()))).await;
    let MoveTold::Glanced(Some(Glance {
        record: Ok(Some(record)),
        ..
    })) = looked
    else {
        panic!("{looked:?}")
    };
    assert_eq!(record.value.as_deref(), Some(&b"0"[..]));

    let (sent, end) = moved(&scene, &plan, state.path()).await;
    assert!(matches!(sent, MoveSent::Nothing { .. }), "{sent:?}");
    assert!(end.said().starts_with("nothing was sent: "), "{end:?}");
    assert_eq!(committed(&scene), 4, "the session is locked");

    scene.client.unlock().unwrap();
    let (sent, end) = moved(&scene, &plan, state.path()).await;
    let MoveSent::Settled(settlement) = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(settlement.outcomes[0], Outcome::Verified);
    assert!(settlement.undo.unwrap().starts_with(state.path()));
    assert!(
        matches!(&end, JobEnd::Done(said) if said.starts_with("1 of 1 offsets of group billing read back as planned")),
        "{end:?}"
    );
    assert_eq!(committed(&scene), 0);

    let (sent, _) = moved(&scene, &plan, state.path()).await;
    let MoveSent::Nothing { why, is_blocked: false } = sent else {
        panic!("{sent:?}")
    };
    assert_eq!(why, "the commit of orders-0 changed from 4 to 0 since the preview");
}

#[tokio::test]
async fn a_file_of_offsets_is_read_and_one_that_is_none_is_named() {
    let scene = Scene::new(spec()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offsets.csv");
    std::fs::write(&file, "orders,0,7\n").unwrap();
    let (mut effects, mut events) = Effects::new(scene.client.clone());
    let plan = planned(&mut effects, &mut events, Target::File(file)).await.unwrap();
    assert_eq!(plan.changes[0].after, Ok(Some(Committed::at(Offset(7)))));
    let why = planned(&mut effects, &mut events, Target::File(folder.path().join("none.csv"))).await;
    assert!(why.unwrap_err().starts_with("cannot read "));
    let why = planned(&mut effects, &mut events, Target::File(folder.path().to_owned())).await;
    assert!(why.unwrap_err().ends_with("it is no file of offsets"));
}

#[tokio::test]
async fn the_plan_is_made_once_nobody_is_in_the_group() {
    let spec = spec().add_group(
        GroupSpec::classic("billing")
            .member("worker", &[("orders", &[0])])
            .commit("orders", 0, 4),
    );
    let scene = Scene::new(spec).await;
    let (mut effects, mut events) = Effects::new(scene.client.clone());
    let order = Box::new(order(Target::Strategy(Strategy::Earliest)));
    let step = MoveStep::Plan { order, waits: true };
    let MoveTold::Waiting(who) = told(&mut effects, &mut events, 1, step).await else {
        panic!("somebody is in it")
    };
    assert_eq!(who, "group billing is Stable: 1 member is in it: worker on 127.0.0.1");
    scene.sim.edit_group("billing", |group| {
        group.members.clear();
        group.state = ktui::sim::state::group::GroupState::Empty;
    });
    let plan = next(&mut events, |event| match event {
        Event::MoveTold { told, .. } => match *told {
            MoveTold::Planned(outcome) => Some(outcome),
            _ => None,
        },
        _ => None,
    });
    assert!(!plan.await.unwrap().is_blocked());
}

#[tokio::test]
async fn a_cluster_that_dies_after_the_preview_is_sent_nothing_and_said_so() {
    let scene = Scene::with_patience(spec(), Duration::from_secs(1)).await;
    scene.client.unlock().unwrap();
    let state = tempfile::tempdir().unwrap();
    let (mut effects, mut events) = Effects::new(scene.client.clone());
    let earliest = || Target::Strategy(Strategy::Earliest);
    let plan = planned(&mut effects, &mut events, earliest()).await.unwrap();
    (1..=3).for_each(|broker| scene.sim.kill_broker(broker));
    let (sent, end) = moved(&scene, &plan, state.path()).await;
    assert!(matches!(sent, MoveSent::Nothing { is_blocked: false, .. }), "{sent:?}");
    assert!(
        matches!(&end, JobEnd::Failed(said) if said.starts_with("nothing was sent: ")),
        "{end:?}"
    );
    assert!(!state.path().join("undo").exists(), "there is nothing to take back");
    assert!(planned(&mut effects, &mut events, earliest()).await.is_err());

    let order = Box::new(order(earliest()));
    let MoveTold::Waiting(who) = told(&mut effects, &mut events, 2, MoveStep::Plan { order, waits: true }).await else {
        panic!("nobody can tell that the group is empty")
    };
    assert!(who.starts_with("nobody tells who is in group billing: "), "{who}");
    assert_eq!(committed(&scene), 4);
}
