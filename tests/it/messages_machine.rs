//! The messages screen as a machine: late, failed and missing answers, bounds, pause and resume, seeking, stepping.

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::pane::messages::Stance;
use ktui::app::pane::messages::reading::{Hold, Phase};
use ktui::app::pane::messages::rows::{FOLLOWING, LOOKING};
use ktui::kafka::error::Error;
use ktui::kafka::model::{ControlType, Offset, PartitionId, RecordKind, Row, TopicName};
use ktui::kafka::query::FeedBatch;
use ktui::position::Start;

use crate::messages_data::{NOON, opened, order, orders, record};
use crate::stage::{Stage, timeout};

fn gone() -> Error {
    timeout("Fetch")
}

fn at_end(rows: i64) -> Stage {
    let mut stage = opened(120, 40);
    stage.arrive(orders(1000..1000 + rows));
    stage
}

#[test]
fn opening_a_topic_reads_the_newest_fifty_and_follows() {
    let stage = opened(120, 40);
    let spec = stage.reads();
    assert_eq!(spec.topic, TopicName::from("orders.events"));
    assert_eq!(spec.start, Start::Newest(50));
    assert!(stage.feed().1.follows());
    assert!(spec.partitions.is_empty());
}

#[test]
fn without_a_topic_no_feed_is_opened() {
    let stage = Stage::with(ktui::app::nav::PaneId::Messages, 80, 24, crate::stage::overview());
    let has_feed = stage
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::OpenFeed { .. }));
    assert!(!has_feed);
    assert!(stage.text().contains("No topic was chosen yet."));
}

#[test]
fn the_cursor_stays_at_the_newest_record_until_it_is_moved_up() {
    let mut stage = at_end(50);
    assert_eq!(stage.cursor(), 1049);
    stage.arrive(orders(1050..1060));
    assert_eq!(stage.cursor(), 1059);
    stage.press(Action::CursorUp);
    stage.arrive(orders(1060..1070));
    assert_eq!(stage.cursor(), 1058);
    assert!(stage.line("paused").contains("paused · 10 new"), "{}", stage.text());
    stage.press(Action::Bottom);
    assert_eq!((stage.cursor(), stage.messages().stance()), (1069, Stance::Following));
    stage.arrive(orders(1070..1071));
    assert_eq!(stage.cursor(), 1070);
}

#[test]
fn reaching_the_bottom_row_by_row_follows_again() {
    let mut stage = at_end(50);
    stage.press(Action::CursorUp);
    stage.press(Action::CursorDown);
    assert_eq!(stage.messages().stance(), Stance::Following);
    stage.press(Action::ToggleFollow);
    assert_ne!(stage.messages().stance(), Stance::Following);
}

#[test]
fn what_is_kept_is_bounded_and_what_left_is_counted() {
    let mut stage = at_end(50);
    let most = FOLLOWING.rows as i64;
    for start in (2000..2000 + 2 * most).step_by(500) {
        stage.arrive(orders(start..start + 500));
    }
    let rows = stage.messages().rows();
    assert_eq!(rows.kept(), FOLLOWING.rows);
    assert_eq!(rows.dropped(), 50 + most as u64);
    assert_eq!(stage.cursor(), 1999 + 2 * most);
    assert!(
        stage.text().contains("4,050 before them were let go"),
        "{}",
        stage.text()
    );
    assert_eq!(stage.did(&Effect::PauseFeed), 0);
}

