//! Nothing is asked while nobody is there, it says so, and any key goes on.

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::model::Cluster;
use ktui::kafka::partial::Partial;
use ktui::kafka::query::{Answer, Cost, Overview};

use crate::lag_limits::{heard, lags, listings};
use crate::stage::Stage;

/// Longer than anybody looks without pressing a key.
const LONG: u64 = 601;

fn groups(limits: &[&str]) -> Stage {
    let mut stage = Stage::limited(PaneId::Groups, 80, 14, limits);
    let time = "2026-11-20T03:02:00Z".parse().unwrap();
    let zone = jiff::tz::TimeZone::UTC;
    stage.tell(Event::TimeTold { time, zone });
    let slots = asked(&mut stage);
    assert!(slots.contains(&SlotId::Lags), "{slots:?}");
    stage
}

/// The slots that were asked since this was asked last, each of which is answered.
fn asked(stage: &mut Stage) -> Vec<SlotId> {
    let mut slots = Vec::new();
    while let Some(slot) = stage.effects.iter().find_map(|effect| match effect {
        Effect::Load { slot, .. } => Some(*slot),
        _ => None,
    }) {
        stage.answer(
            slot,
            match slot {
                SlotId::Overview => Answer::Overview(Overview::default()),
                SlotId::Cluster => Answer::Cluster(Cluster::default()),
                SlotId::Groups => listings(&["audit", "billing"]),
                _ => lags(&[("audit", Some(7)), ("billing", Some(7))]),
            },
        );
        slots.push(slot);
    }
    slots
}

#[test]
fn nothing_is_asked_while_nobody_is_there_and_nothing_is_drawn() {
    let mut stage = groups(&[]);
    stage.pass(300);
    assert!(!asked(&mut stage).is_empty());
    stage.pass(LONG - 300);
    assert_eq!(asked(&mut stage), []);
    let screen = stage.text();
    assert!(screen.contains(" paused since 03:12:01: any key goes on"), "{screen}");
    assert!(!screen.contains("live"), "{screen}");
    assert!(stage.line(" billing").contains('7'), "what is known stays: {screen}");
    assert_eq!(stage.app.next_deadline(stage.now), None, "it sleeps");
    stage.pass(3_600);
    assert_eq!((asked(&mut stage), stage.text()), (Vec::new(), screen), "not a byte");
}

#[test]
fn any_key_goes_on_at_once_and_does_nothing_else() {
    for key in [Event::Acted(Action::Open), Event::Touched, Event::Typed('x')] {
        let mut stage = groups(&[]);
        stage.pass(LONG);
        assert_eq!(asked(&mut stage), []);
        stage.tell(key.clone());
        let slots = asked(&mut stage);
        assert!(
            slots.contains(&SlotId::Cluster) && slots.contains(&SlotId::Lags),
            "{key:?}: {slots:?}"
        );
        let screen = stage.text();
        assert!(
            !screen.contains("any key") && screen.contains(" Groups  2"),
            "{key:?}: {screen}"
        );
    }
    let mut stage = groups(&[]);
    stage.pass(LONG);
    stage.press(Action::Quit);
    assert!(stage.effects.contains(&Effect::Quit), "who leaves leaves");
}

#[test]
fn who_waits_for_a_bell_is_told_while_nobody_is_there() {
    let mut stage = groups(&["b*=1000"]);
    stage.pass(LONG);
    let screen = stage.text();
    assert!(
        screen.contains("but for groups with a limit: any key goes on"),
        "{screen}"
    );
    stage.answer(SlotId::AllLags, lags(&[("billing", Some(1_204))]));
    let (bells, lines) = heard(&mut stage);
    assert_eq!((bells, lines.len()), (1, 1));
    asked(&mut stage);
    stage.pass(15);
    assert_eq!(asked(&mut stage), [SlotId::Groups, SlotId::AllLags], "and nothing else");
}

#[test]
fn what_was_never_seen_is_waited_for() {
    let mut stage = Stage::open(PaneId::Groups, 80, 14);
    stage.fail(
        SlotId::Overview,
        ktui::kafka::error::Error::Cancelled { what: "it".into() },
    );
    stage.pass(LONG);
    assert_eq!(
        asked(&mut stage),
        [SlotId::Overview],
        "a cluster that is down may come back"
    );
}

/// The screen after the next look at the groups on it, at this cost.
fn look(stage: &mut Stage, requests: u64, bytes: u64) -> String {
    stage.pass(5);
    let (ticket, _) = stage.asked(SlotId::Lags).unwrap();
    stage.tell(Event::Loaded {
        slot: SlotId::Lags,
        ticket,
        result: Ok(Partial::complete(lags(&[("audit", Some(7)), ("billing", Some(7))]))),
        cost: Cost { requests, bytes },
    });
    asked(stage);
    stage.text()
}

#[test]
fn what_looking_costs_is_said_in_words_that_stay() {
    let mut stage = groups(&[]);
    let before = look(&mut stage, 9, 12_300);
    assert!(
        before.contains("a look: 9 requests, 12.1 KiB, under 1 s, every 5 s"),
        "{before}"
    );
    assert_eq!(look(&mut stage, 9, 12_500), before, "no byte for a byte more");
    assert!(look(&mut stage, 18, 12_500).contains("18 requests"), "twice as many");
}
