//! CBOR as JSON (RFC 8949), token by token: what JSON lacks becomes an object that names it. Where a map has keys that
//! are no scalars, the text is CBOR's own diagnostic notation.

use minicbor::Decoder;
use minicbor::data::Token;
use minicbor::decode::Tokenizer;

use super::registry::Decoded;
use super::write::Json;

/// Marks bytes as CBOR (RFC 8949, 3.4.6).
const SELF_DESCRIBED: u64 = 55799;
/// Deepest nesting, so that a hostile value makes no long text of brackets.
const DEEPEST: usize = 1000;

/// Whether the first byte opens a map or an array, or marks CBOR.
pub(super) fn looks_like_it(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd9\xd9\xf7") || bytes.len() > 2 && matches!(bytes[0], 0x81..=0x9b | 0x9f | 0xa1..=0xbb | 0xbf)
}

/// The bytes as JSON, if all of them are one CBOR value.
pub(super) fn read(bytes: &[u8]) -> Result<Decoded, String> {
    let mut reader = Reader {
        tokens: Decoder::new(bytes),
        open: Vec::new(),
        json: Json::default(),
    };
    match reader.run() {
        Ok(()) => Ok(Decoded::Json(reader.json.into_text())),
        Err(Stop::CompositeKey) => {
            check(bytes)?;
            Ok(Decoded::Text(Tokenizer::new(bytes).to_string()))
        }
        Err(Stop::Broken(why)) => Err(format!("not CBOR: {why}")),
    }
}

/// Why there is no JSON.
enum Stop {
    Broken(String),
    CompositeKey,
}

/// An open array, map, tag or string.
struct Frame {
    kind: Kind,
    /// Items left; `None` until a break.
    left: Option<u64>,
    /// Whether the next item of a map is a key.
    is_at_key: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    Map,
    Tag { is_shown: bool },
    Bytes,
    Text,
}

struct Reader<'a> {
    tokens: Decoder<'a>,
    open: Vec<Frame>,
    json: Json,
}

