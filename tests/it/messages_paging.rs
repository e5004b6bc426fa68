//! The messages screen reads on in both directions, ranges, and several topics at once.

use std::collections::HashMap;

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::pane::messages::paging::Above;
use ktui::app::pane::messages::reading::Hold;
use ktui::app::pane::messages::rows::LOOKING;
use ktui::app::slot::SlotId;
use ktui::kafka::model::{Isolation, Offset, PartitionId, PartitionOffsets, Row};
use ktui::kafka::query::{Answer, Began, FeedBatch, OlderRows, OlderSpec};
use ktui::position::{Shown, Start, Until};

use crate::messages_data::{opened, order, orders};
use crate::stage::Stage;

fn began(offset: i64) -> Vec<Began> {
    let of = |partition| Began {
        topic: 0,
        partition: PartitionId(partition),
        offset: Offset(offset),
    };
    (0..12).map(of).collect()
}

/// The newest fifty of 1,050 records, followed.
fn at_end() -> Stage {
    let mut stage = opened(120, 40);
    stage.bring(FeedBatch {
        rows: orders(1000..1050),
        began: began(1050),
        at_end: true,
        ..FeedBatch::default()
    });
    stage
}

/// The last question for older records, and how many there were.
fn older(stage: &Stage) -> (usize, Option<OlderSpec>) {
    let asked: Vec<_> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::ReadOlder { spec, .. } => Some(spec.clone()),
            _ => None,
        })
        .collect();
    (asked.len(), asked.last().cloned())
}

fn bring_older(stage: &mut Stage, rows: Vec<Row>) {
    let (ticket, _) = stage.feed();
    let rows = OlderRows {
        is_first: rows.is_empty(),
        rows: rows.into_iter().map(|row| (0, row)).collect(),
        failures: Vec::new(),
    };
    stage.tell(Event::OlderRead { ticket, rows });
}

#[test]
fn moving_to_the_first_row_reads_older_records_and_the_cursor_stays_on_its_own() {
    let mut stage = at_end();
    assert_eq!(older(&stage).0, 0, "nobody looks there");
    stage.press(Action::Top);
    let (count, spec) = older(&stage);
    let spec = spec.unwrap();
    assert_eq!((count, spec.count, spec.isolation), (1, 200, Isolation::ReadCommitted));
    assert_eq!(
        spec.topics[0].before[4],
        (PartitionId(4), Offset(1000)),
        "its first row"
    );
    assert_eq!(spec.topics[0].before[3], (PartitionId(3), Offset(1011)));
    stage.press(Action::Top);
    assert_eq!(older(&stage).0, 1, "one question at a time");
    bring_older(&mut stage, orders(800..1000));
    assert_eq!((stage.cursor(), stage.messages().list().cursor), (1000, 200));
    stage.press(Action::Top);
    assert_eq!((stage.cursor(), older(&stage).0), (800, 2));
    bring_older(&mut stage, Vec::new());
    assert_eq!(*stage.messages().above(), Above::First);
    assert!(
        stage.text().contains("the first record: nothing is older"),
        "{}",
        stage.text()
    );
    stage.press(Action::Top);
    assert_eq!(older(&stage).0, 2, "it is known that there are none");
}

#[test]
fn a_partition_without_rows_is_paged_from_where_it_began() {
    let mut stage = opened(120, 40);
    stage.bring(FeedBatch {
        rows: vec![order(7, 1000)],
        began: began(1001),
        at_end: true,
        ..FeedBatch::default()
    });
    stage.press(Action::Top);
    let spec = older(&stage).1.unwrap();
    assert_eq!(spec.topics[0].before.len(), 12);
    assert_eq!(spec.topics[0].before[6], (PartitionId(6), Offset(1001)));
    assert_eq!(spec.topics[0].before[7], (PartitionId(7), Offset(1000)));
}

