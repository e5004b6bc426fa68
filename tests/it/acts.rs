//! What else can be done to a group from the screen: deleting it or its offsets, taking members out, undoing; offsets that
//! are chosen by hand.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use ktui::app::action::{Action, Scope as Keys};
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::jobs::{JobEnd, JobId, JobSpec};
use ktui::app::moving::{
    GroupChange, MoveJob, MoveOrder, MoveSent, MoveStep, MoveTold, Planned, Settlement, Target, Undoable,
};
use ktui::app::slot::SlotId;
use ktui::kafka::error::Error;
use ktui::kafka::model::{Committed, GroupState, GroupType, Lock, Member, Offset, TopicPartition};
use ktui::kafka::query::Answer;
use ktui::ops::reset::members::Removal;
use ktui::ops::reset::{Adjusted, Change, Deed, Outcome, Plan, Refusal, Scope, Standing, Strategy};

use crate::moving::{GROUP, groups, started, step, tell, type_text};
use crate::render_lists::{detail, group};
use crate::stage::Stage;

fn standing(members: Vec<Member>) -> Standing {
    let state = if members.is_empty() { "Empty" } else { "Stable" };
    Standing {
        kind: GroupType::Classic,
        state: GroupState(state.into()),
        members,
    }
}

fn member(client: &str, instance: Option<&str>) -> Member {
    let partitions = (0..4).map(|id| TopicPartition::new("orders.events", id));
    Member {
        id: format!("{client}-6b1f").into(),
        client_id: client.into(),
        host: "10.2.0.17".into(),
        instance_id: instance.map(Into::into),
        subscribed: vec!["orders.events".into()],
        assigned: Some(partitions.collect()),
    }
}

fn at(id: i32) -> TopicPartition {
    TopicPartition::new("orders.events", id)
}

fn change(id: i32, before: Option<i64>, after: Result<Option<i64>, Refusal>) -> Change {
    let committed = |offset| Committed::at(Offset(offset));
    Change {
        partition: at(id),
        before: before.map(committed),
        after: after.map(|after| after.map(committed)),
        adjusted: Adjusted::No,
        log: (id < 3).then_some((Offset(100_000), Offset(166_666))),
    }
}

fn plan(deed: Deed, members: Vec<Member>, changes: Vec<Change>) -> Plan {
    Plan {
        group: GROUP.into(),
        deed,
        how: match deed {
            Deed::Move => "to current".to_owned(),
            Deed::Undo => "to those before 2026-11-18T10:00:00.000Z".to_owned(),
            Deed::Forget | Deed::Delete => String::new(),
        },
        made_ms: 0,
        standing: standing(members),
        changes,
        topic_ids: BTreeMap::new(),
        saves: None,
    }
}

fn forgets(count: i32) -> Vec<Change> {
    (0..count)
        .map(|id| change(id, Some(166_000 + i64::from(id)), Ok(None)))
        .collect()
}

fn removal() -> Planned {
    let pod = member("worker-1", Some("pod-0"));
    Planned::Members(Removal {
        group: GROUP.into(),
        standing: standing(vec![pod.clone(), member("worker-2", None)]),
        members: vec![("pod-0".to_owned(), pod)],
    })
}

/// The order of the newest preview.
fn ordered(stage: &Stage) -> &MoveOrder {
    let orders = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Move {
            step: MoveStep::Plan { order, .. },
            ..
        } => Some(order),
        _ => None,
    });
    orders.expect("a preview was asked for")
}

/// A stage at the preview of deleting the group.
fn deleting(width: u16, height: u16, lock: Lock, plan: Plan) -> Stage {
    let mut stage = groups(width, height, lock);
    stage.press(Action::ChangeGroup);
    type_text(&mut stage, "2");
    assert_eq!(ordered(&stage).change, GroupChange::Delete);
    tell(&mut stage, MoveTold::Planned(Ok(plan.into())));
    stage
}

fn settle(stage: &mut Stage, settlement: Settlement) {
    let (job, _) = started(stage).expect("the job is started");
    let sent = Box::new(MoveSent::Settled(settlement));
    stage.tell(Event::MoveSent { job, sent });
}

fn undo_file() -> Option<std::path::PathBuf> {
    Some("/home/ada/.local/state/ktui/undo/20261118T100000000Z-payments-processor.json".into())
}

