//! The table of decoders, and which one shows certain bytes best.
//!
//! A new one (those of a schema registry will come) is a variant of [`Format`], a row of [`DECODERS`] and an arm of
//! [`decode`].

use std::fmt;

use super::json;
use super::shape::{Shape, shape};
use super::site::{Part, Site};
use super::{base64, cbor, coordinator, messagepack, number, uuid};

/// How to show bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// By what the bytes are and where they stand.
    Auto,
    /// JSON laid out.
    Json,
    /// Text, with what is not UTF-8 spelled out.
    Text,
    /// Hex dump.
    Hex,
    /// A whole number of 1, 2, 4 or 8 bytes.
    Integer,
    /// A floating-point number of 4 or 8 bytes.
    Float,
    /// 16 bytes as a UUID.
    Uuid,
    /// The bytes in base64.
    Base64,
    /// What a base64 text holds.
    FromBase64,
    /// MessagePack as JSON.
    MessagePack,
    /// CBOR as JSON (RFC 8949).
    Cbor,
    /// Keys and values of `__consumer_offsets`.
    ConsumerOffsets,
    /// Keys and values of `__transaction_state`.
    TransactionState,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct DecoderRow {
    /// The format.
    pub format: Format,
    /// Its stable name: what is remembered for a topic.
    pub name: &'static str,
    /// Its name on the screen.
    pub title: &'static str,
    /// What it does, for the list to choose from.
    pub help: &'static str,
}

const fn row(format: Format, name: &'static str, title: &'static str, help: &'static str) -> DecoderRow {
    DecoderRow {
        format,
        name,
        title,
        help,
    }
}

/// All decoders, in the order of the list to choose from.
pub const DECODERS: &[DecoderRow] = &[
    row(
        Format::Auto,
        "auto",
        "auto",
        "by what the bytes are and where they stand",
    ),
    row(
        Format::Json,
        "json",
        "JSON",
        "laid out; numbers and duplicate keys as they are",
    ),
    row(Format::Text, "text", "text", "UTF-8; other bytes spelled out"),
    row(Format::Hex, "hex", "hex", "position, bytes, printable ASCII"),
    row(
        Format::Integer,
        "integer",
        "integer",
        "1, 2, 4 or 8 bytes, both byte orders",
    ),
    row(
        Format::Float,
        "float",
        "float",
        "4 or 8 bytes, IEEE 754, both byte orders",
    ),
    row(Format::Uuid, "uuid", "UUID", "16 bytes"),
    row(Format::Base64, "base64", "base64", "the bytes in base64"),
    row(
        Format::FromBase64,
        "from-base64",
        "from base64",
        "what a base64 text holds",
    ),
    row(Format::MessagePack, "messagepack", "MessagePack", "as JSON"),
    row(Format::Cbor, "cbor", "CBOR", "as JSON"),
    row(
        Format::ConsumerOffsets,
        "consumer-offsets",
        "__consumer_offsets",
        "commits and groups, as the coordinator writes them",
    ),
    row(
        Format::TransactionState,
        "transaction-state",
        "__transaction_state",
        "transactions, as the coordinator writes them",
    ),
];

impl Format {
    /// Its row in the table.
    pub fn row(self) -> &'static DecoderRow {
        DECODERS.iter().find(|row| row.format == self).unwrap_or(&DECODERS[0])
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        DECODERS.iter().find(|row| row.name == name).map(|row| row.format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.row().title)
    }
}

/// What a decoder made of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// Show the bytes themselves as text.
    AsText,
    /// Show the bytes themselves as JSON.
    AsJson,
    /// Show the bytes themselves in hex.
    AsHex,
    /// A text of its own.
    Text(String),
    /// JSON of its own; always valid.
    Json(String),
    /// Other bytes, to be looked at as any are.
    Bytes(Vec<u8>),
}

/// The most bytes a decoder that makes a text of its own takes.
pub const LARGEST: usize = 16 << 20;

