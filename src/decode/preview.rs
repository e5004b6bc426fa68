//! One cell of a table: what a key or a value begins with. Costs what is shown, however long the value is.

use std::fmt::Write as _;

use super::registry::{Decoded, Format, choose, decode};
use super::sanitize::{fit, sanitize};
use super::shape::control;
use super::site::{Part, Site};

/// The beginning of a key or a value, ready for one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// Kafka's null.
    Null,
    /// No bytes.
    Empty,
    /// Text on one line, safe for a terminal.
    Text(String),
    /// Bytes that are not text, in hex.
    Binary(String),
    /// Bytes that are not text, but of a format that is known: its name and what they say.
    Decoded(String),
}

/// Bytes of a value that is decoded for one cell: what is longer is shown in hex, for a table must cost little.
const DECODED: usize = 4096;
/// Bytes looked at per cell: UTF-8 needs at most 4, and marks may stack.
const PER_CELL: usize = 16;

/// What of `bytes` fits `columns` cells; the last cell is `…` where something was left out.
pub fn preview(bytes: Option<&[u8]>, columns: usize) -> Preview {
    let bytes = match bytes {
        None => return Preview::Null,
        Some([]) => return Preview::Empty,
        Some(bytes) => bytes,
    };
    let window = &bytes[..bytes.len().min(columns.saturating_mul(PER_CELL).max(PER_CELL))];
    match valid(window, window.len() < bytes.len()) {
        Some(text) if control(window).is_none() => Preview::Text(cut(text, bytes.len(), columns)),
        _ => Preview::Binary(hex(bytes, columns)),
    }
}

/// As [`preview`], and what the decoder of that format says of the bytes, or the one that is chosen automatically.
pub fn preview_at(bytes: Option<&[u8]>, columns: usize, site: &Site<'_>, format: Format) -> Preview {
    let plain = preview(bytes, columns);
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty() && bytes.len() <= DECODED) else {
        return plain;
    };
    let is_text = matches!(plain, Preview::Text(_));
    match format {
        Format::Hex => Preview::Binary(hex(bytes, columns)),
        Format::Json | Format::Text => plain,
        // The coordinator's keys may look like text.
        Format::Auto if is_text && !site.topic.starts_with("__") => plain,
        _ => decoded(bytes, columns, site, format).map_or(plain, Preview::Decoded),
    }
}

fn decoded(bytes: &[u8], columns: usize, site: &Site<'_>, format: Format) -> Option<String> {
    let is_chosen = format != Format::Auto;
    let (format, decoded) = if is_chosen {
        (format, decode(bytes, format, site).ok()?)
    } else {
        let choice = choose(bytes, site);
        (choice.format, choice.decoded)
    };
    let text = match &decoded {
        Decoded::Text(text) | Decoded::Json(text) => text.as_str(),
        Decoded::Bytes(held) => std::str::from_utf8(held).ok()?,
        _ => return None,
    };
    let text = match format {
        // The topic names the format already.
        Format::ConsumerOffsets | Format::TransactionState => text.to_owned(),
        Format::Integer | Format::Float => {
            let number = text.split(' ').next().unwrap_or_default();
            match (is_chosen, site.part) {
                (true, _) => format!("{format} {number}"),
                // Any bytes are a number: what was guessed is marked, and where there is room the bytes stand beside it.
                (false, Part::Value | Part::Header) => format!("{format}? {number}  0x{}", hex(bytes, columns)),
                (false, Part::Key) => format!("{format}? {number}"),
            }
        }
        format => format!("{format} {text}"),
    };
    Some(cut(&text, text.len(), columns))
}