#[test]
fn one_menu_offers_what_can_be_done_to_the_group() {
    for (width, height) in [(80, 24), (120, 40), (60, 16)] {
        let mut stage = groups(width, height, Lock::Locked);
        stage.press(Action::ChangeGroup);
        assert_eq!(stage.app.scope(), Keys::Menu);
        assert_snapshot!(format!("change_menu_{width}x{height}"), stage.text());
    }
    let mut stage = groups(80, 24, Lock::Locked);
    stage.press(Action::ChangeGroup);
    stage.press(Action::Choose);
    assert_eq!(stage.app.scope(), Keys::Form, "offsets are moved with a form");
    stage.press(Action::Discard);
    assert!(stage.app.overlay().is_none());
}

#[test]
fn a_group_is_deleted_once_its_name_is_typed_and_the_undo_is_at_hand() {
    for (width, height) in [(80, 24), (120, 40), (60, 16)] {
        let shown = plan(Deed::Delete, Vec::new(), forgets(4));
        let mut stage = deleting(width, height, Lock::Unlocked, shown.clone());
        type_text(&mut stage, "payments");
        assert_snapshot!(format!("delete_preview_{width}x{height}"), stage.text());
        stage.press(Action::Accept);
        assert!(started(&stage).is_none(), "the name is not whole");
        type_text(&mut stage, "-processor");
        stage.press(Action::Accept);
        let (_, sent) = started(&stage).expect("the job is started");
        assert_eq!((&sent.plan, &sent.undoes), (&shown.into(), &None));
        let settlement = Settlement {
            outcomes: vec![Outcome::Verified; 4],
            undo: undo_file(),
            ..Settlement::default()
        };
        settle(&mut stage, settlement);
        assert_snapshot!(format!("delete_done_{width}x{height}"), stage.text());
        stage.press(Action::TakeBack);
        let expected = GroupChange::Undo {
            file: undo_file().unwrap(),
            cluster: "prod-eu".into(),
        };
        assert_eq!(ordered(&stage).change, expected);
        let back = (0..4).map(|id| change(id, None, Ok(Some(166_000)))).collect();
        tell(
            &mut stage,
            MoveTold::Planned(Ok(plan(Deed::Undo, Vec::new(), back).into())),
        );
        assert_snapshot!(format!("undo_preview_{width}x{height}"), stage.text());
        type_text(&mut stage, GROUP);
        stage.press(Action::Accept);
        let (_, sent) = started(&stage).unwrap();
        assert_eq!(sent.undoes, undo_file(), "so that it counts as taken back");
    }
}

#[test]
fn a_group_without_offsets_can_be_deleted() {
    let mut stage = deleting(80, 24, Lock::Unlocked, plan(Deed::Delete, Vec::new(), Vec::new()));
    assert!(
        stage.text().contains("total: deletes the group and 0 offsets"),
        "{}",
        stage.text()
    );
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    settle(&mut stage, Settlement::default());
    assert!(
        stage.text().contains("there is nothing to take back"),
        "{}",
        stage.text()
    );
    stage.press(Action::TakeBack);
    assert!(matches!(step(&stage), Some((_, MoveStep::Plan { .. }))));
    assert_eq!(
        ordered(&stage).change,
        GroupChange::Delete,
        "nothing else was asked for"
    );
}

#[test]
fn a_group_that_is_still_there_is_not_called_deleted() {
    let mut stage = deleting(80, 24, Lock::Unlocked, plan(Deed::Delete, Vec::new(), forgets(1)));
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let error = Error::Cancelled { what: "delete".into() };
    let settlement = Settlement {
        outcomes: vec![Outcome::Unknown(error.clone())],
        kept: Some(error.to_string()),
        undo: undo_file(),
        ..Settlement::default()
    };
    settle(&mut stage, settlement);
    assert_snapshot!("delete_unknown", stage.text());
}

#[test]
fn a_deletion_that_nobody_knows_of_is_not_said_to_be_nothing() {
    for (is_surely_undone, said) in [
        (false, "Whether it happened is not known"),
        (true, "Nothing of it happened"),
    ] {
        let mut stage = deleting(80, 24, Lock::Unlocked, plan(Deed::Delete, Vec::new(), Vec::new()));
        type_text(&mut stage, GROUP);
        stage.press(Action::Accept);
        let settlement = Settlement {
            kept: Some("the answer was lost".to_owned()),
            is_surely_undone,
            ..Settlement::default()
        };
        settle(&mut stage, settlement);
        assert!(stage.text().contains(said), "{}", stage.text());
    }
}

