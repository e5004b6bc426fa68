//! The record under the cursor, opened for the preview.

use bytes::Bytes;

use super::Messages;
use super::rows::Seq;
use crate::app::memory::Memory;
use crate::decode::{Format, Part, Site, View};
use crate::kafka::model::record::Row;
use crate::layout::Area;

/// Of a longer value only the head is opened: a cursor step must not read megabytes.
const MOST_BYTES: usize = 256 << 10;

/// An opened value.
#[derive(Clone, Debug)]
pub struct Peek {
    seq: Seq,
    columns: u16,
    format: Format,
    /// The value.
    pub value: View,
    /// Whether only its head was opened.
    pub is_head: bool,
}

impl Messages {
    /// Opens the value of the record under the cursor for a preview of this size, unless it is open already.
    pub(super) fn open_peek(&mut self, area: Area, memory: &Memory) {
        let Some(seq) = self.rows.seq(self.list.cursor).filter(|_| !area.is_empty()) else {
            self.peek = None;
            return;
        };
        let number = self.rows.topic(self.list.cursor);
        let topic = self.source.as_ref().and_then(|source| source.topic(number));
        let topic = topic.map_or("", |topic| topic.as_str());
        let format = memory.decoder(topic, Part::Value);
        let is_open = |peek: &Peek| (peek.seq, peek.columns, peek.format) == (seq, area.width, format);
        if self.peek.as_ref().is_some_and(is_open) {
            return;
        }
        let Some(row) = self.rows.get(self.list.cursor) else {
            self.peek = None;
            return;
        };
        let (value, is_head) = open_value(row, topic, format, area.width);
        self.peek = Some(Peek {
            seq,
            columns: area.width,
            format,
            value,
            is_head,
        });
    }
}

/// Opens the value of a row for a preview of this width; whether only its head was opened.
pub(in crate::app) fn open_value(row: &Row, topic: &str, format: Format, columns: u16) -> (View, bool) {
    let bytes = match row {
        Row::Record(record) => record.value.clone(),
        Row::Unreadable(stretch) => Some(stretch.bytes.clone()),
    };
    let is_head = bytes.as_ref().is_some_and(|bytes| bytes.len() > MOST_BYTES);
    let site = Site {
        topic,
        part: Part::Value,
        key: row.record().and_then(|record| record.key.as_deref()),
    };
    let columns = usize::from(columns.saturating_sub(4));
    (View::open_at(bytes.map(head), format, columns, &site), is_head)
}

/// The head of a long value; a letter that the cut goes through is left out, or text would be taken for binary.
fn head(bytes: Bytes) -> Bytes {
    if bytes.len() <= MOST_BYTES {
        return bytes;
    }
    let end = (MOST_BYTES - 3..=MOST_BYTES)
        .rev()
        .find(|end| !is_continuation(bytes[*end]));
    bytes.slice(..end.unwrap_or(MOST_BYTES))
}

/// Whether a byte is a UTF-8 letter's second, third or fourth.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_makes_binary_of_text() {
        for shift in 0..4 {
            let text = format!("{}{}", "x".repeat(shift), "😀".repeat(MOST_BYTES));
            let head = head(Bytes::from(text));
            assert!(std::str::from_utf8(&head).is_ok());
            assert!(head.len() > MOST_BYTES - 4);
        }
        assert_eq!(head(Bytes::from(vec![0x80; MOST_BYTES * 2])).len(), MOST_BYTES);
        assert_eq!(head(Bytes::from_static(b"short")), "short");
    }
}
