//! The parts of a record as text to copy.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::kafka::model::record::{Record, Row};

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The value.
    Value,
    /// The key.
    Key,
    /// The headers.
    Headers,
}

/// A part as text: a few words for the message, and the text. The error says why there is nothing to copy.
pub fn copied(row: &Row, part: Part) -> Result<(String, String), String> {
    let record = match row {
        Row::Record(record) => record,
        Row::Unreadable(stretch) => {
            let what = format!("unreadable bytes of {}@{} as base64", stretch.partition, stretch.first);
            return Ok((what, STANDARD.encode(&stretch.bytes)));
        }
    };
    match part {
        Part::Value => bytes("value", record, record.value.as_ref()),
        Part::Key => bytes("key", record, record.key.as_ref()),
        Part::Headers => headers(record),
    }
}

/// Bytes as text where they are text, else as base64, which the message says.
fn bytes(what: &str, record: &Record, bytes: Option<&Bytes>) -> Result<(String, String), String> {
    let place = format!("{what} of {}@{}", record.partition, record.offset);
    let Some(bytes) = bytes else {
        return Err(format!("nothing to copy: the {place} is null"));
    };
    match std::str::from_utf8(bytes) {
        Ok("") => Err(format!("nothing to copy: the {place} is empty")),
        Ok(text) => Ok((place, text.to_owned())),
        Err(_) => Ok((format!("{place} as base64 (binary)"), STANDARD.encode(bytes))),
    }
}

/// One header per line, in wire order: `name: value`, base64 where a value is not text.
fn headers(record: &Record) -> Result<(String, String), String> {
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
    let place = format!("{}@{}", record.partition, record.offset);
    match record.headers.len() {
        0 => Err(format!("nothing to copy: {place} has no headers")),
        1 => Ok((format!("1 header of {place}"), text)),
        count => Ok((format!("{count} headers of {place}"), text)),
    }
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
    fn what_is_null_or_empty_is_not_copied_over_what_the_clipboard_holds() {
        let row = record(Some(b""), None, vec![]);
        for (part, why) in [
            (Part::Value, "value of 7@1 is null"),
            (Part::Key, "key of 7@1 is empty"),
        ] {
            assert_eq!(copied(&row, part), Err(format!("nothing to copy: the {why}")));
        }
        assert!(copied(&row, Part::Headers).unwrap_err().contains("no headers"));
    }

    #[test]
    fn binary_is_copied_as_base64_and_says_so() {
        let row = record(None, Some(b"\x00\xff"), vec![]);
        assert_eq!(
            copied(&row, Part::Value),
            Ok(owned("value of 7@1 as base64 (binary)", "AP8="))
        );
        let damage = Damage::UnknownFormat { magic: 9 };
        let stretch = Unreadable {
            partition: PartitionId(7),
            first: Offset(5),
            last: Offset(6),
            damage,
            bytes: Bytes::from_static(b"\x01"),
        };
        let copy = copied(&Row::Unreadable(stretch), Part::Value);
        assert_eq!(copy, Ok(owned("unreadable bytes of 7@5 as base64", "AQ==")));
    }

    #[test]
    fn text_is_copied_as_it_is_and_headers_in_wire_order() {
        let header = |key: &'static [u8], value: Option<&'static [u8]>| Header {
            key: Bytes::from_static(key),
            value: value.map(Bytes::from_static),
        };
        let headers = vec![header(b"a", None), header(b"a", Some(b"")), header(b"b", Some(b"\xff"))];
        let row = record(Some(b"k"), Some(b"a\n\x1b"), headers);
        assert_eq!(copied(&row, Part::Key), Ok(owned("key of 7@1", "k")));
        assert_eq!(copied(&row, Part::Value), Ok(owned("value of 7@1", "a\n\x1b")));
        let all = owned("3 headers of 7@1", "a: null\na: \nb: base64:/w==\n");
        assert_eq!(copied(&row, Part::Headers), Ok(all));
    }
}
