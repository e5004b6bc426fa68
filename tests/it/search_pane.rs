//! The search of the messages screen as a machine and as a picture: typed, under way, stopped, resumed, ended, left.

use std::time::Duration;

use insta::assert_snapshot;
use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::memory::Memory;
use ktui::app::pane::messages::Stance;
use ktui::app::pane::messages::search::{MOST, Phase};
use ktui::app::slot::Ticket;
use ktui::kafka::model::{Isolation, Offset, PartitionId, Row, TopicPartition};
use ktui::kafka::partial::Failure;
use ktui::kafka::query::{Began, FeedBatch, Progress, SearchBatch, SearchSpec};
use ktui::position::{Start, Until};

use crate::messages_data::{opened, order, orders, record};
use crate::stage::{Stage, timeout};

/// The newest search that was started.
fn started(stage: &Stage) -> (Ticket, SearchSpec) {
    let found = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::OpenSearch { ticket, spec } => Some((*ticket, (**spec).clone())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no search was started: {:?}", stage.effects))
}

fn type_text(stage: &mut Stage, text: &str) {
    stage.press(Action::Filter);
    stage.press(Action::DeleteLine);
    text.chars().for_each(|c| stage.tell(Event::Typed(c)));
}

fn search(stage: &mut Stage, line: &str) {
    type_text(stage, line);
    stage.press(Action::Accept);
}

fn progress(passed: u64, matches: u64) -> Progress {
    Progress {
        partitions: 12,
        total: 2_000_000,
        passed,
        records: passed,
        bytes: passed * 189,
        matches,
        at_end: passed == 2_000_000,
        ..Progress::default()
    }
}

fn bring(stage: &mut Stage, rows: Vec<Row>, progress: Progress) {
    assert!(stage.flows(), "the search is held");
    bring_late(stage, rows, progress);
}

/// What the search had handed over before it was held.
fn bring_late(stage: &mut Stage, rows: Vec<Row>, progress: Progress) {
    let (ticket, _) = started(stage);
    let rows = rows.into_iter().map(|row| (0, row)).collect();
    stage.tell(Event::SearchMoved {
        ticket,
        batch: SearchBatch { rows, progress },
    });
}

fn end(stage: &mut Stage) {
    let (ticket, _) = started(stage);
    stage.tell(Event::FeedEnded { ticket, error: None });
}

/// The newest fifty records on screen, and a search for `heidi` under way.
fn searching(width: u16, height: u16) -> Stage {
    let mut stage = opened(width, height);
    stage.arrive(orders(1000..1050));
    search(&mut stage, "heidi");
    stage
}

fn on_screen(stage: &Stage) -> Vec<i64> {
    let rows = stage.messages().rows();
    (0..rows.len()).map(|at| rows.get(at).unwrap().offset().0).collect()
}

#[test]
fn a_large_record_is_not_tried_at_every_key() {
    let mut stage = opened(120, 30);
    let value = format!(r#"{{"customer":"bob","all":"{}"}}"#, "x".repeat(300_000));
    stage.arrive(vec![Row::Record(record(1, 1000, None, Some(value.as_bytes())))]);
    type_text(&mut stage, "record.value.customer == 'bob'");
    let said = "CEL · this record is too large to try while typing";
    assert!(stage.line("/record").contains(said), "{}", stage.text());
    type_text(&mut stage, "bob");
    assert!(
        stage.line("/bob").contains("text · matches this record"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_line_is_checked_and_tried_while_it_is_typed() {
    let mut stage = opened(120, 30);
    stage.arrive(orders(1000..1050));
    assert_eq!(stage.cursor(), 1049, "a record of bob");
    type_text(&mut stage, "bob");
    assert!(
        stage.line("/bob").contains("text · matches this record"),
        "{}",
        stage.text()
    );
    type_text(&mut stage, "/hei[/");
    assert!(
        stage.line("//hei").contains("regex: unclosed character class"),
        "{}",
        stage.text()
    );
    type_text(&mut stage, "record.value.customer == 'heidi'");
    assert!(
        stage.line("/record").contains("CEL · not this record"),
        "{}",
        stage.text()
    );
    type_text(&mut stage, "record.value.custommer == 'bob'");
    assert!(
        stage
            .line("/record")
            .contains("CEL · record.value has no field custommer"),
        "{}",
        stage.text()
    );
    type_text(&mut stage, "record.value.x ==");
    stage.press(Action::Accept);
    assert!(
        stage.line("/record").contains("unexpected end"),
        "an error is not accepted: {}",
        stage.text()
    );
    assert!(
        !stage
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::OpenSearch { .. }))
    );
    stage.press(Action::Discard);
    assert_eq!(stage.messages().rows().len(), 50, "leaving changes nothing");
}

#[test]
fn a_search_reads_the_whole_log_and_shows_only_what_matches_by_time() {
    let mut stage = searching(120, 30);
    let (_, spec) = started(&stage);
    assert_eq!((&spec.topics[0].start, &spec.until), (&Start::Begin, &Until::Follow));
    assert_eq!(spec.isolation, Isolation::ReadCommitted);
    assert!(stage.messages().rows().is_empty());
    bring(&mut stage, vec![order(1, 1013), order(2, 1301)], progress(600_000, 2));
    bring(&mut stage, vec![order(3, 1004), order(1, 1110)], progress(1_200_000, 4));
    assert_eq!(on_screen(&stage), [1004, 1013, 1110, 1301]);
    let stale = Ticket(started(&stage).0.0 - 1);
    stage.tell(Event::SearchMoved {
        ticket: stale,
        batch: SearchBatch::default(),
    });
    assert_eq!(on_screen(&stage).len(), 4);
}

#[test]
fn the_cursor_stays_on_its_record_while_matches_come_before_it() {
    let mut stage = searching(120, 30);
    stage.press(Action::ToggleFollow);
    bring(&mut stage, vec![order(1, 1500)], progress(1, 1));
    assert_eq!(stage.cursor(), 1500);
    bring(&mut stage, vec![order(1, 1400), order(1, 1600)], progress(2, 3));
    assert_eq!((stage.cursor(), on_screen(&stage)), (1500, vec![1400, 1500, 1600]));
    stage.press(Action::NextMatch);
    assert_eq!(stage.cursor(), 1600);
    stage.press(Action::PreviousMatch);
    stage.press(Action::PreviousMatch);
    assert_eq!(stage.cursor(), 1400);
}

#[test]
fn esc_stops_a_search_a_key_resumes_it_and_esc_leaves_it() {
    let mut stage = searching(120, 30);
    bring(&mut stage, vec![order(1, 1010)], progress(1_000_000, 1));
    assert!(stage.line("⏎ open").contains("esc stop search"), "{}", stage.text());
    stage.press(Action::Back);
    assert_eq!(stage.did(&Effect::PauseFeed), 1);
    assert!(
        stage.line("stopped at").contains("stopped at 50 %: R goes on"),
        "{}",
        stage.text()
    );
    assert!(
        stage
            .line("⏎ open")
            .contains("R go on   ⏎ open   / search   esc leave search")
    );
    // What was under way is kept.
    bring_late(&mut stage, vec![order(1, 1020)], progress(1_100_000, 2));
    assert_eq!(on_screen(&stage), [1010, 1020]);
    stage.press(Action::ResumeSearch);
    assert_eq!(stage.did(&Effect::ResumeFeed), 1);
    assert_eq!(stage.messages().search().unwrap().phase, Phase::Running);
    stage.press(Action::Back);
    stage.press(Action::Back);
    assert!(stage.messages().search().is_none());
    assert_eq!(stage.reads().start, Start::Newest(50), "reading goes on as before");
    stage.arrive(orders(1000..1050));
    assert_eq!((on_screen(&stage).len(), stage.cursor()), (50, 1049));
}

/// The newest fifty, the cursor three rows above the last, and what its screen says.
fn looking() -> Stage {
    let mut stage = opened(120, 30);
    stage.bring(FeedBatch {
        rows: orders(1000..1050),
        began: (0..12).map(|partition| began(partition, 1050)).collect(),
        at_end: true,
        ..FeedBatch::default()
    });
    (0..3).for_each(|_| stage.press(Action::CursorUp));
    assert_eq!(stage.cursor(), 1046);
    stage
}

fn began(partition: i32, offset: i64) -> Began {
    Began {
        topic: 0,
        partition: PartitionId(partition),
        offset: Offset(offset),
    }
}

#[test]
fn a_search_that_is_left_shows_the_rows_and_the_place_from_before() {
    let mut stage = looking();
    let before = stage.messages().list();
    search(&mut stage, "heidi");
    bring(&mut stage, vec![order(1, 1010)], progress(2_000_000, 1));
    search(&mut stage, "grace");
    assert!(on_screen(&stage).is_empty(), "another search comes in its place");
    stage.press(Action::Back);
    stage.press(Action::Back);
    assert_eq!((on_screen(&stage).len(), stage.cursor()), (50, 1046));
    assert_eq!(stage.messages().list(), before);
    let Start::PerPartition(places) = stage.reads().start.clone() else {
        panic!("{:?}", stage.reads());
    };
    assert_eq!(
        places[1],
        (PartitionId(1), Offset(1050)),
        "it reads on where the rows end"
    );
    stage.arrive(orders(1050..1053));
    assert_eq!((on_screen(&stage).len(), stage.cursor()), (53, 1046));
    assert!(stage.text().contains("paused · 3 new"), "{}", stage.text());
}

#[test]
fn a_search_that_is_left_after_another_place_was_chosen_reads_from_there() {
    let mut stage = looking();
    search(&mut stage, "heidi");
    stage.press(Action::Seek);
    stage.type_line("begin");
    stage.press(Action::Back);
    stage.press(Action::Back);
    assert_eq!((stage.reads().start, stage.messages().rows().kept()), (Start::Begin, 0));
}

#[test]
fn a_range_that_was_read_whole_is_not_read_again_after_a_search() {
    let mut stage = opened(120, 30);
    stage.press(Action::Seek);
    stage.type_line("begin to end");
    stage.arrive(orders(1000..1050));
    stage.end_feed(None);
    stage.press(Action::Top);
    search(&mut stage, "heidi");
    stage.press(Action::Back);
    let count = |stage: &Stage| {
        let reads = stage.effects.iter();
        reads.filter(|effect| matches!(effect, Effect::OpenFeed { .. })).count()
    };
    let reads = count(&stage);
    stage.press(Action::Back);
    assert_eq!((count(&stage), stage.did(&Effect::CloseFeed)), (reads, 1));
    assert_eq!((on_screen(&stage).len(), stage.cursor()), (50, 1000));
    assert!(
        stage.text().contains("end of 12 partitions   50 loaded"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_search_goes_on_below_a_record_and_behind_another_pane() {
    let mut stage = searching(120, 30);
    bring(&mut stage, vec![order(1, 1010)], progress(500_000, 1));
    stage.press(Action::Open);
    bring(&mut stage, vec![order(1, 1020)], progress(600_000, 2));
    stage.press(Action::NextRecord);
    assert!(stage.text().contains("orders.events/1@1020"), "{}", stage.text());
    stage.press(Action::OpenTopics);
    bring(&mut stage, vec![order(1, 1030)], progress(700_000, 3));
    stage.press(Action::OpenMessages);
    stage.press(Action::Back);
    bring(&mut stage, vec![order(1, 1040)], progress(800_000, 4));
    assert_eq!(on_screen(&stage), [1010, 1020, 1030, 1040]);
}

#[test]
fn as_many_matches_as_may_be_kept_stop_a_search_and_going_on_shows_the_next() {
    let mut stage = searching(120, 30);
    for batch in 0..=(MOST.rows as i64 / 500) {
        bring(&mut stage, orders(batch * 500..(batch + 1) * 500), progress(9000, 9000));
    }
    assert_eq!(stage.did(&Effect::PauseFeed), 1);
    assert_eq!(stage.messages().search().unwrap().phase, Phase::Full);
    assert!(
        stage
            .line("full at")
            .contains("full at 0 %: 5,500 matches shown, 3,500 more found: R shows those instead"),
        "{}",
        stage.text()
    );
    stage.press(Action::ResumeSearch);
    bring(&mut stage, vec![order(1, 9001)], progress(10_000, 9001));
    assert_eq!((on_screen(&stage), stage.did(&Effect::ResumeFeed)), (vec![9001], 1));
    assert!(
        stage
            .line("scanned 10")
            .contains("9,001 matches  5,500 of them no longer shown"),
        "{}",
        stage.text()
    );
}

#[test]
fn following_goes_on_with_new_matches_at_the_bottom() {
    let mut stage = searching(120, 30);
    assert_eq!(stage.messages().stance(), Stance::Following);
    bring(&mut stage, vec![order(1, 1010)], progress(2_000_000, 1));
    assert!(
        stage.line("end of").contains("end of 12 partitions at 11:40:59"),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("following ▶"), "{}", stage.text());
    stage.press(Action::CursorUp);
    bring(&mut stage, orders(1100..1105), progress(2_000_000, 6));
    assert_eq!(stage.cursor(), 1104);
    stage.press(Action::Back);
    assert!(stage.messages().search().is_none(), "nothing is left to stop");
}

#[test]
fn a_search_is_made_again_from_another_place_and_for_other_records() {
    let mut stage = searching(120, 30);
    let (first, _) = started(&stage);
    stage.press(Action::Seek);
    stage.type_line("begin to end");
    let (second, spec) = started(&stage);
    assert_ne!(first, second);
    assert_eq!((&spec.topics[0].start, &spec.until), (&Start::Begin, &Until::End));
    stage.press(Action::ToggleControl);
    assert_eq!(started(&stage).1.isolation, Isolation::ReadUncommitted);
    stage.press(Action::Refresh);
    assert_ne!(started(&stage).0, second);
    bring(&mut stage, Vec::new(), progress(2_000_000, 0));
    end(&mut stage);
    assert!(stage.text().contains("Nothing matches /heidi."), "{}", stage.text());
}

#[test]
fn the_history_brings_lines_back_and_an_empty_line_leaves_the_search() {
    let mut stage = searching(120, 30);
    search(&mut stage, "/gra.e/");
    type_text(&mut stage, "");
    stage.press(Action::Earlier);
    assert_eq!(stage.app.prompt().unwrap().line.text(), "/gra.e/");
    stage.press(Action::Earlier);
    assert_eq!(stage.app.prompt().unwrap().line.text(), "heidi");
    stage.press(Action::Later);
    stage.press(Action::DeleteLine);
    stage.press(Action::Accept);
    assert!(stage.messages().search().is_none());
}

#[test]
fn what_could_not_be_judged_is_shown() {
    let mut stage = searching(120, 30);
    stage.press(Action::SearchTroubles);
    assert!(stage.app.overlay().is_none(), "nothing stood in the way");
    assert!(stage.text().contains("no errors in this search"), "{}", stage.text());
    let example = |offset, why: &str| (TopicPartition::new("orders.events", 3), Offset(offset), why.to_owned());
    let troubled = Progress {
        errors: 1_204,
        error_examples: vec![
            example(17, "record.value has no field customer"),
            example(18, "record.value has no field customer"),
        ],
        unreadable: 1,
        unreadable_examples: vec![example(99, "checksum mismatch")],
        failures: vec![Failure::new("orders.events-4", timeout("Fetch"))],
        ..progress(1_000_000, 0)
    };
    bring(&mut stage, Vec::new(), troubled);
    assert!(
        stage
            .line("scanned")
            .contains("0 matches  1 partition not readable  1 damaged batch  1,204 errors"),
        "{}",
        stage.text()
    );
    stage.press(Action::SearchTroubles);
    assert_snapshot!(stage.text());
    stage.press(Action::Back);
    assert!(stage.app.overlay().is_none() && stage.messages().search().is_some());
}

#[test]
fn a_search_that_could_not_read_all_never_looks_complete() {
    let failure = || Failure::new("orders.events-4", timeout("Fetch"));
    for (width, words) in [
        (80, "incomplete: E says why"),
        (
            140,
            "1 partition not readable  70 lost to retention  2 damaged batches  3 errors",
        ),
    ] {
        let mut stage = searching(width, 24);
        let troubled = Progress {
            failures: vec![failure()],
            lost: 70,
            unreadable: 2,
            errors: 3,
            passed: 1_900_000,
            at_end: true,
            ..progress(2_000_000, 0)
        };
        bring(&mut stage, Vec::new(), troubled);
        let line = stage.line("end of what");
        assert!(
            line.contains("end of what can be read at 11:40:59  0 matches  "),
            "{line}"
        );
        assert!(line.contains(words), "{line}");
        end(&mut stage);
        assert!(stage.text().contains("searched in part"), "{}", stage.text());
        assert!(
            stage
                .text()
                .contains("Nothing matches /heidi in what can be read: E says what cannot.")
        );
    }
}

#[test]
fn a_search_that_found_as_many_as_asked_for_does_not_say_it_read_all() {
    let mut stage = opened(80, 24);
    stage.press(Action::Seek);
    stage.type_line("begin to +2");
    search(&mut stage, "heidi");
    bring(&mut stage, orders(1000..1002), progress(600_000, 2));
    end(&mut stage);
    let line = stage.line("found as");
    assert!(
        line.contains("found as many as asked for, 30 % scanned  2 matches"),
        "{line}"
    );
}

#[test]
fn a_search_that_fails_says_why_and_searches_again() {
    let mut stage = searching(100, 14);
    let (ticket, _) = started(&stage);
    stage.tell(Event::FeedEnded {
        ticket,
        error: Some(timeout("Metadata")),
    });
    let nothing = stage.text();
    stage.press(Action::Refresh);
    bring(&mut stage, vec![order(1, 1010)], progress(1_000, 1));
    let (ticket, _) = started(&stage);
    stage.tell(Event::FeedEnded {
        ticket,
        error: Some(timeout("Fetch")),
    });
    assert_snapshot!(format!("{nothing}\n\n{}", stage.text()));
}

#[test]
fn a_search_under_way_and_at_its_end() {
    let mut stage = searching(80, 14);
    stage.press(Action::ToggleFollow);
    let first = stage.text();
    stage.now += Duration::from_millis(125);
    bring(
        &mut stage,
        vec![order(1, 1013), order(2, 1301), order(7, 1402)],
        progress(1_200_000, 97),
    );
    stage.now += Duration::from_millis(125);
    let under_way = stage.text();
    bring(&mut stage, Vec::new(), progress(2_000_000, 97));
    assert_snapshot!([first, under_way, stage.text()].join("\n\n"));
}

#[test]
fn a_search_at_120_columns_and_narrow() {
    let mut stage = searching(120, 40);
    bring(&mut stage, orders(1000..1030), progress(2_000_000, 30));
    let wide = stage.text();
    stage.resize(ktui::layout::Size { width: 60, height: 16 });
    assert_snapshot!(format!("{wide}\n\n{}", stage.text()));
}

#[test]
fn a_hostile_line_and_hostile_errors_do_not_reach_the_terminal() {
    let mut stage = opened(100, 14);
    stage.arrive(vec![Row::Record(record(1, 5, None, Some(b"{\"a\":\"\x1b[2J\"}")))]);
    stage.press(Action::Filter);
    stage.tell(Event::Pasted("record.value.a + 1 == '\u{202e}\u{1b}'".to_owned()));
    assert!(!stage.text().contains(['\u{1b}', '\u{202e}']), "{}", stage.text());
    stage.press(Action::Accept);
    assert!(!stage.text().contains(['\u{1b}', '\u{202e}']), "{}", stage.text());
}

#[test]
fn a_search_is_saved_under_a_name_used_and_forgotten() {
    let mut stage = opened(120, 30);
    let command = |stage: &mut Stage, line: &str| {
        stage.press(Action::Palette);
        stage.type_line(line);
        let complaint = stage.app.prompt().and_then(|prompt| prompt.complaint.clone());
        stage.press(Action::Discard);
        complaint
    };
    assert!(
        command(&mut stage, "filter save mine")
            .unwrap()
            .contains("search first")
    );
    assert_eq!(command(&mut stage, "filter mine").unwrap(), "no filter mine: ");
    search(&mut stage, "record.value.customer == 'heidi'");
    assert_eq!(command(&mut stage, "filter save mine"), None);
    // What the file of the next session holds then.
    let remembered = |stage: &Stage| {
        let mut memory = Memory::default();
        for effect in &stage.effects {
            if let Effect::Remember(memo) = effect {
                memory.take(memo.clone());
            }
        }
        memory
    };
    let searches = remembered(&stage).searches().clone();
    assert_eq!(searches.named("mine"), Some("record.value.customer == 'heidi'"));
    assert_eq!(searches.history(), ["record.value.customer == 'heidi'"]);
    search(&mut stage, "grace");
    assert_eq!(command(&mut stage, "filter mine"), None);
    assert_eq!(started(&stage).1.filter.source(), "record.value.customer == 'heidi'");
    assert_eq!(command(&mut stage, "filter forget mine"), None);
    assert_eq!(remembered(&stage).searches().names().count(), 0);
    stage.press(Action::OpenTopics);
    search(&mut stage, "x");
    assert!(
        command(&mut stage, "filter save y").is_some(),
        "topics are filtered, not searched"
    );
}

#[test]
fn the_verdict_keeps_its_room_beside_a_long_line() {
    let mut stage = opened(80, 24);
    stage.arrive(orders(1000..1050));
    type_text(
        &mut stage,
        "record.value.customer == 'heidi' && record.value.amount > 470 || false",
    );
    let line = stage.line("470 || false");
    assert!(line.ends_with("CEL · not this record"), "{line}");
}
