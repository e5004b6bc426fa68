//! One JSON object a line, nothing lost.
//!
//! ```text
//! {"topic":"orders","partition":3,"offset":7,"timestamp":1763460000000,"timestampType":"create",
//!  "key":"k","value":{"base64":"/w=="},"headers":[{"key":"trace","value":null}]}      (on one line)
//! ```

use super::super::out::{Hex, Out};
use super::text;
use crate::kafka::model::{Record, TimestampType, TopicName, TopicPartition};
use crate::kafka::records::RecordRef;

pub(super) fn prefix(out: &mut Out, partition: &TopicPartition) {
    out.put(b"{\"topic\":\"");
    out.escaped(partition.topic.as_str().as_bytes(), Hex::Lower);
    out.put(b"\",\"partition\":");
    out.number(i64::from(partition.partition.0));
    out.put(b",\"offset\":");
}

pub(super) fn record(out: &mut Out, record: &RecordRef<'_>) {
    let stamp = (record.timestamp, record.timestamp_type);
    fields(
        out,
        record.offset,
        stamp,
        (record.key, record.value),
        record.headers.clone(),
    );
    out.put(b"\n");
}

/// One record as its object, without a line end.
pub fn object(topic: &TopicName, record: &Record) -> String {
    let mut out = Out::default();
    prefix(&mut out, &TopicPartition::new(topic.as_str(), record.partition.0));
    let stamp = (record.timestamp.0, record.timestamp_type);
    let headers = record.headers.iter();
    let headers = headers.map(|header| (&header.key[..], header.value.as_deref()));
    let data = (record.key.as_deref(), record.value.as_deref());
    fields(&mut out, record.offset.0, stamp, data, headers);
    // All of it is text: what is none stands there as base64.
    String::from_utf8_lossy(out.bytes()).into_owned()
}

type Data<'a> = Option<&'a [u8]>;

fn fields<'a>(
    out: &mut Out,
    offset: i64,
    (timestamp, timestamp_type): (i64, TimestampType),
    (key, value): (Data<'_>, Data<'_>),
    of: impl Iterator<Item = (&'a [u8], Data<'a>)>,
) {
    out.number(offset);
    out.put(b",\"timestamp\":");
    if timestamp == -1 {
        out.put(b"null");
    } else {
        out.number(timestamp);
    }
    out.put(match timestamp_type {
        TimestampType::Create => b",\"timestampType\":\"create\",\"key\":",
        TimestampType::LogAppend => b",\"timestampType\":\"logAppend\",\"key\":",
    });
    bytes(out, key);
    out.put(b",\"value\":");
    bytes(out, value);
    out.put(b",\"headers\":");
    headers(out, of);
    out.put(b"}");
}

/// `null`, a string where the bytes are UTF-8, else an object with their base64.
fn bytes(out: &mut Out, bytes: Option<&[u8]>) {
    match bytes.map(text) {
        None => out.put(b"null"),
        Some(Ok(text)) => {
            out.put(b"\"");
            out.escaped(text.as_bytes(), Hex::Lower);
            out.put(b"\"");
        }
        Some(Err(binary)) => {
            out.put(b"{\"base64\":\"");
            out.base64(binary);
            out.put(b"\"}");
        }
    }
}

/// The headers as an array, in their order.
pub(super) fn headers<'a>(out: &mut Out, headers: impl Iterator<Item = (&'a [u8], Data<'a>)>) {
    out.put(b"[");
    for (number, (key, value)) in headers.enumerate() {
        out.put(if number == 0 { b"{\"key\":" } else { b",{\"key\":" });
        bytes(out, Some(key));
        out.put(b",\"value\":");
        bytes(out, value);
        out.put(b"}");
    }
    out.put(b"]");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Format;
    use super::super::tests::{header, line, lines};
    use crate::kafka::records::Stamp;

    #[test]
    fn a_line_is_the_object_that_is_documented() {
        let headers = [header(b"a", Some(b"1")), header(b"a", None), header(b"\xff", Some(b""))];
        let line = line(&Format::Jsonl, Some(b"k\n"), Some(b"\x00\xff"), &headers);
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1);
        let found: Value = serde_json::from_str(&line).unwrap();
        let expected = json!({
            "topic": "or\"ders", "partition": 3, "offset": 7, "timestamp": 1_763_460_000_000_i64,
            "timestampType": "create", "key": "k\n", "value": {"base64": "AP8="},
            "headers": [
                {"key": "a", "value": "1"}, {"key": "a", "value": null}, {"key": {"base64": "/w=="}, "value": ""},
            ],
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn the_schema_names_the_fields_of_a_line_in_their_order() {
        let schema: Value = serde_json::from_str(include_str!("../../../docs/export.schema.json")).unwrap();
        let line = line(&Format::Jsonl, None, None, &[]);
        let mut at = 0;
        for name in schema["required"].as_array().unwrap() {
            let found = line[at..].find(&format!("{name}:"));
            at += found.unwrap_or_else(|| panic!("{name} is not in {line}"));
        }
        let fields = serde_json::from_str::<Value>(&line).unwrap().as_object().unwrap().len();
        assert_eq!(fields, schema["required"].as_array().unwrap().len());
    }

    #[test]
    fn the_brokers_timestamps_are_named_so() {
        let line = lines(&Format::Jsonl, None, None, &[], Stamp::LogAppend(5));
        let found: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(
            (&found["timestamp"], &found["timestampType"]),
            (&json!(5), &json!("logAppend"))
        );
        assert_eq!(
            (&found["key"], &found["value"], &found["headers"]),
            (&json!(null), &json!(null), &json!([]))
        );
    }
}