/// Decodes `bytes`, which are neither null nor empty. The error says in a few words why that cannot be.
///
/// # Errors
/// When the bytes are not of that format. [`Format::Auto`], text and hex take anything.
pub fn decode(bytes: &[u8], format: Format, site: &Site<'_>) -> Result<Decoded, String> {
    if bytes.len() > LARGEST && !matches!(format, Format::Auto | Format::Json | Format::Text | Format::Hex) {
        return Err(format!("larger than {} MiB", LARGEST >> 20));
    }
    match format {
        Format::Auto => Ok(choose(bytes, site).decoded),
        Format::Text => Ok(Decoded::AsText),
        Format::Hex => Ok(Decoded::AsHex),
        Format::Json => {
            let text =
                std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
            json::validate(text).map_err(|error| error.to_string())?;
            Ok(Decoded::AsJson)
        }
        Format::Integer => number::integers(bytes).map(Decoded::Text),
        Format::Float => number::floats(bytes).map(Decoded::Text),
        Format::Uuid => uuid::read(bytes).map(Decoded::Text),
        Format::Base64 => Ok(Decoded::Text(base64::write(bytes))),
        Format::FromBase64 => base64::read(bytes).map(Decoded::Bytes),
        Format::MessagePack => messagepack::read(bytes).map(Decoded::Json),
        Format::Cbor => cbor::read(bytes),
        Format::ConsumerOffsets => coordinator::consumer_offsets(bytes, site).map(Decoded::Json),
        Format::TransactionState => coordinator::transaction_state(bytes, site).map(Decoded::Json),
    }
}

/// A format chosen for certain bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The format.
    pub format: Format,
    /// Why this one, in a few words.
    pub reason: String,
    /// What it makes of the bytes.
    pub decoded: Decoded,
}

impl Choice {
    fn new(format: Format, reason: impl Into<String>, decoded: Decoded) -> Self {
        Self {
            format,
            reason: reason.into(),
            decoded,
        }
    }
}

/// The format that shows `bytes` best. Only what is quite sure is decoded; the rest is text or hex.
pub fn choose(bytes: &[u8], site: &Site<'_>) -> Choice {
    by_topic(bytes, site).unwrap_or_else(|| by_shape(bytes, shape(Some(bytes))))
}

/// The same for bytes of which it is known what they are: large ones are not read again for that.
pub(super) fn choose_shaped(bytes: &[u8], shape: Shape, site: &Site<'_>) -> Choice {
    by_topic(bytes, site).unwrap_or_else(|| by_shape(bytes, shape))
}

fn by_shape(bytes: &[u8], shape: Shape) -> Choice {
    match shape {
        Shape::Json => Choice::new(Format::Json, "valid JSON", Decoded::AsJson),
        Shape::Null | Shape::Empty | Shape::Text => Choice::new(Format::Text, "valid UTF-8", Decoded::AsText),
        binary @ (Shape::NotUtf8 { .. } | Shape::Control { .. }) => by_bytes(bytes).unwrap_or_else(|| {
            Choice::new(
                Format::Hex,
                binary.to_string().replacen("binary: ", "", 1),
                Decoded::AsHex,
            )
        }),
    }
}

/// What brokers write into topics of their own.
fn by_topic(bytes: &[u8], site: &Site<'_>) -> Option<Choice> {
    let format = match (site.topic, site.part) {
        (_, Part::Header) => return None,
        ("__consumer_offsets", _) => Format::ConsumerOffsets,
        ("__transaction_state", _) => Format::TransactionState,
        _ => return None,
    };
    let decoded = decode(bytes, format, site).ok()?;
    Some(Choice::new(format, format!("topic {}", site.topic), decoded))
}

