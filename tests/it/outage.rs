//! What the machine makes of a coordinator that says nothing, moves, or comes back.

use std::collections::HashMap;

use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::error::Error;
use ktui::kafka::lag::GroupSummary;
use ktui::kafka::model::{BrokerId, GroupId, GroupListing, GroupState, GroupType};
use ktui::kafka::partial::Failure;
use ktui::kafka::query::{Answer, Overview, Query};

use crate::stage::{Stage, cluster, overview, timeout};

fn listing(name: &str, coordinator: i32) -> GroupListing {
    GroupListing {
        group: GroupId::from(name),
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        state: Some(GroupState("Stable".into())),
        coordinator: BrokerId(coordinator),
    }
}

fn listings() -> Answer {
    Answer::Groups(vec![listing("audit", 1), listing("payments", 2)])
}

/// What these groups' coordinators told.
fn lags(told: &[(&str, i32)]) -> Answer {
    let summary = |coordinator| GroupSummary {
        coordinator: BrokerId(coordinator),
        state: Some(GroupState("Stable".into())),
        members: Some(3),
        lag: [Some(7)].into_iter().collect(),
        uncommitted: Some(0),
        partitions: 1,
        topics: 1,
        epoch: None,
    };
    let told = told
        .iter()
        .map(|(name, id)| (GroupId::from(*name), summary(*id).into()));
    Answer::Lags(told.collect::<HashMap<_, _>>())
}

/// Two groups, all told, on a screen that is too narrow for the coordinator's column.
fn groups() -> Stage {
    let mut stage = Stage::with(PaneId::Groups, 80, 14, overview());
    stage.answer(SlotId::Groups, listings());
    stage.answer(SlotId::Lags, lags(&[("audit", 1), ("payments", 2)]));
    assert!(stage.line(" payments").contains("Stable"));
    stage
}

fn members_of_payments() -> Failure {
    Failure::of(BrokerId(2), "members of payments", timeout("DescribeGroups"))
}

/// The cluster without broker 2, or with it again.
fn see(stage: &mut Stage, live: &[i32]) {
    let mut seen: Overview = overview();
    seen.cluster = cluster(live);
    stage.answer(SlotId::Overview, Answer::Overview(seen));
}

#[test]
fn the_row_of_a_silent_coordinator_says_so_in_a_column_that_never_leaves() {
    let mut stage = groups();
    stage.pass(5);
    stage.answer_partly(SlotId::Lags, lags(&[("audit", 1)]), vec![members_of_payments()]);
    let screen = stage.text();
    assert!(!screen.contains("COORDINATOR"), "{screen}");
    assert!(stage.line(" payments").contains("? silent"), "{screen}");
    assert!(
        stage.line(" payments").contains(" 7  "),
        "what was known stays: {screen}"
    );
    assert!(stage.line(" audit").contains("Stable"), "{screen}");
    stage.pass(5);
    stage.answer(SlotId::Lags, lags(&[("audit", 1), ("payments", 2)]));
    assert!(stage.line(" payments").contains("Stable"), "{}", stage.text());
}

#[test]
fn a_partition_that_cannot_be_asked_for_does_not_make_its_leader_a_silent_coordinator() {
    let mut stage = groups();
    stage.pass(5);
    let offline = Error::NoLeader {
        topic: "orders".into(),
        partition: ktui::kafka::model::PartitionId(1),
    };
    let failure = Failure::of(BrokerId(2), "end offsets of orders-1", offline);
    stage.answer_partly(SlotId::Lags, lags(&[("audit", 1), ("payments", 2)]), vec![failure]);
    assert!(stage.line(" payments").contains("Stable"), "{}", stage.text());
}

#[test]
fn a_group_that_moved_is_not_silent_although_its_old_coordinator_is_gone() {
    let mut stage = groups();
    stage.pass(5);
    see(&mut stage, &[1, 3]);
    assert!(stage.line(" payments").contains("? silent"), "{}", stage.text());
    stage.answer(SlotId::Lags, lags(&[("audit", 1), ("payments", 3)]));
    assert!(stage.line(" payments").contains("Stable"), "{}", stage.text());
}

