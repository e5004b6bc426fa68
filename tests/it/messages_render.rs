//! The faces of the messages screen and of the record screen, as text; roles that carry meaning are asserted beside it.

use insta::assert_snapshot;
use ktui::app::action::Action;
use ktui::kafka::error::Error;
use ktui::kafka::model::{
    ControlType, Damage, Offset, PartitionId, RecordKind, Row, Timestamp, TimestampType, TopicName, Unreadable,
};
use ktui::kafka::partial::Failure;
use ktui::kafka::query::FeedBatch;
use ktui::ui::theme::{ColorDepth, Role, Theme};
use proptest::prelude::*;
use ratatui::style::Style;

use crate::messages_data::{NOON, header, opened, order, orders, record};
use crate::stage::{Stage, timeout};

fn ready(width: u16, height: u16) -> Stage {
    let mut stage = opened(width, height);
    stage.arrive(orders(166_600..166_650));
    stage.pass(1);
    stage
}

/// Every kind of row that can be met.
fn odd_rows() -> Vec<Row> {
    let of_kind = |offset, kind| {
        let mut record = record(1, offset, Some(b"order-1"), Some(b"{\"total\":1.10}"));
        record.kind = kind;
        Row::Record(record)
    };
    let mut old = record(2, 12, Some(b"of another day"), Some(b"12345678901234567890123"));
    old.timestamp = Timestamp(NOON - 30 * 86_400_000);
    let mut timeless = record(2, 13, Some(b"without a time"), Some(b"format v0"));
    timeless.timestamp = Timestamp::NONE;
    let damage = Damage::Checksum {
        stored: 0xdead_beef,
        computed: 0x0000_0001,
    };
    vec![
        Row::Record(old),
        Row::Record(timeless),
        Row::Record(record(0, 1, None, Some(b"null key"))),
        Row::Record(record(0, 2, Some(b""), Some(b"empty key"))),
        Row::Record(record(0, 3, Some(b"tombstone"), None)),
        Row::Record(record(0, 4, Some(b"empty value"), Some(b""))),
        Row::Record(record(0, 5, Some(b"\x00\x01\x80"), Some(b"\x00\x01\x80\xff\x61"))),
        Row::Record(record(
            0,
            6,
            Some(b"escape"),
            Some(b"\x1b[31mred\x1b]0;title\x07 \xe2\x80\xaeevil\r\nline"),
        )),
        of_kind(7, RecordKind::Aborted),
        of_kind(8, RecordKind::OpenTransaction),
        of_kind(9, RecordKind::Control(ControlType::Commit)),
        Row::Unreadable(Unreadable {
            partition: PartitionId(4),
            first: Offset(100),
            last: Offset(149),
            damage,
            bytes: bytes::Bytes::from_static(b"\x00\x00\x00\x00\x00\x00\x00\x64garbage"),
        }),
    ]
}

#[test]
fn first_load_and_the_slow_one() {
    let mut stage = opened(80, 12);
    let first = stage.text();
    stage.pass(4);
    assert_snapshot!(format!("{first}\n\n{}", stage.text()));
}

#[test]
fn ready_at_100_columns() {
    assert_snapshot!(ready(100, 24).text());
}

#[test]
fn ready_with_the_record_below_at_120x40() {
    let mut stage = ready(120, 40);
    stage.press(Action::CursorUp);
    stage.arrive(orders(166_650..166_653));
    assert_snapshot!(stage.text());
}

#[test]
fn wide() {
    assert_snapshot!(ready(200, 50).text());
}

#[test]
fn narrow() {
    assert_snapshot!(ready(60, 16).text());
}

#[test]
fn smallest() {
    assert_snapshot!(ready(20, 5).text());
}

#[test]
fn empty_topic() {
    let mut stage = opened(80, 12);
    stage.arrive(Vec::new());
    assert_snapshot!(stage.text());
}

#[test]
fn refreshing_keeps_the_rows() {
    let mut stage = ready(80, 12);
    stage.press(Action::Refresh);
    stage.pass(2);
    assert_snapshot!(stage.text());
}

#[test]
fn failed_with_rows_and_with_nothing() {
    let mut stage = ready(100, 12);
    stage.end_feed(Some(timeout("Fetch")));
    let stale = stage.text();
    let mut stage = opened(100, 12);
    stage.end_feed(Some(Error::UnknownTopic {
        topic: TopicName::from("orders.events"),
    }));
    assert_snapshot!(format!("{stale}\n\n{}", stage.text()));
}

#[test]
fn one_partition_that_cannot_be_read() {
    let mut stage = opened(100, 12);
    stage.bring(FeedBatch {
        rows: orders(1000..1005),
        at_end: true,
        failures: vec![Failure::new(
            "orders.events-3",
            Error::NoLeader {
                topic: TopicName::from("orders.events"),
                partition: PartitionId(3),
            },
        )],
        ..FeedBatch::default()
    });
    assert_snapshot!(stage.text());
}