/// What binary bytes are by their look.
fn by_bytes(bytes: &[u8]) -> Option<Choice> {
    if let Some(reason) = number::looks_like_integer(bytes) {
        return Some(Choice::new(
            Format::Integer,
            reason,
            Decoded::Text(first_line(number::integers(bytes).ok()?)),
        ));
    }
    if let Some(reason) = number::looks_like_float(bytes) {
        return Some(Choice::new(
            Format::Float,
            reason,
            Decoded::Text(first_line(number::floats(bytes).ok()?)),
        ));
    }
    if uuid::looks_like_one(bytes) {
        let reason = "16 bytes with a UUID's version and variant";
        return Some(Choice::new(
            Format::Uuid,
            reason,
            Decoded::Text(uuid::read(bytes).ok()?),
        ));
    }
    if bytes.len() > LARGEST {
        return None;
    }
    if messagepack::looks_like_it(bytes)
        && let Ok(text) = messagepack::read(bytes)
    {
        return Some(Choice::new(
            Format::MessagePack,
            "all of it is MessagePack",
            Decoded::Json(text),
        ));
    }
    if cbor::looks_like_it(bytes)
        && let Ok(decoded) = cbor::read(bytes)
    {
        return Some(Choice::new(Format::Cbor, "all of it is CBOR", decoded));
    }
    None
}

/// The usual reading alone.
fn first_line(mut text: String) -> String {
    text.truncate(text.find('\n').unwrap_or(text.len()));
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(bytes: &[u8]) -> (Format, String) {
        let choice = choose(bytes, &Site::UNKNOWN);
        (choice.format, choice.reason)
    }

    #[test]
    fn the_automatic_choice_says_its_reason() {
        for (bytes, format, reason) in [
            (&b"{\"a\":1}"[..], Format::Json, "valid JSON"),
            (b"hello", Format::Text, "valid UTF-8"),
            (b"\0\0\0\x2a", Format::Integer, "looks like a small integer, big-endian"),
            (
                b"\0\0\0\0\0\0\0\x2a",
                Format::Integer,
                "looks like a small integer, big-endian",
            ),
            (
                &12.5f64.to_be_bytes(),
                Format::Float,
                "looks like a float of ordinary size, big-endian",
            ),
            (
                b"\x82\xa1a\x01\xa1b\xc0",
                Format::MessagePack,
                "all of it is MessagePack",
            ),
            (b"\xa1\x61a\xf6", Format::Cbor, "all of it is CBOR"),
            (b"\xff\xfe\xfd", Format::Hex, "not UTF-8 at byte 0"),
        ] {
            assert_eq!(chosen(bytes), (format, reason.to_owned()), "{bytes:02x?}");
        }
    }

    #[test]
    fn every_format_has_one_row_and_finds_it_by_name() {
        // Whoever adds a format adds it here, and is told of the row that is missing.
        let number = |format: Format| match format {
            Format::Auto => 0,
            Format::Json => 1,
            Format::Text => 2,
            Format::Hex => 3,
            Format::Integer => 4,
            Format::Float => 5,
            Format::Uuid => 6,
            Format::Base64 => 7,
            Format::FromBase64 => 8,
            Format::MessagePack => 9,
            Format::Cbor => 10,
            Format::ConsumerOffsets => 11,
            Format::TransactionState => 12,
        };
        let rows: Vec<usize> = DECODERS.iter().map(|row| number(row.format)).collect();
        assert_eq!(rows, (0..=12).collect::<Vec<_>>());
        for row in DECODERS {
            assert_eq!(Format::named(row.name), Some(row.format));
            assert_eq!(row.format.row().name, row.name);
        }
        assert_eq!(Format::named("avro"), None);
    }

    #[test]
    fn a_format_that_does_not_fit_says_why() {
        let why = |bytes: &[u8], format| decode(bytes, format, &Site::UNKNOWN).unwrap_err();
        assert_eq!(why(b"{", Format::Json), "end of text at byte 1");
        assert_eq!(why(b"abc", Format::Integer), "an integer has 1, 2, 4 or 8 bytes, not 3");
        assert_eq!(why(b"abc", Format::Uuid), "a UUID has 16 bytes, not 3");
        assert_eq!(why(&vec![0; LARGEST + 1], Format::Cbor), "larger than 16 MiB");
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_given_to_any_decoder(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            for row in DECODERS {
                for topic in ["", "__consumer_offsets", "__transaction_state"] {
                    for part in [Part::Key, Part::Value] {
                        let site = Site { topic, part, key: Some(&bytes) };
                        if let Ok(Decoded::Json(text)) = decode(&bytes, row.format, &site) {
                            prop_assert!(json::validate(&text).is_ok(), "{}: {}", row.name, text);
                        }
                    }
                }
            }
        }
    }
}
