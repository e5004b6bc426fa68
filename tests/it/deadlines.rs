//! The machine wakes up when something is due, and not more often.

use std::collections::HashMap;
use std::time::Duration;

use ktui::app::action::Action;
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::model::Reassignments;
use ktui::kafka::query::{Answer, Query};

use crate::stage::{Stage, cluster, overview, timeout};

/// Lets time pass from deadline to deadline; how often the machine woke up. `answer` is asked before each.
fn wake_ups(stage: &mut Stage, seconds: u64, answer: impl Fn(&mut Stage)) -> usize {
    let end = stage.now + Duration::from_secs(seconds);
    let mut count = 0;
    loop {
        answer(stage);
        let Some(deadline) = stage.app.next_deadline(stage.now) else {
            return count;
        };
        assert!(
            deadline > stage.now,
            "what was due at {:?} is done: {:?}",
            stage.now,
            stage.effects
        );
        if deadline > end {
            return count;
        }
        stage.now = deadline;
        stage.tell(Event::DeadlineReached);
        count += 1;
    }
}

/// Answers every open question of a cluster without records or groups.
fn answer_all(stage: &mut Stage) {
    for slot in SlotId::ALL {
        while let Some((ticket, query)) = stage.asked(slot) {
            let answer = match query {
                Query::Overview => Answer::Overview(overview()),
                Query::Cluster => Answer::Cluster(cluster(&[1, 2, 3])),
                Query::Offsets(_) => Answer::Offsets(HashMap::default()),
                Query::Sizes(_) => Answer::Sizes(HashMap::default()),
                Query::Configs { .. } => Answer::Configs(HashMap::default()),
                Query::Reassignments => Answer::Reassignments(Reassignments::default()),
                Query::LogDirs => Answer::LogDirs(Vec::new()),
                Query::Groups => Answer::Groups(Vec::new()),
                Query::Lags { .. } => Answer::Lags(HashMap::default()),
                other => panic!("{other:?}"),
            };
            let result = Ok(ktui::kafka::partial::Partial::complete(answer));
            stage.tell(Event::Loaded {
                slot,
                ticket,
                result,
                cost: ktui::kafka::query::Cost::default(),
            });
        }
    }
}

#[test]
fn a_quiet_cluster_is_asked_at_its_pace() {
    for pane in PaneId::ALL {
        let mut stage = Stage::open(pane, 100, 30);
        let count = wake_ups(&mut stage, 60, answer_all);
        assert!((10..=60).contains(&count), "{pane:?} woke up {count} times in a minute");
        assert!(stage.line("prod-eu").ends_with("live"));
    }
}

#[test]
fn a_cluster_that_does_not_answer_costs_a_wake_up_per_second() {
    let mut stage = Stage::open(PaneId::Topics, 100, 30);
    let count = wake_ups(&mut stage, 60, |_| {});
    assert!((55..=65).contains(&count), "woke up {count} times in a minute");
}

#[test]
fn a_cluster_that_fails_is_asked_again_but_not_without_pause() {
    let mut stage = Stage::open(PaneId::Topics, 100, 30);
    let count = wake_ups(&mut stage, 60, |stage| {
        while stage
            .effects
            .iter()
            .any(|effect| matches!(effect, ktui::app::effect::Effect::Load { .. }))
        {
            stage.fail(SlotId::Overview, timeout("Metadata"));
        }
    });
    assert!((50..=140).contains(&count), "woke up {count} times in a minute");
}

#[test]
fn figures_that_no_refresh_reaches_grow_old_by_the_second() {
    let mut stage = Stage::with(PaneId::Brokers, 100, 30, overview());
    let count = wake_ups(&mut stage, 60, |_| {});
    assert!((50..=140).contains(&count), "woke up {count} times in a minute");
    assert!(stage.line("prod-eu").ends_with("stale 1 m") || stage.line("prod-eu").ends_with("stale 59 s"));
    stage.press(Action::Debug);
    assert!(stage.app.next_deadline(stage.now).unwrap() > stage.now);
}