#[test]
fn a_group_that_nobody_can_list_does_not_disappear() {
    let mut stage = groups();
    stage.pass(15);
    let leaderless = Error::NoLeader {
        topic: "__consumer_offsets".into(),
        partition: ktui::kafka::model::PartitionId(7),
    };
    let failure = Failure::new("groups of __consumer_offsets-7", leaderless);
    let others = Answer::Groups(vec![listing("audit", 1)]);
    stage.answer_partly(SlotId::Groups, others.clone(), vec![failure]);
    assert!(stage.text().contains(" payments"), "{}", stage.text());
    assert!(stage.asked(SlotId::Groups).is_none());
    stage.pass(5);
    // Its new coordinator lists nothing before it has read what it keeps.
    stage.answer(SlotId::Groups, others.clone());
    assert!(stage.text().contains(" payments"), "{}", stage.text());
    stage.pass(5);
    stage.answer(SlotId::Groups, others);
    assert!(!stage.text().contains(" payments"), "now it is known: {}", stage.text());
}

#[test]
fn a_group_that_is_listed_again_was_never_away() {
    let mut stage = groups();
    for _ in 0..3 {
        stage.pass(15);
        stage.answer(SlotId::Groups, Answer::Groups(vec![listing("audit", 1)]));
        assert!(stage.text().contains(" payments"), "{}", stage.text());
        stage.pass(5);
        stage.answer(SlotId::Groups, listings());
    }
}

#[test]
fn what_lacked_a_broker_is_asked_again_when_the_broker_is_back() {
    let mut stage = Stage::with(PaneId::Brokers, 100, 14, overview());
    stage.pass(5);
    see(&mut stage, &[1, 3]);
    let failure = Failure::of(BrokerId(2), "log dirs of broker 2", timeout("DescribeLogDirs"));
    stage.answer_partly(SlotId::LogDirs, Answer::LogDirs(Vec::new()), vec![failure.clone()]);
    stage.pass(5);
    assert!(stage.asked(SlotId::LogDirs).is_none(), "its period is longer");
    see(&mut stage, &[1, 2, 3]);
    stage.answer_partly(SlotId::LogDirs, Answer::LogDirs(Vec::new()), vec![failure]);
    stage.pass(5);
    assert!(stage.asked(SlotId::LogDirs).is_none(), "once is enough");
}

#[test]
fn an_answer_that_was_asked_for_before_a_broker_came_back_does_not_know_of_it() {
    let mut stage = Stage::with(PaneId::Brokers, 100, 14, overview());
    stage.pass(5);
    see(&mut stage, &[1, 3]);
    stage.pass(5);
    see(&mut stage, &[1, 2, 3]);
    stage.pass(1);
    let failure = Failure::of(BrokerId(2), "log dirs of broker 2", timeout("DescribeLogDirs"));
    stage.answer_partly(SlotId::LogDirs, Answer::LogDirs(Vec::new()), vec![failure]);
    stage.pass(1);
    assert!(stage.asked(SlotId::LogDirs).is_some(), "not only after 30 s");
}

#[test]
fn the_screen_of_a_group_names_its_dead_coordinator() {
    let mut stage = groups();
    stage.press(ktui::app::action::Action::Open);
    let Some((ticket, Query::Group(asked))) = stage.asked(SlotId::Group) else {
        panic!("the group is asked for")
    };
    let description = ktui::kafka::model::GroupDescription {
        group: asked.group,
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        assignor: "range".into(),
        epoch: None,
        state: GroupState("Stable".into()),
        coordinator: BrokerId(2),
        members: Vec::new(),
    };
    let detail = ktui::kafka::lag::GroupDetail {
        description,
        partitions: Vec::new(),
        unread: None,
    };
    let result = Ok(ktui::kafka::partial::Partial::complete(Answer::Group(detail)));
    stage.tell(ktui::app::event::Event::Loaded {
        slot: SlotId::Group,
        ticket,
        result,
        cost: ktui::kafka::query::Cost::default(),
    });
    assert!(!stage.text().contains("coordinator 2 DOWN"), "{}", stage.text());
    stage.pass(5);
    see(&mut stage, &[1, 3]);
    assert!(stage.text().contains("coordinator 2 DOWN"), "{}", stage.text());
}
