//! Limits of a lag: who is told, how often, and that groups are looked at for it on every screen.

use std::collections::HashMap;
use std::sync::Arc;

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::lag::GroupSummary;
use ktui::kafka::model::{BrokerId, GroupId, GroupListing, GroupState, GroupType, Total};
use ktui::kafka::query::{Answer, Overview, Query};

use crate::stage::Stage;

pub fn listings(names: &[&str]) -> Answer {
    let listing = |name: &&str| GroupListing {
        group: GroupId::from(*name),
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        state: Some(GroupState(Arc::from("Stable"))),
        coordinator: BrokerId(1),
    };
    Answer::Groups(names.iter().map(listing).collect())
}

pub fn lags(told: &[(&str, Option<i64>)]) -> Answer {
    let told = told.iter().map(|(name, lag)| {
        let mut summary = GroupSummary::new(BrokerId(1), None, &[], None);
        summary.lag = Total::from_iter([*lag]);
        (GroupId::from(*name), summary.into())
    });
    Answer::Lags(told.collect::<HashMap<_, _>>())
}

/// How often the bell rang, and the lines of the log, since this was asked last.
pub fn heard(stage: &mut Stage) -> (usize, Vec<String>) {
    let (mut bells, mut lines) = (0, Vec::new());
    stage.effects.retain(|effect| match effect {
        Effect::Ring => {
            bells += 1;
            false
        }
        Effect::Log(line) => {
            lines.push(line.clone());
            false
        }
        _ => true,
    });
    (bells, lines)
}

fn groups(limits: &[&str]) -> Stage {
    let mut stage = Stage::limited(PaneId::Groups, 100, 14, limits);
    stage.answer(SlotId::Overview, Answer::Overview(Overview::default()));
    stage.answer(SlotId::Groups, listings(&["audit", "billing"]));
    stage
}

#[test]
fn groups_that_go_over_their_limit_ring_once_and_are_marked_without_colour() {
    let mut stage = groups(&["1000", "audit=5000"]);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(1_001)), ("billing", Some(1_000))]));
    assert_eq!(heard(&mut stage), (0, Vec::new()));
    stage.pass(5);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(5_001)), ("billing", Some(1_204))]));
    let (bells, mut lines) = heard(&mut stage);
    lines.sort();
    assert_eq!(bells, 1, "one bell for both");
    assert_eq!(
        lines,
        [
            "audit: lag 5,001 is over its limit 5000",
            "billing: lag 1,204 is over its limit 1000"
        ]
    );
    let screen = stage.text();
    assert!(screen.contains("2 over their limits"), "{screen}");
    assert!(stage.line(" billing").contains(" !1,204 "), "{screen}");
    stage.pass(5);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(5_002)), ("billing", None)]));
    assert_eq!(heard(&mut stage), (0, Vec::new()), "an unknown lag is not under");
    assert!(stage.text().contains("2 over their limits"), "{}", stage.text());
    stage.pass(5);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(0)), ("billing", Some(1_204))]));
    let line = "audit: lag 0 is no more over its limit 5000".to_owned();
    assert_eq!(heard(&mut stage), (0, vec![line]));
    assert!(stage.text().contains("1 over 1,000"), "{}", stage.text());
}

#[test]
fn groups_with_a_limit_are_looked_at_on_every_screen() {
    let mut stage = groups(&["b*=1000"]);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(7)), ("billing", Some(7))]));
    stage.press(Action::OpenTopics);
    let limited = |query: &Query| match query {
        Query::Lags { groups, .. } => groups.iter().map(|one| one.group.to_string()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let (_, query) = stage
        .asked(SlotId::AllLags)
        .expect("who waits for a bell is on any screen");
    assert_eq!(limited(&query), ["billing"]);
    let mut stage = groups(&[]);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(7)), ("billing", Some(7))]));
    stage.press(Action::OpenTopics);
    stage.pass(60);
    assert!(stage.asked(SlotId::AllLags).is_none(), "nobody waits");
}

#[test]
fn a_filter_does_not_silence_the_limits_of_the_groups_that_it_hides() {
    let mut stage = groups(&["b*=1000"]);
    stage.answer(SlotId::Lags, lags(&[("audit", Some(7)), ("billing", Some(7))]));
    stage.press(Action::Filter);
    stage.type_line("audit");
    assert!(!stage.text().contains(" billing"), "{}", stage.text());
    stage.pass(15);
    let (_, query) = stage.asked(SlotId::AllLags).expect("somebody waits for a bell");
    let Query::Lags { groups, .. } = query else {
        panic!("{query:?}");
    };
    let groups: Vec<&str> = groups.iter().map(|one| one.group.as_str()).collect();
    assert_eq!(groups, ["billing"]);
}
