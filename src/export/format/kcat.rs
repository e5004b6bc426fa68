//! What `kcat -J` (1.7) prints, byte for byte. It has no way to say that bytes are not text: they are written as they
//! are.

use super::super::out::{Hex, Out};
use crate::kafka::model::{BrokerId, TimestampType, TopicPartition};
use crate::kafka::records::RecordRef;

pub(super) fn prefix(out: &mut Out, partition: &TopicPartition) {
    out.put(b"{\"topic\":\"");
    out.escaped(partition.topic.as_str().as_bytes(), Hex::Upper);
    out.put(b"\",\"partition\":");
    out.number(i64::from(partition.partition.0));
    out.put(b",\"offset\":");
}

pub(super) fn record(out: &mut Out, record: &RecordRef<'_>, broker: Option<BrokerId>) {
    out.number(record.offset);
    out.put(match (record.timestamp, record.timestamp_type) {
        (-1, _) => b",\"tstype\":\"unknown\",\"ts\":",
        (_, TimestampType::Create) => b",\"tstype\":\"create\",\"ts\":",
        (_, TimestampType::LogAppend) => b",\"tstype\":\"logappend\",\"ts\":",
    });
    out.number(record.timestamp);
    out.put(b",\"broker\":");
    out.number(broker.map_or(-1, |broker| i64::from(broker.0)));
    if !record.headers.is_empty() {
        out.put(b",\"headers\":[");
        for (number, (key, value)) in record.headers.clone().enumerate() {
            if number > 0 {
                out.put(b",");
            }
            string(out, Some(key));
            out.put(b",");
            string(out, value);
        }
        out.put(b"]");
    }
    out.put(b",\"key\":");
    string(out, record.key);
    out.put(b",\"payload\":");
    string(out, record.value);
    out.put(b"}\n");
}

fn string(out: &mut Out, bytes: Option<&[u8]>) {
    match bytes {
        None => out.put(b"null"),
        Some(bytes) => {
            out.put(b"\"");
            out.escaped(bytes, Hex::Upper);
            out.put(b"\"");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{header, line, lines};
    use crate::kafka::records::Stamp;

    #[test]
    fn a_line_is_kcats() {
        let headers = [header(b"a", Some(b"b")), header(b"d", None)];
        let expected = r#"{"topic":"or\"ders","partition":3,"offset":7,"tstype":"create","ts":1763460000000,"broker":2,"headers":["a","b","d",null],"key":"k","payload":"\u000B/"}"#;
        assert_eq!(
            line(&Format::Kcat, Some(b"k"), Some(b"\x0b/"), &headers),
            format!("{expected}\n")
        );
    }

    #[test]
    fn without_headers_there_is_no_such_field_and_null_is_null() {
        let line = lines(&Format::Kcat, None, None, &[], Stamp::LogAppend(9));
        let expected = b"\"tstype\":\"logappend\",\"ts\":9,\"broker\":2,\"key\":null,\"payload\":null}\n";
        assert!(line.ends_with(expected), "{}", String::from_utf8_lossy(&line));
    }
}