/// The window as text; a character that the window's end cuts in two does not count against it.
fn valid(window: &[u8], is_cut: bool) -> Option<&str> {
    match std::str::from_utf8(window) {
        Ok(text) => Some(text),
        Err(error) if is_cut && error.error_len().is_none() => std::str::from_utf8(&window[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

fn cut(text: &str, length: usize, columns: usize) -> String {
    if text.len() == length && fit(text, columns) == length {
        return sanitize(text).into_owned();
    }
    let fitting = fit(text, columns.saturating_sub(1));
    format!("{}…", sanitize(&text[..fitting]))
}

fn hex(bytes: &[u8], columns: usize) -> String {
    let whole = bytes.len() * 3 - 1 <= columns;
    let count = if whole {
        bytes.len()
    } else {
        columns.saturating_sub(1) / 3
    };
    let mut text = String::with_capacity(columns);
    for byte in &bytes[..count] {
        let space = if text.is_empty() { "" } else { " " };
        let _writing_to_a_string_cannot_fail = write!(text, "{space}{byte:02x}");
    }
    if !whole {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sanitize::cells;
    use super::*;

    fn text(preview: Preview) -> String {
        match preview {
            Preview::Text(text) | Preview::Binary(text) | Preview::Decoded(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn null_empty_text_and_binary_are_told_apart() {
        assert_eq!(preview(None, 10), Preview::Null);
        assert_eq!(preview(Some(b""), 10), Preview::Empty);
        assert_eq!(preview(Some(b"a\nb"), 10), Preview::Text("a⏎b".into()));
        assert_eq!(preview(Some(b"\x00\x00\x2a"), 10), Preview::Binary("00 00 2a".into()));
        assert_eq!(preview(Some(b"\xff\xfe"), 10), Preview::Binary("ff fe".into()));
    }

    #[test]
    fn binary_of_a_known_format_is_decoded_under_its_name() {
        let shown = |bytes: &[u8], columns| preview_at(Some(bytes), columns, &Site::UNKNOWN, Format::Auto);
        assert_eq!(
            shown(b"\0\0\0\x2a", 40),
            Preview::Decoded("integer? 42  0x00 00 00 2a".into())
        );
        assert_eq!(shown(b"\0\0\0\x2a", 14), Preview::Decoded("integer? 42  …".into()));
        assert_eq!(
            preview_at(Some(b"\0\0\0\x2a"), 40, &Site::UNKNOWN, Format::Integer),
            Preview::Decoded("integer 42".into()),
            "by hand it is no guess"
        );
        assert_eq!(
            shown(b"\x82\xa1a\x01\xa1b\xc0", 40),
            Preview::Decoded("MessagePack {\"a\":1,\"b\":null}".into())
        );
        assert_eq!(
            shown(b"\x82\xa1a\x01\xa1b\xc0", 15),
            Preview::Decoded("MessagePack {\"…".into())
        );
        assert_eq!(shown(b"\xff\xfe\xfd", 40), Preview::Binary("ff fe fd".into()));
        assert_eq!(shown(b"text", 40), Preview::Text("text".into()));
        let site = Site {
            topic: "__consumer_offsets",
            part: Part::Key,
            key: None,
        };
        let key = b"\0\x03\0\x02g1";
        let decoded = Preview::Decoded("{\"type\":\"consumer group\",\"groupId\":\"g1\"}".into());
        assert_eq!(preview_at(Some(key), 80, &site, Format::Auto), decoded);
        let chosen = preview_at(Some(b"text"), 80, &site, Format::Hex);
        assert_eq!(chosen, Preview::Binary("74 65 78 74".into()));
        let held = preview_at(Some(b"aGVsbG8="), 80, &Site::UNKNOWN, Format::FromBase64);
        assert_eq!(held, Preview::Decoded("from base64 hello".into()));
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(text(preview(Some(b"12345"), 5)), "12345");
        assert_eq!(text(preview(Some(b"123456"), 5)), "1234…");
        assert_eq!(text(preview(Some(&[0; 100]), 9)), "00 00…");
    }

    #[test]
    fn a_character_cut_by_the_window_is_still_text() {
        let long = "é".repeat(1000);
        for columns in 1..20 {
            assert!(matches!(preview(Some(long.as_bytes()), columns), Preview::Text(_)));
        }
        assert!(
            matches!(preview(Some(b"abc\xc3"), 10), Preview::Binary(_)),
            "cut by the producer, not by us"
        );
    }

    proptest! {
        #[test]
        fn a_preview_is_never_wider_than_its_cell(bytes in proptest::collection::vec(any::<u8>(), 1..200), columns in 9usize..60) {
            prop_assert!(cells(&text(preview(Some(&bytes), columns))) <= columns);
        }

        #[test]
        fn a_text_preview_is_never_wider_than_its_cell(string in "\\PC{1,80}", columns in 10usize..60) {
            prop_assert!(cells(&text(preview(Some(string.as_bytes()), columns))) <= columns);
        }
    }
}