#[test]
fn a_pause_holds_the_feed_before_it_drops_what_the_user_looks_at() {
    let mut stage = at_end(50);
    stage.press(Action::Top);
    let mut next = 2000;
    while stage.did(&Effect::PauseFeed) == 0 {
        stage.arrive(orders(next..next + 500));
        next += 500;
        assert!(next < 20_000, "the feed was never held");
    }
    let rows = stage.messages().rows();
    assert!(rows.kept() > LOOKING.rows && rows.kept() <= LOOKING.rows + 500);
    assert_eq!((stage.cursor(), rows.dropped()), (1000, 0));
    assert!(
        stage.line("paused").contains("more wait at the brokers"),
        "{}",
        stage.text()
    );
    // Batches that were under way are kept, but not without bound.
    for _ in 0..40 {
        stage.bring_late(FeedBatch {
            rows: orders(next..next + 500),
            at_end: true,
            ..FeedBatch::default()
        });
        next += 500;
    }
    assert_eq!(stage.cursor(), 1000);
    assert!(stage.messages().rows().kept() <= LOOKING.rows + 4_000);
}

#[test]
fn resuming_after_a_held_pause_starts_over_at_the_newest() {
    let mut stage = at_end(50);
    stage.press(Action::Top);
    (0..12).for_each(|batch| stage.arrive(orders(2000 + batch * 500..2500 + batch * 500)));
    assert!(!stage.flows());
    let (before, _) = stage.feed();
    stage.press(Action::Bottom);
    let (after, _) = stage.feed();
    assert_ne!(before, after);
    assert_eq!(stage.reads().start, Start::Newest(50));
    // The rows stay until the first of the new ones are there; those of the old feed come too late.
    assert!(stage.messages().rows().kept() > 1000);
    stage.tell(Event::RecordsArrived {
        ticket: before,
        batch: FeedBatch {
            rows: orders(1..3),
            at_end: true,
            ..FeedBatch::default()
        },
    });
    assert!(stage.messages().rows().kept() > 1000);
    stage.arrive(orders(90_000..90_050));
    assert_eq!((stage.messages().rows().kept(), stage.cursor()), (50, 90_049));
}

#[test]
fn reading_from_the_beginning_is_held_and_goes_on_as_the_user_scrolls() {
    let mut stage = at_end(50);
    stage.press(Action::Seek);
    stage.type_line("begin");
    assert_eq!(stage.reads().start, Start::Begin);
    let bring = |stage: &mut Stage, from: i64| {
        stage.bring(FeedBatch {
            rows: orders(from..from + 500),
            at_end: false,
            ..FeedBatch::default()
        });
    };
    (0..13).for_each(|batch| bring(&mut stage, batch * 500));
    assert_eq!(stage.cursor(), 0, "the cursor stays at the first record");
    assert_eq!(stage.messages().reading().hold, Hold::Full);
    assert!(stage.line("12 partitions").contains("more to come: scroll on"));
    let resumed = stage.did(&Effect::ResumeFeed);
    let mut steps = 0;
    while stage.did(&Effect::ResumeFeed) == resumed {
        stage.press(Action::PageDown);
        steps += 1;
        assert!(steps < 1000, "the feed never went on");
    }
    assert!(
        stage.cursor() > 6_000,
        "near the end of what was loaded: {}",
        stage.cursor()
    );
    let before = stage.cursor();
    bring(&mut stage, 6_500);
    assert_eq!(
        stage.cursor(),
        before,
        "rows left at the front, the cursor stays on its record"
    );
    assert!(stage.messages().rows().dropped() > 4_000);
}

#[test]
fn a_seek_says_what_is_wrong_and_keeps_what_is_there() {
    let mut stage = at_end(50);
    let opened = stage.feed();
    stage.press(Action::Seek);
    stage.type_line("offset twelve");
    assert!(
        stage.text().contains("an offset is a whole number: offset 1234"),
        "{}",
        stage.text()
    );
    assert_eq!(stage.feed(), opened);
    stage.press(Action::DeleteLine);
    stage.type_line("-15m");
    let start = Start::Time(NOON + 60_000 - 15 * 60_000);
    assert_eq!(stage.reads().start, start);
}

