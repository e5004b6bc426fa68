//! The screen cannot be corrupted: whatever bytes keys, values, headers and names hold, every cell is harmless, and a
//! terminal that gets our bytes shows exactly those cells.

use bytes::Bytes;
use ktui::app::action::Action;
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::error::Error;
use ktui::kafka::model::{GroupId, GroupListing, GroupState, GroupType, Header, Row, TopicName};
use ktui::kafka::partial::Failure;
use ktui::kafka::query::{Answer, FeedBatch};
use ktui::layout::Size;
use ktui::runtime::backend::{Erase, Screen};
use ktui::ui::theme::ColorDepth;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthChar as _;

use crate::messages_data::{opened, record};
use crate::stage::{Stage, overview, topic};

/// What is known to harm a terminal, or to deceive who reads it.
const HARM: &[&[u8]] = &[
    b"\x1b[2J\x1b[H",
    b"\x1b]0;title\x07",
    b"\x1b]52;c;cm0gLXJm\x07",
    b"\x1bP+q544e\x1b\\",
    b"\x1b[?1049l\x1b[?25h\x1b[?1003h",
    b"\x1b[5n\x1b[6n\x1b[c",
    b"\x1bc",
    b"\x9b31m",
    "\u{9b}31m\u{9d}0;x\u{9c}".as_bytes(),
    b"\r\n\t\x08\x7f\0\x0e\x0f",
    "\u{202e}gnp.exe\u{2066}x\u{2069}\u{61c}".as_bytes(),
    "\u{200b}\u{200d}\u{feff}\u{2060}\u{ad}\u{180e}".as_bytes(),
    "👩\u{200d}👩\u{200d}👧 🏴\u{e0067}\u{e0062}\u{e007f} ❤\u{fe0f}".as_bytes(),
    "a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}".as_bytes(),
    "注文一覧 한국어 مرحبا שלום".as_bytes(),
    b"\xff\xfe\xc3\x28\xed\xa0\x80\xf5",
    b"{\"a\":[1,{\"b\":\"\\u001b[2J\",\"a\":1e400}]}",
    b"\0\0\0\0\x07avro",
    b"\x82\xa1k\xa4\x1b[2J\xa1v\xc0",
    b"\xa2\x61k\x64\x1b[2J\x61v\xf6",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::sample::select(HARM.to_vec()).prop_map(<[u8]>::to_vec),
        2 => prop::collection::vec(any::<u8>(), 0..24),
        1 => any::<char>().prop_map(|c| c.to_string().repeat(3).into_bytes()),
        1 => "[a-z]{1,12}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn maybe() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::weighted(0.9, bytes())
}

/// A name as it would come out of a response: any text.
fn name() -> impl Strategy<Value = String> {
    bytes().prop_map(|bytes| format!("n{}", String::from_utf8_lossy(&bytes)))
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A terminal that has been given everything we wrote, and the screen that wrote it.
struct Watched {
    screen: Screen<Vec<u8>>,
    terminal: vt100::Parser,
}

impl Watched {
    fn new(size: Size) -> Self {
        Self {
            screen: Screen::new(Vec::new(), size, ColorDepth::True, Erase::Colored),
            terminal: vt100::Parser::new(size.height.try_into().unwrap(), size.width.try_into().unwrap(), 0),
        }
    }

    /// Draws what the stage shows and checks every cell, twice.
    fn look(&mut self, stage: &Stage) -> Result<(), TestCaseError> {
        let buffer = stage.buffer();
        for cell in buffer.content() {
            let symbol = cell.symbol();
            prop_assert!(!symbol.contains(is_harmful), "{symbol:?}");
            prop_assert!(ktui::ui::text::width(symbol) <= 2, "{symbol:?}");
        }
        stage.draw_on(&mut self.screen);
        let written = std::mem::take(self.screen.writer_mut());
        Self::check_bytes(&written)?;
        // The terminal of this test, unlike others, leaves replacement characters out.
        let written = String::from_utf8(written)
            .expect("we write UTF-8")
            .replace('\u{fffd}', "?");
        self.terminal.process(written.as_bytes());
        self.check_terminal(&buffer)
    }

    /// Of controls there are our own only: they move, colour and erase.
    fn check_bytes(written: &[u8]) -> Result<(), TestCaseError> {
        let text = std::str::from_utf8(written).expect("we write UTF-8");
        let mut rest = text;
        while let Some(at) = rest.find('\x1b') {
            let sequence = &rest[at + 1..];
            prop_assert!(
                sequence.starts_with('['),
                "{:?}",
                sequence.chars().take(8).collect::<String>()
            );
            let end = sequence[1..].find(|c: char| ('@'..='~').contains(&c)).expect("an end") + 1;
            let last = &sequence[end..=end];
            let is_ours =
                "ABCDGHJKXdfm".contains(last) || matches!(&sequence[1..=end], "?2026h" | "?2026l" | "?25l" | "?25h");
            prop_assert!(is_ours, "{:?}", &sequence[..=end]);
            rest = &sequence[end + 1..];
        }
        let odd = |c: &char| is_harmful(*c) && !matches!(c, '\x1b' | '\r' | '\n' | '\t' | '\x08');
        prop_assert_eq!(text.chars().find(odd), None);
        Ok(())
    }

    fn check_terminal(&self, buffer: &Buffer) -> Result<(), TestCaseError> {
        let screen = self.terminal.screen();
        prop_assert!(!screen.alternate_screen() && !screen.application_keypad() && !screen.bracketed_paste());
        prop_assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        for y in 0..buffer.area.height {
            let (mut wanted, mut shown, mut skip) = (String::new(), String::new(), 0);
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    wanted.push_str(symbol);
                    skip = ktui::ui::text::width(symbol).max(1);
                }
                skip -= 1;
                let cell = screen.cell(y, x).expect("a cell");
                match cell.contents() {
                    "" if cell.is_wide_continuation() => {}
                    "" => shown.push(' '),
                    letter => shown.push_str(letter),
                }
            }
            // How many marks a cell holds differs from terminal to terminal.
            let letters = |text: &str| text.chars().filter(|c| c.width() != Some(0)).collect::<String>();
            prop_assert_eq!(
                letters(&shown),
                letters(&wanted).replace('\u{fffd}', "?"),
                "in row {}",
                y
            );
        }
        Ok(())
    }
}

