//! What bytes seem to be.

use std::fmt;

use super::json;

/// What bytes are, and why we think so (its `Display`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Kafka's null.
    Null,
    /// No bytes.
    Empty,
    /// A JSON object or array.
    Json,
    /// Text.
    Text,
    /// Bytes that are not UTF-8.
    NotUtf8 {
        /// Where the first such byte is.
        at: usize,
    },
    /// UTF-8 with control characters that no text has.
    Control {
        /// Where the first is.
        at: usize,
        /// Which.
        byte: u8,
    },
}

impl Shape {
    /// Whether text cannot show it as it is.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::NotUtf8 { .. } | Self::Control { .. })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Empty => f.write_str("empty"),
            Self::Json => f.write_str("JSON"),
            Self::Text => f.write_str("text"),
            Self::NotUtf8 { at } => write!(f, "binary: not UTF-8 at byte {at}"),
            Self::Control { at, byte } => write!(f, "binary: control byte {byte:02x} at byte {at}"),
        }
    }
}

/// Looks at all of `bytes`: one pass, or two if they begin like JSON.
pub fn shape(bytes: Option<&[u8]>) -> Shape {
    let bytes = match bytes {
        None => return Shape::Null,
        Some([]) => return Shape::Empty,
        Some(bytes) => bytes,
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            return Shape::NotUtf8 {
                at: error.valid_up_to(),
            };
        }
    };
    if let Some((at, byte)) = control(bytes) {
        return Shape::Control { at, byte };
    }
    match text.trim_start_matches([' ', '\t', '\n', '\r']).as_bytes().first() {
        Some(b'{' | b'[') if json::validate(text).is_ok() => Shape::Json,
        _ => Shape::Text,
    }
}

/// The first control byte other than white space and the escape that colours a log line.
pub(super) fn control(bytes: &[u8]) -> Option<(usize, u8)> {
    let is_odd = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    bytes.iter().copied().enumerate().find(|(_, byte)| is_odd(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_is_told_with_its_reason() {
        for (bytes, reason) in [
            (None, "null"),
            (Some(&b""[..]), "empty"),
            (Some(b" {\"a\":1}"), "JSON"),
            (Some(b"[]\n"), "JSON"),
            (Some(b"{not json}"), "text"),
            (Some(b"42"), "text"),
            (Some("Grüße\n\x1b[0m".as_bytes()), "text"),
            (Some(b"ab\xff"), "binary: not UTF-8 at byte 2"),
            (Some(b"\0\0\0\x2a"), "binary: control byte 00 at byte 0"),
        ] {
            assert_eq!(shape(bytes).to_string(), reason, "{bytes:?}");
        }
    }
}