#[test]
fn what_stands_in_the_way_of_deleting_is_named_and_nothing_is_sent() {
    let worker = || vec![member("worker-1", None)];
    let unread = change(0, None, Err(Refusal::Unread("its coordinator moves".into())));
    for (lock, plan, why) in [
        (
            Lock::Locked,
            plan(Deed::Delete, Vec::new(), forgets(1)),
            "The cluster's name unlocks",
        ),
        (
            Lock::ReadOnly,
            plan(Deed::Delete, Vec::new(), forgets(1)),
            "Start again without",
        ),
        (
            Lock::Unlocked,
            plan(Deed::Delete, worker(), forgets(1)),
            "1 member is in it: worker-1 on 10.2.0.17",
        ),
        (
            Lock::Unlocked,
            plan(Deed::Delete, Vec::new(), vec![unread]),
            "Nothing is sent while",
        ),
    ] {
        let mut stage = deleting(80, 24, lock, plan);
        assert_eq!(stage.app.scope(), Keys::Plan, "no name can be typed");
        assert!(stage.text().contains(why), "{}", stage.text());
        for action in [Action::Accept, Action::EditOffset, Action::LeaveOut, Action::ToName] {
            stage.press(action);
        }
        type_text(&mut stage, GROUP);
        stage.press(Action::Accept);
        assert!(started(&stage).is_none());
    }
    let mut stage = groups(80, 24, Lock::Unlocked);
    stage.press(Action::ChangeGroup);
    type_text(&mut stage, "2");
    let why = "payments-processor is a share group: it cannot be made again with what it had";
    tell(&mut stage, MoveTold::Planned(Err(why.into())));
    assert!(stage.text().contains("is a share group"), "{}", stage.text());
    stage.press(Action::Leave);
    assert_eq!(stage.app.scope(), Keys::Menu, "back to the menu");
}

#[test]
fn unlocking_comes_back_to_what_is_to_be_deleted() {
    let mut stage = deleting(80, 24, Lock::Locked, plan(Deed::Delete, Vec::new(), forgets(2)));
    assert_snapshot!("delete_locked", stage.text());
    stage.press(Action::UnlockPlan);
    stage.type_line("prod-eu");
    stage.tell(Event::LockChanged(Lock::Unlocked));
    assert_eq!(stage.app.scope(), Keys::Apply);
}

/// A group on screen, one of whose members is static.
fn opened(width: u16, height: u16) -> Stage {
    let mut stage = group(width, height);
    let mut detail = detail();
    detail.description.members[0].instance_id = Some("pod-0".into());
    stage.press(Action::Refresh);
    stage.answer(SlotId::Group, Answer::Group(detail));
    stage.tell(Event::LockChanged(Lock::Unlocked));
    stage
}

#[test]
fn what_is_under_the_cursor_in_a_group_is_offered_to_be_changed() {
    let mut stage = opened(80, 24);
    let topic = GroupChange::Forget(Scope::Topics(vec!["orders.events".parse().unwrap()]));
    let taken = |stage: &mut Stage, line: &str| {
        stage.press(Action::ChangeGroup);
        type_text(stage, line);
        let change = ordered(stage).change.clone();
        stage.press(Action::Leave);
        stage.press(Action::Leave);
        change
    };
    stage.press(Action::ChangeGroup);
    assert_snapshot!("change_menu_of_a_partition", stage.text());
    stage.press(Action::Leave);
    assert_eq!(taken(&mut stage, "3"), topic, "by partition");
    stage.press(Action::MoveOffsets);
    assert!(stage.line("which").contains("all commits"), "{}", stage.text());
    stage.press(Action::Discard);
    stage.press(Action::NextGroupView);
    assert_eq!(
        taken(&mut stage, "2"),
        GroupChange::Remove(vec!["pod-0".into()]),
        "by member"
    );
    stage.press(Action::CursorDown);
    assert_eq!(taken(&mut stage, "2"), GroupChange::Delete, "this one is not static");
    stage.press(Action::NextGroupView);
    assert_eq!(taken(&mut stage, "2"), topic, "by topic");
    stage.press(Action::MoveOffsets);
    stage.press(Action::NextField);
    stage.press(Action::NextField);
    stage.press(Action::MoveRight);
    assert!(stage.line("▸ which").contains("‹ this topic ›"), "{}", stage.text());
    assert!(
        !stage.text().contains("this partition"),
        "there is none under the cursor"
    );
    assert!(stage.line("topics  ").contains("orders.events"), "{}", stage.text());
}