fn row(
    partition: i32,
    offset: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    header: (Vec<u8>, Option<Vec<u8>>),
) -> Row {
    let mut record = record(partition, offset, key, value);
    record.headers = vec![Header {
        key: Bytes::from(header.0),
        value: header.1.map(Bytes::from),
    }];
    Row::Record(record)
}

fn every_view_of_a_record(stage: &mut Stage, watched: &mut Watched) -> Result<(), TestCaseError> {
    stage.press(Action::Open);
    for _section in 0..4 {
        for _view in 0..5 {
            watched.look(stage)?;
            stage.press(Action::NextView);
        }
        stage.press(Action::ToggleWrap);
        stage.press(Action::ScrollRight);
        watched.look(stage)?;
        stage.press(Action::NextSection);
    }
    stage.press(Action::Copy);
    watched.look(stage)?;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_record_corrupts_the_screen(
        records in prop::collection::vec((maybe(), maybe(), (bytes(), maybe())), 1..4), is_small: bool,
    ) {
        let size = if is_small { Size { width: 60, height: 16 } } else { Size { width: 120, height: 40 } };
        let mut stage = opened(size.width, size.height);
        let mut watched = Watched::new(size);
        watched.look(&stage)?;
        let rows = records.into_iter().zip(1000..).map(|((key, value, header), offset)| {
            row(3, offset, key.as_deref(), value.as_deref(), header)
        });
        stage.arrive(rows.collect());
        watched.look(&stage)?;
        stage.press(Action::Top);
        watched.look(&stage)?;
        every_view_of_a_record(&mut stage, &mut watched)?;
    }

    #[test]
    fn no_name_corrupts_the_screen(names in prop::array::uniform4(name()), typed in name()) {
        let size = Size { width: 100, height: 24 };
        let [topic_name, group_name, member, what] = names;
        let mut overview = overview();
        overview.topics = vec![topic(&topic_name, 3)];
        overview.cluster.brokers[0].host = member.as_str().into();
        let mut stage = Stage::with(PaneId::Topics, size.width, size.height, overview);
        let mut watched = Watched::new(size);
        for action in [Action::OpenBrokers, Action::OpenTopics, Action::Open, Action::Back, Action::TopicMessages] {
            watched.look(&stage)?;
            stage.press(action);
        }
        stage.bring(FeedBatch {
            at_end: true,
            failures: vec![Failure::new(what.clone(), Error::UnknownTopic { topic: TopicName::from(topic_name.as_str()) })],
            ..FeedBatch::default()
        });
        watched.look(&stage)?;
        stage.press(Action::OpenGroups);
        stage.answer(SlotId::Groups, Answer::Groups(vec![listing(&group_name)]));
        watched.look(&stage)?;
        stage.press(Action::Open);
        watched.look(&stage)?;
        stage.press(Action::Palette);
        stage.tell(ktui::app::event::Event::Pasted(typed));
        watched.look(&stage)?;
    }
}

fn listing(name: &str) -> GroupListing {
    GroupListing {
        group: GroupId::from(name),
        state: Some(GroupState(name.into())),
        protocol_type: name.into(),
        kind: GroupType::Classic,
        coordinator: ktui::kafka::model::BrokerId(1),
    }
}

#[test]
fn ten_megabytes_on_one_line_of_anything_are_drawn_like_any_other_value() {
    let size = Size { width: 120, height: 40 };
    for harm in HARM.iter().step_by(7) {
        let value = harm.repeat((10 << 20) / harm.len());
        let mut stage = opened(size.width, size.height);
        let mut watched = Watched::new(size);
        stage.arrive(vec![row(
            3,
            1000,
            Some(harm),
            Some(&value),
            (harm.to_vec(), Some(harm.to_vec())),
        )]);
        watched.look(&stage).unwrap();
        stage.press(Action::Open);
        for action in [Action::Bottom, Action::PageUp, Action::Top, Action::NextView] {
            watched.look(&stage).unwrap();
            stage.press(action);
        }
        watched.look(&stage).unwrap();
    }
}
