//! The record screen: folding, looking for text, choosing how a topic's records are shown.

use insta::assert_snapshot;
use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::memory::Memo;
use ktui::decode::{Format, Part};
use ktui::kafka::model::Row;
use ktui::ui::theme::{ColorDepth, Role, Theme};

use crate::messages_data::{opened, record};
use crate::stage::Stage;

const ORDER: &[u8] = br#"{"id":7,"items":[{"sku":"A-1","qty":2},{"sku":"B-2","qty":1}],"note":"sku later"}"#;

/// Two records; the newer one is open.
fn open(value: &[u8], width: u16, height: u16) -> Stage {
    let mut stage = opened(width, height);
    let rows = [
        record(0, 1, Some(b"older"), Some(ORDER)),
        record(0, 2, Some(b"newer"), Some(value)),
    ];
    stage.arrive(rows.into_iter().map(Row::Record).collect());
    stage.press(Action::Bottom);
    stage.press(Action::Open);
    stage
}

fn remembered(stage: &Stage) -> Vec<&Memo> {
    let memos = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Remember(memo) => Some(memo),
        _ => None,
    });
    memos.collect()
}

#[test]
fn objects_and_arrays_fold_under_the_cursor_and_all_at_once() {
    let mut stage = open(ORDER, 80, 24);
    stage.press(Action::CursorDown);
    stage.press(Action::CursorDown);
    let open = stage.text();
    stage.press(Action::Open);
    let folded = stage.text();
    stage.press(Action::FoldAll);
    assert_eq!(stage.text(), open, "everything is open again, the cursor where it was");
    stage.press(Action::FoldAll);
    assert_eq!(stage.text(), folded);
    assert_snapshot!(format!("{open}\n\n{folded}"));
}

#[test]
fn another_width_keeps_folds_and_cursor() {
    let mut stage = open(ORDER, 80, 24);
    stage.press(Action::CursorDown);
    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    stage.press(Action::CursorDown);
    let folded = stage.line("items");
    assert!(stage.line("▸   ").contains("note"), "{}", stage.text());
    for change in [
        ktui::layout::Size { width: 40, height: 24 },
        ktui::layout::Size { width: 80, height: 24 },
    ] {
        stage.resize(change);
        assert_eq!(stage.line("items"), folded);
        assert!(stage.line("▸   ").contains("note"), "{}", stage.text());
    }
    stage.press(Action::ToggleWrap);
    assert_eq!(stage.line("items"), folded);
}

#[test]
fn a_search_marks_counts_and_walks_its_places() {
    let mut stage = open(ORDER, 80, 24);
    stage.press(Action::Filter);
    stage.type_line("sku");
    stage.press(Action::Accept);
    assert!(stage.line("value").contains("3 matches"), "{}", stage.text());
    assert!(stage.line("▸   ").contains("A-1"), "{}", stage.text());
    let found = Theme::find("dark", None, ColorDepth::True).unwrap().style(Role::Match);
    let buffer = stage.buffer();
    let marked = |y: u16| (0..80).filter(|x| buffer[(*x, y)].style().bg == found.bg).count();
    let cursor = (0..24).find(|y| (0..80).any(|x| buffer[(x, *y)].symbol() == "▸") && marked(*y) == 3);
    assert!(
        cursor.is_some(),
        "what was found is marked under the cursor too: {}",
        stage.text()
    );
    stage.press(Action::NextPlace);
    assert!(stage.line("▸   ").contains("B-2"));
    stage.press(Action::NextPlace);
    assert!(stage.line("▸   ").contains("sku later"));
    stage.press(Action::NextPlace);
    assert!(stage.line("▸   ").contains("A-1"), "round the end");
    stage.press(Action::PreviousPlace);
    assert!(stage.line("▸   ").contains("sku later"));
    assert!(
        stage.line("J next").contains("n next place   J next   ") && stage.line("J next").contains("/ search"),
        "{}",
        stage.text()
    );
    assert_snapshot!(stage.text());
}

#[test]
fn what_is_not_found_is_said_and_esc_ends_the_search_before_it_leaves() {
    let mut stage = open(ORDER, 80, 24);
    stage.press(Action::Filter);
    stage.type_line("absent");
    stage.press(Action::Accept);
    assert!(
        stage.line("value").contains("\"absent\" is not in here"),
        "{}",
        stage.text()
    );
    assert!(!stage.text().contains("n next place"), "there is none");
    stage.press(Action::Back);
    assert!(!stage.line("value").contains("absent"), "{}", stage.text());
    assert!(stage.text().contains("newer"), "the record is still open");
}

#[test]
fn places_are_counted_in_what_is_shown() {
    let mut stage = open(ORDER, 80, 24);
    stage.press(Action::Filter);
    stage.type_line("sku");
    stage.press(Action::Accept);
    assert!(stage.line("▸value").contains("3 matches"), "{}", stage.text());
    stage.press(Action::NextSection);
    assert!(
        stage.line("▸key").contains("\"sku\" is not in here"),
        "the value's are not the key's: {}",
        stage.text()
    );
    stage.press(Action::NextSection);
    stage.press(Action::NextSection);
    stage.press(Action::NextSection);
    assert!(stage.line("▸value").contains("3 matches"), "{}", stage.text());
    stage.press(Action::PickView);
    let listed = (0..20).find(|_| {
        stage.press(Action::CursorDown);
        stage.line("▸ ").contains("▸   base64")
    });
    assert!(listed.is_some(), "{}", stage.text());
    stage.press(Action::Choose);
    assert!(
        stage.line("▸value").contains("\"sku\" is not in here"),
        "{}",
        stage.text()
    );
}

#[test]
fn n_walks_the_records_while_nothing_is_looked_for() {
    let mut stage = open(b"\"newest\"", 80, 24);
    stage.press(Action::PreviousPlace);
    assert!(stage.text().contains("older"), "{}", stage.text());
    stage.press(Action::NextPlace);
    assert!(stage.text().contains("newest"));
}

#[test]
fn a_view_is_kept_for_the_topic_and_remembered() {
    let mut stage = open(b"\x00\x00\x00\x2a", 80, 24);
    assert!(
        stage
            .text()
            .contains("integer (auto: looks like a small integer, big-endian)"),
        "{}",
        stage.text()
    );
    for _ in 0..3 {
        stage.press(Action::NextView);
    }
    assert!(stage.line("value").contains("hex (chosen)"), "{}", stage.text());
    stage.press(Action::PreviousRecord);
    assert!(stage.line("value").contains("hex (chosen)"), "of the next record too");
    stage.press(Action::NextRecord);
    stage.press(Action::NextView);
    let list = stage.text();
    stage.press(Action::CursorDown);
    stage.press(Action::Choose);
    assert!(stage.line("value").contains("integer (chosen)"), "{}", stage.text());
    let integer = Memo::Decoder("orders.events".into(), Part::Value, Format::Integer);
    assert_eq!(remembered(&stage).pop(), Some(&integer));
    assert_snapshot!(list);
}

#[test]
fn the_list_of_views_fits_a_narrow_and_a_low_screen() {
    for (width, height) in [(60, 16), (40, 8)] {
        let mut stage = open(ORDER, width, height);
        stage.press(Action::PickView);
        stage.press(Action::Bottom);
        assert!(stage.text().contains("▸"), "{}", stage.text());
        assert!(stage.text().contains("__transaction_state"), "{}", stage.text());
    }
}
