//! RFC 4180. An empty field without quotes is null, one with quotes is empty; what is not UTF-8 is base64.

use super::super::out::Out;
use super::{jsonl, text};
use crate::kafka::model::{TimestampType, TopicPartition};
use crate::kafka::records::RecordRef;

/// The line of names.
pub const HEAD: &[u8] =
    b"topic,partition,offset,timestamp,timestampType,keyEncoding,key,valueEncoding,value,headers\r\n";

pub(super) fn prefix(out: &mut Out, partition: &TopicPartition) {
    field(out, partition.topic.as_str().as_bytes());
    out.put(b",");
    out.number(i64::from(partition.partition.0));
    out.put(b",");
}

pub(super) fn record(out: &mut Out, record: &RecordRef<'_>) {
    out.number(record.offset);
    out.put(b",");
    if record.timestamp != -1 {
        out.number(record.timestamp);
    }
    out.put(match (record.timestamp, record.timestamp_type) {
        (-1, _) => b",,",
        (_, TimestampType::Create) => b",create,",
        (_, TimestampType::LogAppend) => b",logAppend,",
    });
    bytes(out, record.key);
    out.put(b",");
    bytes(out, record.value);
    out.put(b",");
    if record.headers.is_empty() {
        out.put(b"[]");
    } else {
        // JSON with a name in it always needs quotes.
        out.put(b"\"");
        let from = out.len();
        jsonl::headers(out, record.headers.clone());
        out.double(b'"', from);
        out.put(b"\"");
    }
    out.put(b"\r\n");
}

/// Two fields: the encoding, and the bytes in it.
fn bytes(out: &mut Out, bytes: Option<&[u8]>) {
    match bytes.map(text) {
        None => out.put(b","),
        Some(Ok(text)) => {
            out.put(b"utf8,");
            field(out, text.as_bytes());
        }
        Some(Err(binary)) => {
            out.put(b"base64,");
            out.base64(binary);
        }
    }
}

/// A field that is not null, in quotes where it needs them.
fn field(out: &mut Out, field: &[u8]) {
    let needs_quotes = memchr::memchr3(b'"', b',', b'\n', field).is_some() || memchr::memchr(b'\r', field).is_some();
    if !needs_quotes && !field.is_empty() {
        return out.put(field);
    }
    out.put(b"\"");
    let mut rest = field;
    while let Some(at) = memchr::memchr(b'"', rest) {
        out.put(&rest[..=at]);
        out.put(b"\"");
        rest = &rest[at + 1..];
    }
    out.put(rest);
    out.put(b"\"");
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{header, line};

    #[test]
    fn null_empty_text_and_binary_are_told_apart() {
        let of = |key, value| line(&Format::Csv, key, value, &[]);
        let start = "\"or\"\"ders\",3,7,1763460000000,create,";
        assert_eq!(of(None, Some(b"")), format!("{start},,utf8,\"\",[]\r\n"));
        assert_eq!(of(Some(b"k"), None), format!("{start}utf8,k,,,[]\r\n"));
        assert_eq!(of(None, Some(b"\xff")), format!("{start},,base64,/w==,[]\r\n"));
        assert_eq!(
            of(None, Some(b"a,\"b\"\r\n")),
            format!("{start},,utf8,\"a,\"\"b\"\"\r\n\",[]\r\n")
        );
    }

    #[test]
    fn a_reader_of_csv_reads_it_back() {
        let headers = [header(b"a", Some(b"x,\"y\"")), header(b"b", None)];
        let line = line(&Format::Csv, Some(b"k\r"), Some("é\n".as_bytes()), &headers);
        let text = [super::HEAD, line.as_bytes()].concat();
        let mut reader = csv::Reader::from_reader(&text[..]);
        let row = reader.records().next().unwrap().unwrap();
        let names = reader.headers().unwrap().clone();
        let of = |name: &str| row[names.iter().position(|one| one == name).unwrap()].to_owned();
        assert_eq!(
            (of("topic"), of("key"), of("value")),
            ("or\"ders".into(), "k\r".into(), "é\n".into())
        );
        let headers: serde_json::Value = serde_json::from_str(&of("headers")).unwrap();
        assert_eq!(headers[0]["value"], "x,\"y\"");
    }
}