#[test]
fn a_place_reads_one_partition_and_the_next_seek_all_again() {
    let mut stage = at_end(50);
    stage.press(Action::Seek);
    stage.type_line("7@166,666");
    let spec = stage.reads();
    assert_eq!(
        (spec.partitions, spec.start),
        (
            vec![PartitionId(7)],
            Start::PerPartition(vec![(PartitionId(7), Offset(166_666))])
        )
    );
    stage.arrive(vec![order(7, 166_666)]);
    assert!(
        stage
            .line("partition 7")
            .contains("partition 7 of 12   from offset 166,666   end of partition 7"),
        "{}",
        stage.text()
    );
    stage.press(Action::Seek);
    stage.type_line("newest 10");
    let spec = stage.reads();
    assert_eq!((spec.partitions, spec.start), (vec![], Start::Newest(10)));
}

#[test]
fn a_failed_feed_is_read_again_by_itself_while_following() {
    let mut stage = at_end(50);
    let (first, _) = stage.feed();
    stage.end_feed(Some(gone()));
    assert!(
        stage
            .text()
            .contains("no answer within 10 s from broker 2 (kafka-2:9092)   (r reads again now)"),
        "{}",
        stage.text()
    );
    assert_eq!(stage.messages().rows().kept(), 50, "no pane empties");
    stage.pass(1);
    let (second, _) = stage.feed();
    assert_ne!(first, second);
    stage.end_feed(Some(gone()));
    stage.pass(1);
    assert_eq!(stage.feed().0, second, "the second time it waits longer");
    stage.pass(1);
    assert_ne!(stage.feed().0, second);
    stage.arrive(orders(5000..5050));
    assert_eq!((stage.cursor(), stage.messages().rows().kept()), (5049, 50));
}

#[test]
fn a_failed_feed_does_not_replace_what_the_user_looks_at() {
    let mut stage = at_end(50);
    stage.press(Action::CursorUp);
    let (first, _) = stage.feed();
    stage.end_feed(Some(gone()));
    stage.pass(60);
    assert_eq!(stage.feed().0, first);
    assert!(stage.text().contains("r reads again"), "{}", stage.text());
    stage.press(Action::Refresh);
    assert_ne!(stage.feed().0, first);
}

#[test]
fn failures_of_partitions_are_shown_and_the_others_go_on() {
    let mut stage = opened(120, 40);
    let failure = |what: &str| ktui::kafka::partial::Failure::new(what, gone());
    stage.bring(FeedBatch {
        rows: orders(1000..1050),
        at_end: true,
        failures: vec![failure("orders.events-3"), failure("orders.events-4")],
        ..FeedBatch::default()
    });
    let line = stage.line("not read");
    assert!(
        line.contains("orders.events-3: no answer within 10 s") && line.contains("(+1 more)"),
        "{line}"
    );
    stage.arrive(orders(1050..1060));
    assert!(!stage.text().contains("not read"), "it recovered");
}

#[test]
fn another_screen_holds_the_feed_and_coming_back_resumes_it() {
    let mut stage = at_end(50);
    stage.press(Action::OpenTopics);
    assert_eq!(stage.did(&Effect::PauseFeed), 1);
    stage.press(Action::OpenMessages);
    assert_eq!(stage.did(&Effect::ResumeFeed), 1);
    assert_eq!(stage.messages().rows().kept(), 50);
    let (before, _) = stage.feed();
    stage.press(Action::OpenTopics);
    stage.now += std::time::Duration::from_secs(3600);
    stage.press(Action::OpenMessages);
    assert_ne!(stage.feed().0, before, "after an hour it starts over at the newest");
    assert_eq!(stage.messages().rows().kept(), 50, "and shows the old ones until then");
}