#[test]
fn members_that_read_the_topic_are_named_and_waited_for() {
    let mut stage = opened(80, 24);
    stage.press(Action::ChangeGroup);
    type_text(&mut stage, "2");
    let refused = (0..2).map(|id| change(id, Some(7), Err(Refusal::Subscribed))).collect();
    let shown = plan(Deed::Forget, vec![member("worker-1", None)], refused);
    tell(&mut stage, MoveTold::Planned(Ok(shown.into())));
    assert!(stage.text().contains("Members read the topic."), "{}", stage.text());
    assert!(
        stage.text().contains("1 member is in it: worker-1 on"),
        "{}",
        stage.text()
    );
    stage.press(Action::WaitEmpty);
    assert!(matches!(step(&stage), Some((_, MoveStep::Plan { waits: true, .. }))));
}

#[test]
fn a_static_member_is_taken_out_and_may_come_back() {
    for (width, height) in [(80, 24), (120, 40), (60, 16)] {
        let mut stage = opened(width, height);
        stage.press(Action::NextGroupView);
        stage.press(Action::ChangeGroup);
        type_text(&mut stage, "2");
        tell(&mut stage, MoveTold::Planned(Ok(removal())));
        type_text(&mut stage, GROUP);
        assert_snapshot!(format!("remove_preview_{width}x{height}"), stage.text());
        stage.press(Action::Accept);
        let (_, sent) = started(&stage).expect("members of it are no barrier");
        assert_eq!(sent.plan, removal());
        let settlement = Settlement {
            outcomes: vec![Outcome::Stale],
            ..Settlement::default()
        };
        settle(&mut stage, settlement);
        assert_snapshot!(format!("remove_stale_{width}x{height}"), stage.text());
        stage.press(Action::TakeBack);
        assert!(stage.text().contains("UNVERIFIED"), "there is no undo");
    }
}

fn undoable(group: &str, what: &str, made_ms: i64) -> Undoable {
    Undoable {
        file: format!("/home/ada/.local/state/ktui/undo/{made_ms}-{group}.json").into(),
        group: group.into(),
        what: what.to_owned(),
        made_ms: Some(made_ms),
        who: "ada".to_owned(),
    }
}

#[test]
fn changes_are_listed_to_be_taken_back_and_the_groups_newest_is_under_the_cursor() {
    for (width, height) in [(80, 24), (120, 40), (60, 16)] {
        let mut stage = groups(width, height, Lock::Locked);
        stage.press(Action::ChangeGroup);
        type_text(&mut stage, "3");
        assert!(stage.text().contains("Reading the undo files"), "{}", stage.text());
        let found = vec![
            undoable(
                "billing",
                "move 12 offsets of group billing to latest",
                1_794_992_500_000,
            ),
            undoable(
                GROUP,
                "delete group payments-processor with 4 offsets",
                1_794_992_400_000,
            ),
            undoable(
                GROUP,
                "move 4 offsets of group payments-processor to earliest",
                1_794_992_300_000,
            ),
        ];
        tell(&mut stage, MoveTold::Undos(Ok(found.clone())));
        assert_snapshot!(format!("undo_list_{width}x{height}"), stage.text());
        stage.press(Action::Choose);
        let expected = MoveOrder {
            group: GROUP.into(),
            change: GroupChange::Undo {
                file: found[1].file.clone(),
                cluster: "prod-eu".into(),
            },
        };
        assert_eq!(ordered(&stage), &expected);
        stage.press(Action::Leave);
        assert!(stage.line("▸ 20").contains("delete group"), "{}", stage.text());
    }
    let mut stage = groups(80, 24, Lock::Locked);
    stage.press(Action::OpenJobs);
    stage.press(Action::UndoChange);
    let Some((_, MoveStep::Undos { cluster })) = step(&stage) else {
        panic!("{:?}", stage.effects)
    };
    assert_eq!(cluster, "prod-eu");
    tell(&mut stage, MoveTold::Undos(Ok(Vec::new())));
    assert!(
        stage.text().contains("nothing to undo on cluster prod-eu"),
        "{}",
        stage.text()
    );
    stage.press(Action::Leave);
    assert_eq!(stage.app.scope(), Keys::Jobs, "back to the jobs");
}