impl<'a> Reader<'a> {
    fn run(&mut self) -> Result<(), Stop> {
        loop {
            let token = self.next()?;
            self.take(token)?;
            while self.open.last().is_some_and(|frame| frame.left == Some(0)) {
                self.close();
            }
            if self.open.is_empty() {
                break;
            }
        }
        if self.tokens.position() < self.tokens.input().len() {
            return Err(Stop::Broken("bytes after the value".to_owned()));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Token<'a>, Stop> {
        self.tokens.decode().map_err(|error| {
            Stop::Broken(if error.is_end_of_input() {
                "end of bytes within a value".to_owned()
            } else {
                error.to_string()
            })
        })
    }

    fn take(&mut self, token: Token<'a>) -> Result<(), Stop> {
        if token == Token::Break {
            return self.end();
        }
        if self
            .open
            .last()
            .is_some_and(|frame| frame.kind == Kind::Map && frame.is_at_key)
        {
            let key = scalar(&token).ok_or(Stop::CompositeKey)?;
            self.json.key(&key);
            self.count();
            return Ok(());
        }
        self.count();
        match token {
            Token::Array(count) => self.open('[', Kind::Array, Some(count))?,
            Token::BeginArray => self.open('[', Kind::Array, None)?,
            Token::Map(count) => {
                let items = count
                    .checked_mul(2)
                    .ok_or_else(|| Stop::Broken("a map of endless size".to_owned()))?;
                self.open('{', Kind::Map, Some(items))?;
            }
            Token::BeginMap => self.open('{', Kind::Map, None)?,
            Token::Tag(tag) => self.tag(tag.as_u64())?,
            Token::BeginBytes => self.chunks(Kind::Bytes)?,
            Token::BeginString => self.chunks(Kind::Text)?,
            other => write(&other, &mut self.json),
        }
        Ok(())
    }

    /// One item of the innermost frame is there.
    fn count(&mut self) {
        if let Some(frame) = self.open.last_mut() {
            frame.left = frame.left.map(|left| left.saturating_sub(1));
            frame.is_at_key = !frame.is_at_key;
        }
    }

    fn open(&mut self, bracket: char, kind: Kind, left: Option<u64>) -> Result<(), Stop> {
        self.json.open(bracket);
        self.push(kind, left)
    }

    fn push(&mut self, kind: Kind, left: Option<u64>) -> Result<(), Stop> {
        if self.open.len() >= DEEPEST {
            return Err(Stop::Broken(format!("more than {DEEPEST} levels")));
        }
        self.open.push(Frame {
            kind,
            left,
            is_at_key: true,
        });
        Ok(())
    }

    fn tag(&mut self, tag: u64) -> Result<(), Stop> {
        let is_shown = tag != SELF_DESCRIBED;
        if is_shown {
            self.json.open('{');
            self.json.key("tag");
            self.json.plain(tag);
            self.json.key("value");
        }
        self.push(Kind::Tag { is_shown }, Some(1))
    }

    /// A string in chunks up to the break.
    fn chunks(&mut self, kind: Kind) -> Result<(), Stop> {
        let (mut bytes, mut text) = (Vec::new(), String::new());
        loop {
            match (kind, self.next()?) {
                (Kind::Bytes, Token::Bytes(chunk)) => bytes.extend_from_slice(chunk),
                (Kind::Text, Token::String(chunk)) => text.push_str(chunk),
                (_, Token::Break) => break,
                _ => return Err(Stop::Broken("a string with something else in it".to_owned())),
            }
        }
        match kind {
            Kind::Bytes => self.json.bytes(&bytes),
            _ => self.json.string(&text),
        }
        Ok(())
    }

    /// A break ends an array or a map of unknown length.
    fn end(&mut self) -> Result<(), Stop> {
        match self.open.last_mut() {
            Some(frame) if frame.left.is_none() && (frame.kind != Kind::Map || frame.is_at_key) => {
                frame.left = Some(0);
                Ok(())
            }
            _ => Err(Stop::Broken("a break that ends nothing".to_owned())),
        }
    }

    fn close(&mut self) {
        match self.open.pop().map(|frame| frame.kind) {
            Some(Kind::Array) => self.json.close(']'),
            Some(Kind::Map | Kind::Tag { is_shown: true }) => self.json.close('}'),
            _ => {}
        }
    }
}

/// The text of a key; `None` for an array, a map, a tag or a string in chunks.
fn scalar(token: &Token<'_>) -> Option<String> {
    match token {
        Token::String(text) => Some((*text).to_owned()),
        Token::Array(_) | Token::Map(_) | Token::Tag(_) => None,
        Token::BeginArray | Token::BeginMap | Token::BeginBytes | Token::BeginString | Token::Break => None,
        other => {
            let mut json = Json::default();
            write(other, &mut json);
            Some(json.into_text())
        }
    }
}

fn write(token: &Token<'_>, json: &mut Json) {
    match token {
        Token::Bool(value) => json.plain(value),
        Token::U8(value) => json.plain(value),
        Token::U16(value) => json.plain(value),
        Token::U32(value) => json.plain(value),
        Token::U64(value) => json.plain(value),
        Token::I8(value) => json.plain(value),
        Token::I16(value) => json.plain(value),
        Token::I32(value) => json.plain(value),
        Token::I64(value) => json.plain(value),
        Token::Int(value) => json.plain(value),
        Token::F16(value) | Token::F32(value) if value.is_finite() => json.plain(value),
        Token::F16(value) | Token::F32(value) => json.float((*value).into()),
        Token::F64(value) => json.float(*value),
        Token::Bytes(bytes) => json.bytes(bytes),
        Token::String(text) => json.string(text),
        Token::Simple(number) => simple(*number, json),
        Token::Undefined => simple(23, json),
        _ => json.plain("null"),
    }
}

fn simple(number: u8, json: &mut Json) {
    json.open('{');
    json.key("simple");
    json.plain(number);
    json.close('}');
}

/// Checks bytes whose text will be diagnostic notation: they are one whole value.
fn check(bytes: &[u8]) -> Result<(), String> {
    let mut decoder = Decoder::new(bytes);
    decoder.skip().map_err(|error| format!("not CBOR: {error}"))?;
    if decoder.position() < bytes.len() {
        return Err("not CBOR: bytes after the value".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(bytes: &[u8]) -> String {
        match read(bytes) {
            Ok(Decoded::Json(text) | Decoded::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn examples_of_the_rfc_are_read() {
        for (bytes, text) in [
            (&b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"[..], "18446744073709551615"),
            (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "-18446744073709551616"),
            (b"\xf9\x3c\x00", "1"),
            (b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", "1.1"),
            (b"\xf9\x7e\x00", "\"NaN\""),
            (b"\x83\x01\x82\x02\x03\x82\x04\x05", "[1,[2,3],[4,5]]"),
            (b"\xbf\x61\x61\x01\x61\x62\x9f\x02\x03\xff\xff", "{\"a\":1,\"b\":[2,3]}"),
            (b"\xa2\x61\x61\x01\x61\x61\x02", "{\"a\":1,\"a\":2}"),
            (b"\xa1\x01\x02", "{\"1\":2}"),
            (b"\xc1\x1a\x51\x4b\x67\xb0", "{\"tag\":1,\"value\":1363896240}"),
            (b"\xd9\xd9\xf7\x80", "[]"),
            (b"\x5f\x42\x01\x02\x41\x03\xff", "{\"base64\":\"AQID\"}"),
            (b"\x7f\x61a\x61b\xff", "\"ab\""),
            (b"\xf7", "{\"simple\":23}"),
            (b"\xa0", "{}"),
        ] {
            assert_eq!(json(bytes), text, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_map_with_an_array_as_key_is_told_in_diagnostic_notation() {
        assert_eq!(json(b"\xa1\x81\x01\x02"), "{[1]: 2}");
    }

    #[test]
    fn broken_bytes_are_refused() {
        for bytes in [
            &b"\x82\x01"[..],
            b"\x01\x02",
            b"\xff",
            b"\x9f\x01",
            b"\xbf\x61a\xff",
            b"\x5f\x61a\xff",
            b"\xa1\x81\x01",
        ] {
            assert!(read(bytes).is_err(), "{bytes:02x?}");
        }
        assert!(read(&vec![0x81; 100_000]).is_err());
        assert!(read(&vec![0xa1; 100_000]).is_err());
        assert!(read(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01").is_err());
    }
}