#[test]
fn no_topic_chosen() {
    let stage = Stage::with(ktui::app::nav::PaneId::Messages, 80, 12, crate::stage::overview());
    assert_snapshot!(stage.text());
}

#[test]
fn a_seek_that_cannot_be_understood() {
    let mut stage = ready(80, 12);
    stage.press(Action::Seek);
    stage.type_line("last tuesday");
    assert_snapshot!(stage.text());
}

#[test]
fn every_kind_of_row_is_told_apart_without_colour() {
    let mut stage = opened(100, 22);
    stage.arrive(odd_rows());
    stage.press(Action::ToggleControl);
    stage.press(Action::Top);
    assert_snapshot!(stage.text());
}

#[test]
fn what_is_hidden_is_said_in_words() {
    let mut stage = opened(100, 18);
    stage.arrive(odd_rows());
    stage.press(Action::CursorUp);
    assert_snapshot!(stage.text());
}

#[test]
fn unicode_and_very_long() {
    let mut stage = opened(80, 14);
    let long = "x".repeat(1_000_000);
    let values = [
        "注文一覧を表示する",
        "e\u{301}\u{302} combining",
        "👩‍👩‍👧 family",
        long.as_str(),
    ];
    let row = |(at, value): (usize, &&str)| {
        let key = format!("ключ-{}", &value.chars().take(60).collect::<String>());
        Row::Record(record(0, at as i64, Some(key.as_bytes()), Some(value.as_bytes())))
    };
    stage.arrive(values.iter().enumerate().map(row).collect());
    assert_snapshot!(stage.text());
}

/// Style of the first cell of `text` on the screen.
fn style_of(stage: &Stage, text: &str) -> Style {
    let buffer = stage.buffer();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        if let Some(at) = line.find(text) {
            let column = line[..at].chars().count();
            return buffer[(column as u16, y)].style();
        }
    }
    panic!("no {text:?} on\n{}", stage.text());
}

#[test]
fn styles_carry_the_meaning_too() {
    let theme = Theme::find("dark", None, ColorDepth::True).unwrap();
    let mut stage = opened(100, 22);
    stage.arrive(odd_rows());
    stage.press(Action::ToggleControl);
    stage.press(Action::Top);
    let is = |text: &str, role: Role| {
        let (style, want) = (style_of(&stage, text), theme.style(role));
        assert_eq!(
            style.fg.filter(|fg| *fg != ratatui::style::Color::Reset),
            want.fg,
            "{text}"
        );
        assert!(style.add_modifier.contains(want.add_modifier), "{text}");
    };
    is("␀ tombstone", Role::Tombstone);
    is("∅ null", Role::Null);
    is("0x00 01 80 ff 61", Role::Binary);
    is("marker: transaction", Role::Control);
    is("[aborted]", Role::Aborted);
    is("checksum mismatch", Role::Danger);
    is("null key", Role::Text);
    is("paused", Role::Warning);
}

