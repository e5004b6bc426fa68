//! Records of every size on the messages screen: a key moves the cursor by the row it says, nothing on screen is lost
//! to the limits, and what is kept stays near them.

use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::pane::messages::rows::LOOKING;
use ktui::app::slot::Ticket;
use ktui::kafka::model::{Offset, PartitionId, Row};
use ktui::kafka::query::{Began, FeedBatch, OlderRows};
use ktui::position::Start;

use crate::messages_data::{opened, record};
use crate::stage::Stage;

/// A log of one partition, as long as it takes to pass the limits, and a stage that reads it.
struct Log {
    stage: Stage,
    size: usize,
    records: i64,
    /// The feed that is read, and what it brings next.
    at: (Ticket, i64),
    older: usize,
}

impl Log {
    /// Shown from `start` on.
    fn open(size: usize, start: &str) -> Self {
        let records = (64 << 20) / size as i64;
        let mut stage = opened(120, 20);
        stage.press(Action::Seek);
        stage.type_line(start);
        let at = (Ticket::default(), 0);
        let mut log = Self {
            stage,
            size,
            records,
            at,
            older: 0,
        };
        log.flow();
        log
    }

    fn row(&self, offset: i64) -> Row {
        Row::Record(record(0, offset, None, Some(&vec![b'x'; self.size])))
    }

    /// Plays what the brokers would hand over now.
    fn flow(&mut self) {
        let (ticket, _) = self.stage.feed();
        if ticket != self.at.0 {
            let next = match self.stage.reads().start {
                Start::Begin => 0,
                Start::Newest(count) => self.records - count as i64,
                Start::PerPartition(places) => places[0].1.0,
                other => panic!("{other:?}"),
            };
            self.at = (ticket, next);
        }
        while self.stage.flows() && self.at.1 < self.records {
            let next = (self.at.1 + (1 << 20) / self.size as i64 + 1).min(self.records);
            let rows = (self.at.1..next).map(|offset| self.row(offset)).collect();
            let began = Began {
                topic: 0,
                partition: PartitionId(0),
                offset: Offset(self.at.1),
            };
            self.at.1 = next;
            self.stage.bring(FeedBatch {
                rows,
                began: vec![began],
                at_end: next == self.records,
                ..FeedBatch::default()
            });
        }
        self.answer_older();
    }

    fn answer_older(&mut self) {
        let asked = self.stage.effects.iter().filter_map(|effect| match effect {
            Effect::ReadOlder { ticket, spec } => Some((*ticket, spec.clone())),
            _ => None,
        });
        let asked: Vec<_> = asked.collect();
        let Some((ticket, spec)) = asked.get(self.older).cloned() else {
            return;
        };
        self.older = asked.len();
        let before = spec.topics[0].before[0].1.0;
        let first = (before - spec.count as i64).max(0);
        let rows = OlderRows {
            rows: (first..before).map(|offset| (0, self.row(offset))).collect(),
            is_first: first == 0,
            failures: Vec::new(),
        };
        self.stage.tell(Event::OlderRead { ticket, rows });
    }

    /// Presses a key and returns by how many records the cursor moved.
    fn press(&mut self, action: Action) -> i64 {
        let before = self.stage.cursor();
        self.stage.press(action);
        let moved = self.stage.cursor() - before;
        self.flow();
        assert_eq!(
            self.stage.cursor(),
            before + moved,
            "what arrives leaves the cursor alone"
        );
        let most = LOOKING.bytes.max(3 * self.size) + (14 << 20);
        let kept = self.stage.messages().rows().bytes();
        assert!(kept <= most, "{kept} bytes are kept of records of {}", self.size);
        moved
    }
}

const SIZES: [usize; 3] = [100_000, 1_000_000, 10_000_000];

#[test]
fn down_moves_by_one_record_from_the_first_to_the_last_whatever_their_size() {
    for size in SIZES {
        let mut log = Log::open(size, "begin");
        for offset in 1..log.records {
            assert_eq!(log.press(Action::CursorDown), 1, "to {offset} of {size} bytes");
        }
    }
}

#[test]
fn up_moves_by_one_record_from_the_last_to_the_first_and_down_again() {
    for size in SIZES {
        let mut log = Log::open(size, "newest 50");
        assert_eq!(log.stage.cursor(), log.records - 1);
        for offset in (0..log.records - 1).rev() {
            assert_eq!(log.press(Action::CursorUp), -1, "to {offset} of {size} bytes");
        }
        assert_eq!(log.stage.cursor(), 0);
        for offset in 1..log.records {
            assert_eq!(log.press(Action::CursorDown), 1, "back to {offset} of {size} bytes");
        }
    }
}

#[test]
fn a_key_upwards_opens_no_feed() {
    let mut log = Log::open(200_000, "newest 50");
    let (feed, _) = log.stage.feed();
    for _ in 1..log.records {
        log.press(Action::CursorUp);
    }
    assert_eq!(log.stage.feed().0, feed);
    assert!(!log.stage.flows(), "the newest left below");
}