#[test]
fn an_opened_record_walks_along_records_that_keep_coming() {
    let mut stage = at_end(50);
    stage.press(Action::Open);
    assert!(stage.text().contains("orders.events/5@1049"), "{}", stage.text());
    assert_eq!(stage.did(&Effect::PauseFeed), 0, "records keep coming below it");
    stage.press(Action::NextRecord);
    assert!(
        stage.text().contains("orders.events/5@1049"),
        "there is no next one yet"
    );
    stage.arrive(orders(1050..1052));
    stage.press(Action::NextRecord);
    assert!(stage.text().contains("orders.events/6@1050"));
    stage.press(Action::PreviousRecord);
    stage.press(Action::PreviousRecord);
    assert!(stage.text().contains("orders.events/4@1048"));
    stage.press(Action::Back);
    assert_eq!(stage.cursor(), 1048, "the cursor is where the walk ended");
    assert!(stage.line("paused").contains("2 new"));
}

#[test]
fn another_pane_holds_the_feed_of_an_opened_record_too() {
    let mut stage = at_end(50);
    stage.press(Action::Open);
    stage.press(Action::OpenTopics);
    assert!(!stage.flows());
    stage.press(Action::OpenMessages);
    assert!(stage.text().contains("orders.events/5@1049"), "{}", stage.text());
    stage.arrive(orders(1050..1052));
    stage.press(Action::NextRecord);
    assert!(stage.text().contains("orders.events/6@1050"), "{}", stage.text());
}

#[test]
fn hidden_records_are_counted_in_words_and_shown_when_asked() {
    let mut stage = opened(120, 40);
    let mut rows = orders(1000..1003);
    let of_kind = |offset, kind| {
        let mut record = record(0, offset, Some(b"k"), Some(b"v"));
        record.kind = kind;
        Row::Record(record)
    };
    rows.push(of_kind(1003, RecordKind::Aborted));
    rows.push(of_kind(1004, RecordKind::Control(ControlType::Abort)));
    stage.arrive(rows);
    assert_eq!(stage.cursor(), 1002);
    assert!(
        stage.text().contains("hidden: 1 control, 1 aborted   (c shows them)"),
        "{}",
        stage.text()
    );
    stage.press(Action::ToggleControl);
    assert_eq!(stage.cursor(), 1004);
    assert!(stage.line("1,004").contains("marker: transaction aborted"));
    assert!(stage.line("1,003").contains("[aborted] v"));
}

#[test]
fn a_feed_that_brings_nothing_leaves_the_first_face_and_a_late_one_is_refused() {
    let mut stage = opened(80, 24);
    assert!(
        stage
            .text()
            .contains("Reading the newest 50 records of orders.events …")
    );
    stage.pass(3);
    assert!(stage.text().contains("orders.events … 3 s"), "{}", stage.text());
    let (old, _) = stage.feed();
    stage.press(Action::Refresh);
    stage.tell(Event::FeedEnded {
        ticket: old,
        error: Some(gone()),
    });
    assert!(matches!(stage.messages().reading().phase, Phase::Opening { .. }));
    stage.arrive(Vec::new());
    assert!(stage.text().contains("No record in 12 partitions."), "{}", stage.text());
}

#[test]
fn a_quiet_topic_has_no_deadline_of_its_own() {
    let mut stage = at_end(50);
    stage.pass(1);
    stage.arrive(orders(1050..1060));
    stage.pass(6);
    assert!(stage.line("following").contains("following ▶ 0/s"), "{}", stage.text());
    let pane = stage.app.nav().top().pane();
    assert_eq!(pane.next_deadline(stage.app.view(stage.now)), None);
}

#[test]
fn values_are_copied_as_they_are() {
    let mut stage = at_end(1);
    stage.arrive(vec![Row::Record(record(3, 1001, None, Some(b"a\x00\xff")))]);
    stage.press(Action::Copy);
    assert!(
        stage.line("copied as base64").contains("0x61 00 ff"),
        "{}",
        stage.text()
    );
    stage.press(Action::Choose);
    let copied = Effect::CopyToClipboard {
        what: "value of 3@1001 as base64 (binary)".to_owned(),
        text: "YQD/".to_owned(),
    };
    assert_eq!(stage.did(&copied), 1, "{:?}", stage.effects.last());
}
