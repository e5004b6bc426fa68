//! What the machine does with answers that come late, fail, or never come.

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::app::schedule::Freshness;
use ktui::app::slot::SlotId;
use ktui::kafka::error::Error;
use ktui::kafka::partial::Failure;
use ktui::kafka::query::{Answer, Query};

use crate::stage::{Stage, cluster, overview, timeout, topic};

#[test]
fn first_paint_is_one_metadata_request() {
    let stage = Stage::open(PaneId::Groups, 100, 30);
    let loads: Vec<_> = stage
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Load { .. }))
        .collect();
    assert!(
        matches!(
            loads[..],
            [Effect::Load {
                query: Query::Overview,
                ..
            }]
        ),
        "{loads:?}"
    );
}

#[test]
fn figures_are_asked_for_the_visible_rows_only() {
    let mut many = overview();
    many.topics = (0..10_000).map(|n| topic(&format!("topic-{n:05}"), 1)).collect();
    let mut stage = Stage::with(PaneId::Topics, 100, 30, many);
    let Some((_, Query::Offsets(asked))) = stage.asked(SlotId::Offsets) else {
        panic!("no offsets asked for")
    };
    assert!((10..=30).contains(&asked.len()), "{} topics", asked.len());
    assert_eq!(asked[0].as_str(), "topic-00000");
    stage.press(Action::Bottom);
    assert!(stage.asked(SlotId::Offsets).is_none(), "one question at a time");
}

#[test]
fn a_group_can_be_named_before_any_screen_asked_for_groups() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    assert!(stage.asked(SlotId::Groups).is_none());
    stage.press(Action::Palette);
    "group billing".chars().for_each(|c| stage.tell(Event::Typed(c)));
    stage.press(Action::Accept);
    let bottom = stage.line(":group billing");
    assert!(bottom.ends_with("have not been listed yet: try again"), "{bottom}");
    stage.answer(SlotId::Groups, Answer::Groups(Vec::new()));
    stage.press(Action::Accept);
    let bottom = stage.line(":group billing");
    assert!(bottom.ends_with("no group billing"), "{bottom}");
}

#[test]
fn rows_that_came_into_view_are_asked_for_as_soon_as_the_slot_is_free() {
    let mut many = overview();
    many.topics = (0..100).map(|n| topic(&format!("topic-{n:05}"), 1)).collect();
    let mut stage = Stage::with(PaneId::Topics, 100, 30, many);
    stage.press(Action::Bottom);
    stage.answer(SlotId::Offsets, Answer::Offsets(std::collections::HashMap::new()));
    let Some((_, Query::Offsets(asked))) = stage.asked(SlotId::Offsets) else {
        panic!("no offsets asked for")
    };
    assert_eq!(asked.last().unwrap().as_str(), "topic-00099");
}

#[test]
fn an_answer_with_holes_is_not_asked_for_again_in_a_loop() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.answer(SlotId::Offsets, Answer::Offsets(std::collections::HashMap::new()));
    assert!(
        stage.asked(SlotId::Offsets).is_none(),
        "the same question waits for its period"
    );
    stage.pass(5);
    assert!(stage.asked(SlotId::Offsets).is_some());
}

#[test]
fn a_broker_missing_from_the_heartbeat_makes_metadata_be_asked_at_once() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.pass(1);
    assert!(stage.asked(SlotId::Overview).is_none());
    stage.answer(SlotId::Cluster, Answer::Cluster(cluster(&[1, 3])));
    assert!(stage.asked(SlotId::Overview).is_some());
    assert!(stage.line("prod-eu").contains("broker 2 missing"), "{}", stage.text());
}

#[test]
fn a_failed_refresh_keeps_the_rows_and_says_since_when_they_are_old() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    assert_eq!(stage.app.freshness(stage.now), Freshness::Live);
    stage.pass(5);
    stage.fail(SlotId::Overview, timeout("Metadata"));
    stage.pass(40);
    assert!(matches!(stage.app.freshness(stage.now), Freshness::Stale { .. }));
    let screen = stage.text();
    assert!(
        screen.contains("orders.events") && screen.contains("stale 45 s"),
        "{screen}"
    );
}

#[test]
fn a_late_answer_to_a_superseded_question_changes_nothing() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.pass(5);
    let old = stage.asked(SlotId::Overview).unwrap();
    stage.press(Action::Refresh);
    let mut empty = overview();
    empty.topics.clear();
    let result = Ok(ktui::kafka::partial::Partial::complete(Answer::Overview(empty)));
    stage.tell(ktui::app::event::Event::Loaded {
        slot: SlotId::Overview,
        ticket: old.0,
        result,
        cost: ktui::kafka::query::Cost::default(),
    });
    assert!(stage.text().contains("orders.events"));
    assert_eq!(stage.app.store().derived.superseded, 1);
}

#[test]
fn a_complaint_about_a_name_goes_when_the_name_comes() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.press(Action::Palette);
    stage.type_line("topic refunds");
    assert!(
        stage.line(":topic refunds").ends_with("no topic refunds"),
        "{}",
        stage.text()
    );
    stage.pass(5);
    let mut more = overview();
    more.topics.push(topic("refunds", 1));
    more.topics.sort_by(|a, b| a.name.cmp(&b.name));
    stage.answer(SlotId::Overview, Answer::Overview(more));
    assert!(!stage.line(":topic refunds").contains("no topic"), "{}", stage.text());
    stage.press(Action::Accept);
    assert!(stage.line("Topics ›").contains("refunds"), "{}", stage.text());
}