fn command(stage: &mut Stage, line: &str) {
    stage.press(Action::Palette);
    stage.type_line(line);
}

#[test]
fn commands_open_the_same_boxes() {
    let mut stage = groups(80, 24, Lock::Locked);
    command(&mut stage, &format!("delete-group {GROUP}"));
    assert_eq!(ordered(&stage).change, GroupChange::Delete);
    stage.press(Action::Leave);
    assert!(stage.app.overlay().is_none(), "there is nothing to go back to");
    command(&mut stage, &format!("reset {GROUP}"));
    assert_eq!(stage.app.scope(), Keys::Form);
    stage.press(Action::Discard);
    command(&mut stage, "undo");
    assert!(matches!(step(&stage), Some((_, MoveStep::Undos { .. }))));
}

/// A stage at a preview in which everything stays, to be changed by hand.
fn by_hand(width: u16, height: u16, lock: Lock) -> Stage {
    let mut stage = groups(width, height, lock);
    stage.press(Action::MoveOffsets);
    type_text(&mut stage, "b");
    stage.press(Action::Accept);
    let GroupChange::Move { target, .. } = &ordered(&stage).change else {
        panic!("{:?}", stage.effects)
    };
    assert_eq!(*target, Target::ByHand);
    let same = (0..4).map(|id| change(id, Some(166_000), Ok(Some(166_000)))).collect();
    tell(
        &mut stage,
        MoveTold::Planned(Ok(plan(Deed::Move, Vec::new(), same).into())),
    );
    stage
}

/// Types where the row under the cursor goes, and says that it goes there.
fn place(stage: &mut Stage, id: i32, text: &str, strategy: &Strategy, row: Change) {
    stage.press(Action::EditOffset);
    assert_eq!(stage.app.scope(), Keys::Edit);
    type_text(stage, text);
    stage.press(Action::Accept);
    let Some((
        _,
        MoveStep::Row {
            partition,
            strategy: asked,
            ..
        },
    )) = step(stage)
    else {
        panic!("{:?}", stage.effects)
    };
    assert_eq!((partition, asked), (&at(id), strategy));
    let told = MoveTold::Row {
        partition: at(id),
        strategy: strategy.clone(),
        outcome: Ok(plan(Deed::Move, Vec::new(), vec![row])),
    };
    tell(stage, told);
}

#[test]
fn only_what_was_chosen_by_hand_is_sent() {
    for (width, height) in [(80, 24), (120, 40), (60, 16)] {
        let mut stage = by_hand(width, height, Lock::Unlocked);
        assert_eq!(stage.app.scope(), Keys::Plan, "there is nothing to apply yet");
        let gone = change(0, Some(166_000), Ok(Some(151_000)));
        place(&mut stage, 0, "151,000", &Strategy::Offset(151_000), gone.clone());
        stage.press(Action::CursorDown);
        stage.press(Action::CursorDown);
        let ahead = change(2, Some(166_000), Ok(Some(166_100)));
        place(&mut stage, 2, "+100", &Strategy::ShiftBy(100), ahead.clone());
        stage.press(Action::EditOffset);
        type_text(&mut stage, "soon");
        stage.press(Action::Accept);
        assert_snapshot!(format!("by_hand_{width}x{height}"), stage.text());
        stage.press(Action::Discard);
        stage.press(Action::LeaveOut);
        assert!(stage.line("▸ orde").contains("left out"), "{}", stage.text());
        stage.press(Action::LeaveOut);
        assert!(stage.line("▸ orde").contains("SKIPS 100"), "{}", stage.text());
        stage.press(Action::ToName);
        type_text(&mut stage, GROUP);
        stage.press(Action::Accept);
        let (_, sent) = started(&stage).expect("the job is started");
        let mut expected = plan(Deed::Move, Vec::new(), vec![gone, ahead]);
        expected.how = "by hand".to_owned();
        assert_eq!(sent.plan, expected.into());
    }
}

