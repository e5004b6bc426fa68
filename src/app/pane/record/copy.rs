//! What `y` copies of a record.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::section::Section;
use crate::kafka::model::record::{Record, Row};

/// The value, or the key of a record without one: a few words for the message, and the text.
pub fn copied(row: &Row) -> Option<(String, String)> {
    match row {
        Row::Record(record) => match (&record.value, &record.key) {
            (Some(value), _) => Some(bytes("value", record, value)),
            (None, Some(key)) => Some(bytes("key (the value is null)", record, key)),
            (None, None) => None,
        },
        Row::Unreadable(stretch) => {
            let what = format!("unreadable bytes of {}@{} as base64", stretch.partition, stretch.first);
            Some((what, STANDARD.encode(&stretch.bytes)))
        }
    }
}

/// What has the focus.
pub(super) fn section(row: &Row, focus: Section) -> Option<(String, String)> {
    match (row, focus) {
        (Row::Record(record), Section::Key) => record.key.as_ref().map(|key| bytes("key", record, key)),
        (Row::Record(record), Section::Headers) => headers(record),
        _ => copied(row),
    }
}

/// Bytes as text where they are text, else as base64, which the message says.
fn bytes(what: &str, record: &Record, bytes: &Bytes) -> (String, String) {
    let place = format!("{what} of {}@{}", record.partition, record.offset);
    match std::str::from_utf8(bytes) {
        Ok(text) => (place, text.to_owned()),
        Err(_) => (format!("{place} as base64 (binary)"), STANDARD.encode(bytes)),
    }
}

/// One header per line, in wire order: `name: value`, base64 where a value is not text.
fn headers(record: &Record) -> Option<(String, String)> {
    let mut text = String::new();
    for header in &record.headers {
        let value = match &header.value {
            None => "null".to_owned(),
            Some(value) => match std::str::from_utf8(value) {
                Ok(value) => value.to_owned(),
                Err(_) => format!("base64:{}", STANDARD.encode(value)),
            },
        };
        let _writing_to_a_string_cannot_fail = writeln!(text, "{}: {value}", String::from_utf8_lossy(&header.key));
    }
    let count = record.headers.len();
    (count > 0).then(|| {
        (
            format!("{count} headers of {}@{}", record.partition, record.offset),
            text,
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kafka::model::{
        BatchInfo, Codec, Damage, Header, Offset, PartitionId, RecordKind, Timestamp, TimestampType, Unreadable,
    };

    fn record(key: Option<&'static [u8]>, value: Option<&'static [u8]>, headers: Vec<Header>) -> Row {
        let batch = BatchInfo {
            base_offset: Offset(1),
            last_offset: Offset(1),
            magic: 2,
            codec: Codec::None,
            producer: None,
            transactional: false,
            control: false,
            leader_epoch: None,
            record_count: 1,
            wire_bytes: 1,
            payload_bytes: 1,
        };
        Row::Record(Record {
            partition: PartitionId(7),
            offset: Offset(1),
            timestamp: Timestamp(0),
            timestamp_type: TimestampType::Create,
            key: key.map(Bytes::from_static),
            value: value.map(Bytes::from_static),
            headers,
            batch: Arc::new(batch),
            kind: RecordKind::Data,
        })
    }

    fn owned(what: &str, text: &str) -> (String, String) {
        (what.to_owned(), text.to_owned())
    }

    #[test]
    fn the_value_is_copied_and_the_key_where_there_is_none() {
        let row = record(Some(b"k"), Some(b"a\n\x1b"), vec![]);
        assert_eq!(copied(&row), Some(owned("value of 7@1", "a\n\x1b")));
        let tombstone = record(Some(b"k"), None, vec![]);
        assert_eq!(copied(&tombstone), Some(owned("key (the value is null) of 7@1", "k")));
        assert_eq!(copied(&record(None, None, vec![])), None);
    }

    #[test]
    fn binary_is_copied_as_base64_and_says_so() {
        let row = record(None, Some(b"\x00\xff"), vec![]);
        assert_eq!(copied(&row), Some(owned("value of 7@1 as base64 (binary)", "AP8=")));
        let damage = Damage::UnknownFormat { magic: 9 };
        let stretch = Unreadable {
            partition: PartitionId(7),
            first: Offset(5),
            last: Offset(6),
            damage,
            bytes: Bytes::from_static(b"\x01"),
        };
        let copy = copied(&Row::Unreadable(stretch));
        assert_eq!(copy, Some(owned("unreadable bytes of 7@5 as base64", "AQ==")));
    }

    #[test]
    fn the_section_in_focus_is_copied() {
        let header = |key: &'static [u8], value: Option<&'static [u8]>| Header {
            key: Bytes::from_static(key),
            value: value.map(Bytes::from_static),
        };
        let headers = vec![header(b"a", None), header(b"a", Some(b"")), header(b"b", Some(b"\xff"))];
        let row = record(Some(b"k"), Some(b"v"), headers);
        assert_eq!(section(&row, Section::Key), Some(owned("key of 7@1", "k")));
        let all = owned("3 headers of 7@1", "a: null\na: \nb: base64:/w==\n");
        assert_eq!(section(&row, Section::Headers), Some(all));
        assert_eq!(section(&row, Section::Facts), Some(owned("value of 7@1", "v")));
    }
}
