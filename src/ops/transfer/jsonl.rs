//! One line of what `ktui export` writes, read back: the bytes stay where they are, where no escape stands in them.
//!
//! The usual shape is read by hand. A line that is not quite of that shape is read again by serde_json, which decides
//! what it means or what is wrong with it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr2;
use serde::Deserialize;

use crate::kafka::model::PartitionId;
use crate::kafka::records::{NewHeader, NewRecord};

/// Where an exported record came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Its topic.
    pub topic: Option<Cow<'a, [u8]>>,
    /// Its partition.
    pub partition: Option<PartitionId>,
    /// Its offset.
    pub offset: Option<i64>,
}

/// An exported record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported<'a> {
    /// Where it was.
    pub origin: Origin<'a>,
    /// What it was.
    pub record: NewRecord<'a>,
}

/// Reads one line. A record without a timestamp gets `now`.
///
/// # Errors
/// What is wrong with the line, in words.
pub fn parse(line: &[u8], now: i64) -> Result<Exported<'_>, String> {
    match (Scanner { line, at: 0 }).exported(now) {
        Some(exported) => Ok(exported),
        None => by_serde(line, now),
    }
}

struct Scanner<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn exported(&mut self, now: i64) -> Option<Exported<'a>> {
        let mut exported = Exported::default();
        exported.record.timestamp = now;
        let mut has_value = false;
        self.eat(b'{')?;
        loop {
            let name = self.name()?;
            self.eat(b':')?;
            let record = &mut exported.record;
            match name {
                b"topic" => exported.origin.topic = Some(self.string()?),
                b"partition" => exported.origin.partition = Some(PartitionId(i32::try_from(self.number()?).ok()?)),
                b"offset" => exported.origin.offset = Some(self.number()?),
                b"timestamp" => record.timestamp = self.number()?,
                b"timestampType" => drop(self.string()?),
                b"key" => record.key = self.bytes()?,
                b"value" => (record.value, has_value) = (self.bytes()?, true),
                b"headers" => record.headers = self.headers()?,
                _ => return None,
            }
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        self.blanks();
        (self.at == self.line.len() && has_value).then_some(exported)
    }

    fn headers(&mut self) -> Option<Vec<NewHeader<'a>>> {
        let mut headers = Vec::new();
        self.eat(b'[')?;
        self.blanks();
        if self.line.get(self.at) == Some(&b']') {
            self.at += 1;
            return Some(headers);
        }
        loop {
            self.eat(b'{')?;
            let is_key = self.name()? == b"key";
            self.eat(b':')?;
            let key = self.bytes()?.filter(|_| is_key)?;
            self.eat(b',')?;
            let is_value = self.name()? == b"value";
            self.eat(b':')?;
            let value = self.bytes()?;
            self.eat(b'}').filter(|()| is_value)?;
            headers.push((key, value));
            match self.next()? {
                b',' => {}
                b']' => return Some(headers),
                _ => return None,
            }
        }
    }

    /// `null`, a string, or `{"base64":"..."}`.
    #[expect(clippy::option_option, reason = "no such bytes, null, bytes")]
    fn bytes(&mut self) -> Option<Option<Cow<'a, [u8]>>> {
        self.blanks();
        match self.line.get(self.at)? {
            b'"' => self.string().map(Some),
            b'n' => {
                self.at += 4;
                (self.line.get(self.at - 4..self.at)? == b"null").then_some(None)
            }
            _ => {
                self.eat(b'{')?;
                let is_base64 = self.name()? == b"base64";
                self.eat(b':')?;
                let text = self.string().filter(|_| is_base64)?;
                self.eat(b'}')?;
                Some(Some(Cow::Owned(STANDARD.decode(text).ok()?)))
            }
        }
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        match self.string()? {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(_) => None,
        }
    }

    fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        self.eat(b'"')?;
        let rest = self.line.get(self.at..)?;
        let end = memchr2(b'"', b'\\', rest)?;
        if rest[end] == b'"' {
            self.at += end + 1;
            return Some(Cow::Borrowed(&rest[..end]));
        }
        self.escaped().map(Cow::Owned)
    }

    /// The rest of a string that has escapes.
    fn escaped(&mut self) -> Option<Vec<u8>> {
        // JSON in JSON: a fifth of the bytes are escapes.
        let mut text = Vec::with_capacity(256);
        loop {
            let rest = self.line.get(self.at..)?;
            let end = memchr2(b'"', b'\\', rest)?;
            text.extend_from_slice(&rest[..end]);
            self.at += end + 1;
            if rest[end] == b'"' {
                return Some(text);
            }
            let escape = *self.line.get(self.at)?;
            self.at += 1;
            text.push(match escape {
                b'"' | b'\\' | b'/' => escape,
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                b'u' => {
                    let c = self.unicode()?;
                    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
                _ => return None,
            });
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        if self.line.get(self.at..self.at + 2)? != b"\\u" {
            return None;
        }
        self.at += 2;
        let second = self.hex().filter(|second| (0xdc00..0xe000).contains(second))?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.line.get(self.at..self.at + 4)?;
        self.at += 4;
        let mut code = 0;
        for digit in digits {
            code = code << 4 | char::from(*digit).to_digit(16)?;
        }
        Some(code)
    }

    fn number(&mut self) -> Option<i64> {
        self.blanks();
        let rest = self.line.get(self.at..)?;
        let length = rest.iter().take_while(|c| c.is_ascii_digit() || **c == b'-').count();
        self.at += length;
        std::str::from_utf8(&rest[..length]).ok()?.parse().ok()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.line.get(self.at) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<u8> {
        self.blanks();
        self.at += 1;
        self.line.get(self.at - 1).copied()
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    topic: Option<String>,
    partition: Option<i32>,
    offset: Option<i64>,
    timestamp: Option<i64>,
    #[serde(default)]
    key: Option<Text>,
    #[serde(deserialize_with = "present")]
    value: Option<Text>,
    #[serde(default)]
    headers: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    key: Text,
    #[serde(default)]
    value: Option<Text>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected null, a string or {\"base64\":\"...\"}")]
enum Text {
    Plain(String),
    Encoded { base64: String },
}

/// A field that may be null but not absent: who forgot it would delete by tombstones.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Option::deserialize(deserializer)
}

fn by_serde(line: &[u8], now: i64) -> Result<Exported<'static>, String> {
    let said = |error: serde_json::Error| {
        if error.is_eof() {
            "it ends in the middle: was the file cut off?".to_owned()
        } else {
            let words = error.to_string();
            // Always "at line 1", which is not the line of the file.
            let (what, _) = words.rsplit_once(" at line ").unwrap_or((&words, ""));
            format!("{what} (column {})", error.column())
        }
    };
    let read: Line = serde_json::from_slice(line).map_err(said)?;
    let headers = read.headers.into_iter().map(|header| {
        let value = header.value.map(decoded).transpose()?;
        Ok((decoded(header.key)?, value))
    });
    Ok(Exported {
        origin: Origin {
            topic: read.topic.map(|topic| Cow::Owned(topic.into_bytes())),
            partition: read.partition.map(PartitionId),
            offset: read.offset,
        },
        record: NewRecord {
            timestamp: read.timestamp.unwrap_or(now),
            key: read.key.map(decoded).transpose()?,
            value: read.value.map(decoded).transpose()?,
            headers: headers.collect::<Result<_, String>>()?,
        },
    })
}

fn decoded(text: Text) -> Result<Cow<'static, [u8]>, String> {
    match text {
        Text::Plain(text) => Ok(Cow::Owned(text.into_bytes())),
        Text::Encoded { base64 } => {
            let bytes = STANDARD
                .decode(base64)
                .map_err(|error| format!("not base64: {error}"))?;
            Ok(Cow::Owned(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> Exported<'_> {
        parse(line.as_bytes(), 7).unwrap()
    }

    #[test]
    fn null_empty_text_and_bytes_are_told_apart() {
        let line = r#"{"topic":"t","partition":3,"offset":9,"timestamp":-1,"timestampType":"create","key":null,"value":"","headers":[{"key":"h","value":null},{"key":"h","value":{"base64":"/w=="}},{"key":"","value":"é\u0000"}]}"#;
        let fast = (Scanner {
            line: line.as_bytes(),
            at: 0,
        })
        .exported(7)
        .expect("the usual shape needs no help");
        assert_eq!(fast, read(line));
        assert_eq!(fast, by_serde(line.as_bytes(), 7).unwrap());
        assert_eq!(
            (fast.record.timestamp, fast.record.key, fast.record.value),
            (-1, None, Some(b""[..].into()))
        );
        let headers: [NewHeader<'_>; 3] = [
            (b"h"[..].into(), None),
            (b"h"[..].into(), Some(b"\xff"[..].into())),
            (b""[..].into(), Some("é\0".as_bytes().into())),
        ];
        assert_eq!(fast.record.headers, headers);
        assert_eq!(fast.origin.partition, Some(PartitionId(3)));
        assert_eq!(fast.origin.offset, Some(9));
    }

    #[test]
    fn escapes_are_undone() {
        let line = r#"{"value":"{\"a\":\"\\n\"}\n\t\r\b\f\/\ud83d\ude00\u00e9"}"#;
        let value = "{\"a\":\"\\n\"}\n\t\r\u{8}\u{c}/😀é";
        assert_eq!(read(line).record.value.unwrap(), value.as_bytes());
        assert_eq!(
            read(line).record.timestamp,
            7,
            "who has no time gets that of the import"
        );
    }

    #[test]
    fn other_json_of_the_same_meaning_is_read_too() {
        let line = " { \"note\": {\"a\": [1]}, \"val\\u0075e\" : \"x\" , \"key\":{ \"base64\" : \"AA==\" } } ";
        let read = read(line);
        assert_eq!(read.record.value.as_deref(), Some(&b"x"[..]));
        assert_eq!(read.record.key.as_deref(), Some(&b"\0"[..]));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, said) in [
            (r#"{"value":"ab"#, "cut off"),
            (r#"{"key":"a"}"#, "missing field `value`"),
            (r#"{"value":{"base64":"a"}}"#, "not base64"),
            (r#"{"value":7}"#, "expected null, a string or"),
            ("hello", "expected value"),
            (r#"{"value":"a"} x"#, "trailing characters"),
            (r#"{"value":"\ud800"}"#, "hex escape"),
            ("", "cut off"),
        ] {
            let error = parse(line.as_bytes(), 0).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_way_reads_what_serde_reads(key in any::<Option<String>>(), value in any::<Option<String>>()) {
            let line = serde_json::json!({"topic": "t", "partition": 1, "offset": 2, "timestamp": 3, "key": key, "value": value, "headers": []});
            let line = line.to_string();
            prop_assert_eq!(parse(line.as_bytes(), 0), by_serde(line.as_bytes(), 0));
            let read = parse(line.as_bytes(), 0).unwrap();
            prop_assert_eq!(read.record.value.as_deref(), value.as_deref().map(str::as_bytes));
        }

        #[test]
        fn no_bytes_make_it_panic(line in prop::collection::vec(any::<u8>(), 0..80), at in 0_usize..80) {
            let _ = parse(&line, 0);
            let mut usual = br#"{"key":"a\u00e9","value":{"base64":"AA=="},"headers":[{"key":"h","value":null}]}"#.to_vec();
            let at = at.min(usual.len());
            usual.splice(at..at, line);
            let _ = parse(&usual, 0);
        }
    }
}