#[test]
fn a_row_that_cannot_go_there_says_so_and_the_others_stay() {
    let mut stage = by_hand(80, 24, Lock::Locked);
    stage.press(Action::EditOffset);
    type_text(&mut stage, "-5");
    stage.press(Action::Accept);
    assert!(stage.text().contains("Asking where that is"), "{}", stage.text());
    let refused = |outcome| MoveTold::Row {
        partition: at(0),
        strategy: Strategy::ShiftBy(-5),
        outcome,
    };
    let row = change(0, None, Err(Refusal::NoCommit));
    tell(&mut stage, refused(Ok(plan(Deed::Move, Vec::new(), vec![row]))));
    assert!(
        stage.text().contains("cannot go there: there is no commit to shift"),
        "{}",
        stage.text()
    );
    stage.press(Action::Accept);
    tell(&mut stage, refused(Err("no broker answers".into())));
    assert!(stage.text().contains("no broker answers"), "{}", stage.text());
    stage.press(Action::Accept);
    stage.press(Action::Discard);
    let row = change(0, Some(166_000), Ok(Some(165_995)));
    tell(&mut stage, refused(Ok(plan(Deed::Move, Vec::new(), vec![row]))));
    assert!(
        stage.line("▸ orde").contains("left out"),
        "an answer that nobody waits for is nothing"
    );
}

#[test]
fn what_was_chosen_by_hand_outlives_a_new_preview() {
    let mut stage = by_hand(80, 24, Lock::Unlocked);
    let row = change(0, Some(166_000), Ok(Some(166_666)));
    place(&mut stage, 0, "latest", &Strategy::Latest, row.clone());
    stage.press(Action::CursorDown);
    let back = change(1, Some(166_000), Ok(Some(100_000)));
    place(&mut stage, 1, "earliest", &Strategy::Earliest, back);
    stage.press(Action::LeaveOut);
    stage.press(Action::PlanAgain);
    let GroupChange::Move { by_hand, .. } = &ordered(&stage).change else {
        panic!("{:?}", stage.effects)
    };
    let chosen = BTreeMap::from([(at(0), Strategy::Latest), (at(1), Strategy::Earliest)]);
    assert_eq!(*by_hand, chosen, "as is what was left out");
    let again = [row, change(1, Some(9), Ok(Some(9)))].to_vec();
    tell(
        &mut stage,
        MoveTold::Planned(Ok(plan(Deed::Move, Vec::new(), again).into())),
    );
    stage.press(Action::ToName);
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let Some((
        _,
        MoveJob {
            plan: Planned::Offsets(sent),
            ..
        },
    )) = started(&stage)
    else {
        panic!("{:?}", stage.effects)
    };
    let partitions: Vec<_> = sent.changes.iter().map(|change| change.partition.partition.0).collect();
    assert_eq!(partitions, [0]);
}

#[test]
fn a_partition_that_cannot_be_moved_is_left_out() {
    let mut stage = groups(80, 24, Lock::Unlocked);
    stage.press(Action::MoveOffsets);
    stage.press(Action::Accept);
    let changes = vec![
        change(0, Some(166_000), Err(Refusal::NoLeader)),
        change(1, Some(166_000), Ok(Some(151_000))),
    ];
    tell(
        &mut stage,
        MoveTold::Planned(Ok(plan(Deed::Move, Vec::new(), changes).into())),
    );
    assert!(stage.text().contains("x leaves it out"), "{}", stage.text());
    stage.press(Action::LeaveOut);
    stage.press(Action::ToName);
    assert_eq!(stage.app.scope(), Keys::Apply);
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let (job, sent) = started(&stage).unwrap();
    assert_eq!(sent.plan.len(), 1);
    let end = JobEnd::Done("1 of 1 offsets".into());
    settle(
        &mut stage,
        Settlement {
            outcomes: vec![Outcome::Verified],
            undo: undo_file(),
            ..Settlement::default()
        },
    );
    stage.tell(Event::JobEnded { job, end });
    assert!(stage.text().contains("verified: replays"), "{}", stage.text());
}

#[test]
fn a_job_of_a_changed_group_leads_to_its_undo() {
    let mut stage = deleting(80, 24, Lock::Unlocked, plan(Deed::Delete, Vec::new(), forgets(1)));
    type_text(&mut stage, GROUP);
    stage.press(Action::Accept);
    let (job, _) = started(&stage).unwrap();
    assert!(matches!(
        stage.effects.last(),
        Some(Effect::StartJob {
            job: JobId(_),
            spec: JobSpec::Move(_)
        })
    ));
    stage.tell(Event::JobEnded {
        job,
        end: JobEnd::Done("group payments-processor is deleted".into()),
    });
    stage.press(Action::Leave);
    stage.press(Action::OpenJobs);
    assert!(
        stage.text().contains("delete group payments-processor"),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("u undo"), "{}", stage.text());
}