#[test]
fn an_answer_about_another_feed_is_refused() {
    let mut stage = at_end();
    stage.press(Action::Top);
    let (ticket, _) = stage.feed();
    stage.press(Action::Refresh);
    let rows = OlderRows {
        rows: orders(900..1000).into_iter().map(|row| (0, row)).collect(),
        ..OlderRows::default()
    };
    stage.tell(Event::OlderRead { ticket, rows });
    assert_eq!(stage.messages().rows().kept(), 50);
}

#[test]
fn far_above_the_newest_rows_leave_and_come_back_when_the_user_does() {
    let mut stage = at_end();
    stage.press(Action::Top);
    let mut first = 1_000_000;
    let (begin, _) = stage.feed();
    stage.press(Action::Refresh);
    stage.bring(FeedBatch {
        rows: orders(first..first + 50),
        began: began(first + 50),
        at_end: true,
        ..FeedBatch::default()
    });
    assert_ne!(stage.feed().0, begin);
    stage.press(Action::Top);
    while stage.messages().reading().hold != Hold::Behind {
        first -= 200;
        bring_older(&mut stage, orders(first..first + 200));
        stage.press(Action::Top);
        assert!(stage.messages().rows().kept() <= LOOKING.rows);
    }
    assert_eq!(stage.did(&Effect::CloseFeed), 1);
    let last = first + stage.messages().rows().kept() as i64;
    stage.bring_late(FeedBatch {
        rows: orders(5_000_000..5_000_010),
        ..FeedBatch::default()
    });
    assert_eq!(
        stage.messages().rows().len() as i64,
        last - first,
        "what was under way is not added"
    );
    let (closed, _) = stage.feed();
    let mut steps = 0;
    while stage.feed().0 == closed {
        stage.press(Action::PageDown);
        steps += 1;
        assert!(steps < 1000, "it never read on");
    }
    let Start::PerPartition(places) = stage.reads().start else {
        panic!("{:?}", stage.reads())
    };
    let next = places.iter().map(|(_, offset)| offset.0).min();
    assert_eq!((places.len(), next), (12, Some(last)), "it goes on where the rows end");
    let before = stage.cursor();
    stage.bring(FeedBatch {
        rows: orders(last..last + 50),
        ..FeedBatch::default()
    });
    assert_eq!(stage.cursor(), before, "the rows stay");
    assert!(stage.messages().rows().len() > 50);
}

#[test]
fn a_pause_counts_what_is_new_and_not_what_was_let_go() {
    let mut stage = at_end();
    stage.press(Action::Top);
    let first = 1_000_000;
    stage.press(Action::Refresh);
    stage.bring(FeedBatch {
        rows: orders(first..first + 24),
        began: began(first + 24),
        at_end: true,
        ..FeedBatch::default()
    });
    stage.press(Action::Top);
    stage.arrive(orders(first + 24..first + 36));
    let mut oldest = first;
    while stage.messages().reading().hold != Hold::Behind {
        oldest -= 200;
        bring_older(&mut stage, orders(oldest..oldest + 200));
        stage.press(Action::Top);
    }
    let let_go = (first + 36 - oldest) as usize - stage.messages().rows().kept();
    assert!(let_go > 12, "{let_go}: also old ones were let go");
    // Three more in every partition than were ever read.
    let end = |partition: i32| PartitionOffsets {
        partition: PartitionId(partition),
        log_start: Some(Offset(0)),
        end: Some(Offset(
            (first..first + 36)
                .rfind(|offset| offset % 12 == i64::from(partition))
                .unwrap()
                + 4,
        )),
    };
    let offsets = HashMap::from([("orders.events".into(), (0..12).map(end).collect::<Vec<_>>())]);
    stage.answer(SlotId::Offsets, Answer::Offsets(offsets));
    assert!(
        stage.text().contains("paused · ≈48 new"),
        "twelve and thirty-six: {}",
        stage.text()
    );
}

