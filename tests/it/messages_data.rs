//! Records and feeds for the messages screen.

use std::sync::Arc;

use bytes::Bytes;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::nav::{PaneId, Screen};
use ktui::app::pane::messages::Messages;
use ktui::app::slot::Ticket;
use ktui::kafka::error::Error;
use ktui::kafka::model::{
    BatchInfo, Codec, Header, LeaderEpoch, Offset, PartitionId, Producer, Record, RecordKind, Row, Timestamp,
    TimestampType,
};
use ktui::kafka::query::{FeedBatch, FeedSpec, FeedTopic};

use crate::stage::{Stage, overview};

/// 2026-11-18T11:39:59.000Z.
pub const NOON: i64 = 1_795_001_999_000;

pub fn batch_info() -> BatchInfo {
    BatchInfo {
        base_offset: Offset(166_660),
        last_offset: Offset(166_669),
        magic: 2,
        codec: Codec::Lz4,
        producer: Some(Producer {
            id: 4001,
            epoch: 0,
            base_sequence: 17,
        }),
        transactional: false,
        control: false,
        leader_epoch: Some(LeaderEpoch(5)),
        record_count: 10,
        wire_bytes: 820,
        payload_bytes: 1_640,
    }
}

pub fn record(partition: i32, offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Record {
    Record {
        partition: PartitionId(partition),
        offset: Offset(offset),
        timestamp: Timestamp(NOON + offset % 1000),
        timestamp_type: TimestampType::Create,
        key: key.map(Bytes::copy_from_slice),
        value: value.map(Bytes::copy_from_slice),
        headers: Vec::new(),
        batch: Arc::new(batch_info()),
        kind: RecordKind::Data,
    }
}

pub fn order(partition: i32, offset: i64) -> Row {
    let value = format!(
        r#"{{"orderId":{offset},"customer":"{}","amount":318.20,"currency":"EUR","items":[{{"sku":"SKU-00412","qty":3}}]}}"#,
        ["grace", "heidi", "bob"][offset as usize % 3]
    );
    Row::Record(record(
        partition,
        offset,
        Some(format!("order-{offset}").as_bytes()),
        Some(value.as_bytes()),
    ))
}

pub fn orders(offsets: std::ops::Range<i64>) -> Vec<Row> {
    offsets.map(|offset| order((offset % 12) as i32, offset)).collect()
}

pub fn header(key: &[u8], value: Option<&[u8]>) -> Header {
    Header {
        key: Bytes::copy_from_slice(key),
        value: value.map(Bytes::copy_from_slice),
    }
}

/// The messages of `orders.events` at a time of day, with nothing read yet.
pub fn opened(width: u16, height: u16) -> Stage {
    let mut stage = Stage::with(PaneId::Messages, width, height, overview());
    stage.tell(Event::TimeTold {
        time: jiff::Timestamp::from_millisecond(NOON + 60_000).unwrap(),
        zone: jiff::tz::TimeZone::UTC,
    });
    stage.press(ktui::app::action::Action::Palette);
    stage.type_line("messages orders.events");
    stage
}

impl Stage {
    /// The newest feed that was opened.
    pub fn feed(&self) -> (Ticket, FeedSpec) {
        let opened = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::OpenFeed { ticket, spec } => Some((*ticket, spec.clone())),
            _ => None,
        });
        opened.unwrap_or_else(|| panic!("no feed was opened: {:?}", self.effects))
    }

    /// What the newest feed reads of its only topic.
    pub fn reads(&self) -> FeedTopic {
        let (_, mut spec) = self.feed();
        assert_eq!(spec.topics.len(), 1);
        spec.topics.remove(0)
    }

    pub fn bring(&mut self, batch: FeedBatch) {
        assert!(self.flows(), "the feed is held: {:?}", self.effects);
        self.bring_late(batch);
    }

    /// What the feed had handed over before it was held or closed.
    pub fn bring_late(&mut self, batch: FeedBatch) {
        let (ticket, _) = self.feed();
        self.tell(Event::RecordsArrived { ticket, batch });
    }

    /// Rows, with the feed at its end.
    pub fn arrive(&mut self, rows: Vec<Row>) {
        self.bring(FeedBatch {
            rows,
            at_end: true,
            ..FeedBatch::default()
        });
    }

    pub fn end_feed(&mut self, error: Option<Error>) {
        let (ticket, _) = self.feed();
        self.tell(Event::FeedEnded { ticket, error });
    }

    pub fn messages(&self) -> &Messages {
        match &self.app.nav().screens()[0] {
            Screen::Messages(messages) => messages,
            other => panic!("{other:?} is not messages"),
        }
    }

    /// Offset of the record under the cursor.
    pub fn cursor(&self) -> i64 {
        let messages = self.messages();
        messages.rows().get(messages.list().cursor).unwrap().offset().0
    }

    pub fn did(&self, effect: &Effect) -> usize {
        self.effects.iter().filter(|done| *done == effect).count()
    }
}