fn whole_record() -> Row {
    let mut record = record(
        7,
        166_666,
        Some(b"order-49999"),
        Some(br#"{"orderId":12345678901234567890123,"amount":1.10,"amount":1.1,"customer":"heidi","note":"a \u0041 \"quoted\"","items":[],"nested":{"deep":[1,2,{"x":null}]}}"#),
    );
    record.headers = vec![
        header(b"trace-id", Some(b"4bf92f3577b34da6a3ce929d0e0e4736")),
        header(b"retry", None),
        header(b"retry", Some(b"")),
        header(b"\xff\xfe", Some(b"\x00\x2a")),
    ];
    Row::Record(record)
}

fn open_record(width: u16, height: u16, row: Row) -> Stage {
    let mut stage = opened(width, height);
    stage.arrive(vec![row]);
    stage.press(Action::Open);
    stage
}

#[test]
fn record_whole() {
    assert_snapshot!(open_record(100, 40, whole_record()).text());
}

#[test]
fn record_at_80x24_and_narrow() {
    let at_80 = open_record(80, 24, whole_record()).text();
    let narrow = open_record(60, 16, whole_record()).text();
    assert_snapshot!(format!(
        "{at_80}\n\n{narrow}\n\n{}",
        open_record(20, 5, whole_record()).text()
    ));
}

#[test]
fn record_sections() {
    let mut stage = open_record(80, 24, whole_record());
    stage.press(Action::NextSection);
    stage.press(Action::NextView);
    stage.press(Action::NextView);
    stage.press(Action::NextView);
    let key = stage.text();
    stage.press(Action::NextSection);
    let headers = stage.text();
    stage.press(Action::NextSection);
    assert_snapshot!(format!("{key}\n\n{headers}\n\n{}", stage.text()));
}

#[test]
fn record_views() {
    let mut stage = open_record(80, 24, whole_record());
    let mut shown = String::new();
    for _ in 0..3 {
        stage.press(Action::NextView);
        shown.push_str(&stage.text());
        shown.push_str("\n\n");
    }
    assert_snapshot!(shown);
}

#[test]
fn record_of_every_odd_kind() {
    let mut stage = opened(80, 20);
    stage.arrive(odd_rows());
    stage.press(Action::ToggleControl);
    stage.press(Action::Top);
    stage.press(Action::Open);
    let mut shown = String::new();
    for _ in 0..odd_rows().len() {
        shown.push_str(&stage.text());
        shown.push_str("\n\n");
        stage.press(Action::NextRecord);
    }
    assert_snapshot!(shown);
}

#[test]
fn record_with_log_append_time_and_a_transaction() {
    let Row::Record(mut record) = whole_record() else {
        unreachable!("it is a record")
    };
    record.timestamp_type = TimestampType::LogAppend;
    let mut batch = crate::messages_data::batch_info();
    batch.transactional = true;
    record.batch = std::sync::Arc::new(batch);
    let stage = open_record(100, 24, Row::Record(record));
    assert!(
        stage.text().contains("2026-11-18T11:39:59.666Z log append"),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("transactional producer 4001 epoch 0"));
}

#[test]
fn a_long_value_scrolls_by_pages_and_to_its_end() {
    let value: String = (0..10_000).fold(String::new(), |text, line| text + &format!("line {line}\n"));
    let mut stage = open_record(80, 24, Row::Record(record(0, 1, None, Some(value.as_bytes()))));
    assert!(stage.line("▸value").contains("rows 1–"), "{}", stage.text());
    stage.press(Action::PageDown);
    assert!(!stage.text().contains("line 1\n"));
    stage.press(Action::Bottom);
    assert!(stage.text().contains("line 9999"), "{}", stage.text());
    assert!(stage.line("▸value").contains("of 10,000"), "{}", stage.text());
    stage.press(Action::Top);
    assert!(stage.text().contains("line 0"));
}

#[test]
fn lines_that_are_not_wrapped_scroll_sideways() {
    let value: String = (0..400)
        .map(|column| char::from(b'a' + (column / 16 % 26) as u8))
        .collect();
    let mut stage = open_record(80, 24, Row::Record(record(0, 1, None, Some(value.as_bytes()))));
    stage.press(Action::ScrollRight);
    assert!(
        stage.text().contains("   aaaaaaaaaaaaaaaabbbb"),
        "wrapped lines do not scroll"
    );
    stage.press(Action::ToggleWrap);
    assert!(stage.line("aaaa").ends_with('…'), "{}", stage.text());
    stage.press(Action::ScrollRight);
    assert!(stage.text().contains("   bbbbbbbbbbbbbbbbcccc"), "{}", stage.text());
    assert!(stage.line("▸value").contains("not wrapped from column 17"));
    stage.press(Action::ScrollLeft);
    stage.press(Action::ScrollLeft);
    assert!(stage.text().contains("   aaaa"));
}

#[test]
fn ten_megabytes_stay_smooth() {
    let item = r#"{"sku":"SKU-00412","qty":3,"note":"notes are long"},"#;
    let value = format!("[{}1]", item.repeat(10 * 1024 * 1024 / item.len()));
    #[expect(clippy::disallowed_methods, reason = "time is what is measured")]
    let clock = std::time::Instant::now;
    let start = clock();
    let mut stage = open_record(120, 40, Row::Record(record(0, 1, None, Some(value.as_bytes()))));
    let open = start.elapsed();
    let start = clock();
    let pages = 20;
    for _ in 0..pages {
        stage.press(Action::PageDown);
        stage.buffer();
    }
    let page = start.elapsed() / pages;
    // Opening reads the value once or twice; a page that read it again would take about as long.
    assert!(page < open / 5, "{page:?} for a page, {open:?} to open");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_record_reaches_the_terminal_raw(
        key in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)),
        value in proptest::collection::vec(any::<u8>(), 0..200),
        text in any::<String>(),
        name in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut binary = record(0, 1, key.as_deref(), Some(&value));
        binary.headers = vec![header(&name, Some(text.as_bytes())), header(text.as_bytes(), None)];
        let hostile = record(0, 2, Some(text.as_bytes()), Some(format!("{text}\u{1b}[2J\u{202e}{text}").as_bytes()));
        let mut stage = opened(100, 40);
        stage.arrive(vec![Row::Record(binary), Row::Record(hostile), order(1, 3)]);
        let mut screens = Vec::new();
        for action in [Action::CursorUp, Action::CursorUp, Action::Open, Action::NextView, Action::NextView,
            Action::NextRecord, Action::ToggleWrap, Action::ScrollRight, Action::NextSection, Action::NextSection] {
            stage.press(action);
            screens.push(stage.buffer());
        }
        for screen in screens {
            for cell in screen.content() {
                prop_assert!(!cell.symbol().chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c) || c == '\u{200b}'), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn a_key_is_shown_the_same_way_in_the_list_and_below_it() {
    let mut stage = opened(120, 40);
    let key = 42_i32.to_be_bytes();
    stage.arrive(vec![Row::Record(record(0, 1, Some(&key), Some(b"{}")))]);
    let text = stage.text();
    assert_eq!(text.matches("integer? 42").count(), 2, "{text}");
    assert!(!text.contains("0x00"), "{text}");
}