#[test]
fn a_range_ends_and_says_so() {
    let mut stage = at_end();
    stage.press(Action::Seek);
    stage.type_line("offset 7 to offset 9 p 0,3-4 uncommitted");
    let (_, spec) = stage.feed();
    assert_eq!(
        (spec.until.clone(), spec.isolation),
        (Until::Offset(Offset(9)), Isolation::ReadUncommitted)
    );
    assert_eq!(stage.reads().partitions, [0, 3, 4].map(PartitionId));
    stage.bring(FeedBatch {
        rows: vec![order(0, 7), order(3, 8)],
        at_end: true,
        ..FeedBatch::default()
    });
    stage.end_feed(None);
    let line = stage.line("from offset 7");
    assert!(
        line.contains("3 of 12 partitions   from offset 7 to 9, uncommitted   end of range"),
        "{line}"
    );
    stage.press(Action::Bottom);
    assert_eq!(stage.cursor(), 8);
    assert_eq!(
        stage.reads().start,
        Start::Offset(Offset(7)),
        "the end of a range is its last row"
    );
}

#[test]
fn a_seek_and_an_export_take_the_records_that_are_shown() {
    let mut stage = at_end();
    stage.press(Action::ToggleControl);
    stage.press(Action::Export);
    assert!(
        stage.text().contains("range         newest 50 uncommitted"),
        "{}",
        stage.text()
    );
    stage.press(Action::Discard);
    stage.press(Action::Seek);
    stage.type_line("begin");
    assert_eq!(stage.feed().1.isolation, Isolation::ReadUncommitted);
    assert!(stage.messages().rows().which() != Shown::Committed);
}

#[test]
fn what_is_typed_is_said_in_full_before_it_is_read() {
    let mut stage = at_end();
    stage.press(Action::Seek);
    assert!(stage.text().contains("10:00 to 10:15"), "examples: {}", stage.text());
    for letter in "-15m to 11:40".chars() {
        stage.tell(Event::Typed(letter));
    }
    let said = "from 2026-11-18 11:25:59+00:00 · to 2026-11-18 11:40+00:00";
    assert!(stage.text().contains(said), "{}", stage.text());
    for letter in " tomorow".chars() {
        stage.tell(Event::Typed(letter));
    }
    assert!(stage.text().contains("cannot read until"), "{}", stage.text());
}

#[test]
fn several_topics_are_named_by_a_pattern_and_every_row_by_its_topic() {
    let mut stage = at_end();
    stage.press(Action::Palette);
    stage.type_line("messages orders.* begin to end");
    let (_, spec) = stage.feed();
    let names: Vec<_> = spec.topics.iter().map(|part| part.topic.to_string()).collect();
    assert!(
        names.len() > 1 && names.iter().all(|name| name.starts_with("orders.")),
        "{names:?}"
    );
    assert_eq!((&spec.topics[0].start, spec.until), (&Start::Begin, Until::End));
    stage.bring(FeedBatch {
        rows: vec![order(0, 7), order(0, 9), order(3, 8)],
        topics: vec![0, 1, 0],
        at_end: true,
        ..FeedBatch::default()
    });
    assert!(stage.line("TOPIC").contains("TIME"), "{}", stage.text());
    assert!(stage.line("order-9").contains(&names[1][..12]), "{}", stage.text());
    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    assert!(stage.text().contains(&format!("{}/0@9", names[1])), "{}", stage.text());
}

#[test]
fn a_name_that_fits_nothing_is_said() {
    let mut stage = at_end();
    let before = stage.feed();
    for (line, complaint) in [
        ("messages nothing.*", "no topic nothing.*"),
        (
            "messages orders.events begin p x",
            "x is no partition: write them as 0,3-5",
        ),
        (
            "messages orders.* 0@5",
            "offsets of partitions are those of one topic: in ONE",
        ),
    ] {
        stage.press(Action::Palette);
        stage.type_line(line);
        assert!(stage.text().contains(complaint), "{line}: {}", stage.text());
        stage.press(Action::Discard);
    }
    assert_eq!(stage.feed(), before);
}
