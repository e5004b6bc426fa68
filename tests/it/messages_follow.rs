//! Following a fast topic: keeping up or leaving out and saying so, and counting what comes during a pause.

use std::collections::HashMap;

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::slot::SlotId;
use ktui::kafka::model::{Offset, PartitionId, PartitionOffsets, TopicName};
use ktui::kafka::query::{Answer, FeedBatch, Query};

use crate::messages_data::{opened, orders};
use crate::stage::Stage;

fn at_end() -> Stage {
    let mut stage = opened(120, 40);
    stage.arrive(orders(1000..1050));
    stage
}

/// What the feed was told last about leaving records out.
fn may_skip(stage: &Stage) -> Option<bool> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::LetFeedSkip(is_allowed) => Some(*is_allowed),
        _ => None,
    })
}

#[test]
fn only_who_follows_lets_records_be_left_out() {
    let mut stage = opened(120, 40);
    assert_eq!(may_skip(&stage), None);
    stage.arrive(orders(1000..1050));
    assert_eq!(may_skip(&stage), Some(true));
    stage.press(Action::CursorUp);
    assert_eq!(may_skip(&stage), Some(false), "who looks at something wants all of it");
    stage.press(Action::Bottom);
    assert_eq!(may_skip(&stage), Some(true));
    stage.press(Action::Open);
    assert_eq!(may_skip(&stage), Some(false));
    stage.press(Action::Back);
    stage.press(Action::Seek);
    stage.type_line("begin");
    stage.bring(FeedBatch {
        rows: orders(0..50),
        ..FeedBatch::default()
    });
    assert_eq!(may_skip(&stage), Some(false));
}

#[test]
fn what_is_left_out_is_said_as_one_in_so_many() {
    let mut stage = at_end();
    stage.now += std::time::Duration::from_secs(2);
    stage.bring(FeedBatch {
        rows: orders(2000..2500),
        skipped: 19_500,
        at_end: true,
        ..FeedBatch::default()
    });
    let line = stage.line("following");
    assert!(line.contains("following ▶ 10,000/s, showing 1 in 40"), "{line}");
    assert!(
        stage.text().contains("19,500 records were left out to keep up"),
        "{}",
        stage.text()
    );
    stage.pass(1);
    stage.arrive(orders(2500..2510));
    stage.pass(6);
    assert!(
        !stage.text().contains("showing 1 in"),
        "it keeps up again: {}",
        stage.text()
    );
    stage.press(Action::Refresh);
    stage.arrive(orders(3000..3050));
    assert!(!stage.text().contains("left out"), "{}", stage.text());
}

#[test]
fn a_held_pause_counts_what_comes_at_the_brokers() {
    let mut stage = at_end();
    stage.press(Action::CursorUp);
    assert!(stage.asked(SlotId::Offsets).is_none(), "what comes is here");
    let mut next = 1050;
    while stage.did(&Effect::PauseFeed) == 0 {
        stage.arrive(orders(next..next + 500));
        next += 500;
    }
    let loaded = next - 1050;
    let topics = vec![TopicName::from("orders.events")];
    let is_asked = |effect: &Effect| {
        let wanted = Query::Offsets(topics.clone());
        matches!(effect, Effect::Load { query, .. } if *query == wanted)
    };
    assert!(stage.effects.iter().any(is_asked));
    assert!(
        stage.line("paused").contains("more wait at the brokers"),
        "{}",
        stage.text()
    );
    // Every partition has a hundred more than the highest record.
    let end = |partition| PartitionOffsets {
        partition: PartitionId(partition),
        log_start: Some(Offset(0)),
        end: Some(Offset(next + 100)),
    };
    let offsets = HashMap::from([(topics[0].clone(), (0..12).map(end).collect::<Vec<_>>())]);
    stage.answer(SlotId::Offsets, Answer::Offsets(offsets));
    let highest = |partition: i64| {
        (1..=12)
            .map(|back| next - back)
            .find(|offset| offset % 12 == partition)
            .unwrap()
    };
    let waiting: i64 = (0..12).map(|partition| next + 100 - (highest(partition) + 1)).sum();
    let grouped = ktui::ui::format::Count(loaded + waiting).to_string();
    assert!(
        stage.line("paused").contains(&format!("paused · ≈{grouped} new")),
        "{grouped}: {}",
        stage.text()
    );
}