#[test]
fn an_answer_of_the_wrong_kind_is_dropped() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.answer(SlotId::Offsets, Answer::Groups(Vec::new()));
    assert!(stage.app.store().offsets.value().is_none());
}

#[test]
fn nothing_answers_and_the_screen_says_whom_it_calls() {
    let mut stage = Stage::open(PaneId::Topics, 100, 30);
    stage.pass(3);
    let screen = stage.text();
    assert!(
        screen.contains("kafka-1:9092") && screen.contains("kafka-2:9092"),
        "{screen}"
    );
    stage.fail(
        SlotId::Overview,
        Error::NoBroker {
            attempts: vec![(
                "kafka-1:9092".into(),
                Error::Connect {
                    addr: "kafka-1:9092".into(),
                    reason: "connection refused".into(),
                },
            )],
        },
    );
    assert!(stage.text().contains("refused"), "{}", stage.text());
}

#[test]
fn a_partial_answer_shows_what_failed_beside_the_rows() {
    let mut stage = Stage::with(PaneId::Groups, 100, 30, overview());
    stage.answer_partly(
        SlotId::Groups,
        Answer::Groups(Vec::new()),
        vec![Failure::of(
            ktui::kafka::model::BrokerId(2),
            "groups of broker 2",
            timeout("ListGroups"),
        )],
    );
    assert!(stage.text().contains("broker 2"), "{}", stage.text());
}

#[test]
fn quit_leaves_the_overlay_first_and_ctrl_c_always_leaves() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.press(Action::Help);
    stage.press(Action::Quit);
    assert!(stage.app.overlay().is_none() && !stage.effects.contains(&Effect::Quit));
    stage.press(Action::Quit);
    assert!(stage.effects.contains(&Effect::Quit));
    let mut stage = Stage::open(PaneId::Topics, 100, 30);
    stage.press(Action::Palette);
    stage.press(Action::QuitNow);
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn the_filter_applies_at_every_key_and_esc_restores_or_drops_it() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.press(Action::Filter);
    stage.type_line("dlq");
    assert!(!stage.text().contains("payments"));
    stage.press(Action::Filter);
    stage.tell(ktui::app::event::Event::Typed('x'));
    assert!(stage.text().contains("None of"), "{}", stage.text());
    stage.press(Action::Discard);
    assert!(stage.text().contains("orders.events.dlq"));
    stage.press(Action::Back);
    assert!(stage.text().contains("payments"));
}

#[test]
fn messages_start_with_the_topic_that_is_open() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.press(Action::OpenMessages);
    assert!(stage.text().contains("No topic was chosen yet"), "{}", stage.text());
    stage.press(Action::OpenTopics);
    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    stage.press(Action::OpenMessages);
    assert!(stage.line("Messages ›").contains("orders.events"), "{}", stage.text());
}

#[test]
fn the_help_of_a_screen_leaves_out_the_keys_that_do_nothing_there() {
    let sorts = [Action::Sort, Action::ReverseSort];
    for (opened, lacks) in [
        (&[Action::OpenBrokers][..], &[Action::Open][..]),
        (&[Action::OpenTopics], &[]),
        (&[Action::OpenTopics, Action::Open], &sorts),
        (&[Action::OpenTopics, Action::TopicMessages], &sorts),
    ] {
        let mut stage = Stage::with(PaneId::Groups, 100, 60, overview());
        for action in opened {
            stage.press(*action);
        }
        let before = stage.text();
        for action in lacks {
            stage.press(*action);
            assert_eq!(stage.text(), before, "{action:?} after {opened:?}");
        }
        stage.press(Action::Help);
        let help = stage.text();
        for action in [Action::Open, Action::Filter, Action::Sort, Action::ReverseSort] {
            let is_said = help.contains(action.row().help);
            assert_eq!(is_said, !lacks.contains(&action), "{action:?} after {opened:?}: {help}");
        }
    }
}

#[test]
fn panes_keep_their_cursor_while_others_are_on_screen() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.press(Action::CursorDown);
    stage.press(Action::OpenBrokers);
    stage.press(Action::PreviousScreen);
    assert!(stage.line("▸").contains("orders.events "), "{}", stage.text());
    stage.press(Action::Open);
    assert!(stage.line("RF 3").contains("orders.events"));
    stage.press(Action::Back);
    assert!(stage.line("▸").contains("orders.events "));
}

#[test]
fn every_action_is_legal_on_every_screen_and_in_every_size() {
    for pane in PaneId::ALL {
        for (width, height) in [(1, 1), (20, 5), (80, 24), (200, 50)] {
            for row in ktui::app::action::ACTIONS {
                for is_loaded in [false, true] {
                    let mut stage = if is_loaded {
                        Stage::with(pane, width, height, overview())
                    } else {
                        Stage::open(pane, width, height)
                    };
                    stage.press(row.action);
                    stage.press(Action::Open);
                    stage.press(row.action);
                    stage.tell(ktui::app::event::Event::Pasted("x\u{1b}[2J".into()));
                    stage.press(Action::Accept);
                    let _ = stage.text();
                }
            }
        }
    }
}
