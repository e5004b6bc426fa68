//! Delimiters of the raw format, as a person writes them: `\n`, `\t`, `\0`, `\x1f`, or plain text.

use std::fmt;
use std::str::FromStr;

/// Some bytes between records, or between key and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiter {
    written: String,
    bytes: Vec<u8>,
}

impl Delimiter {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Delimiter {
    fn default() -> Self {
        Self {
            written: r"\n".to_owned(),
            bytes: b"\n".to_vec(),
        }
    }
}

/// As it was written.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some((plain, escape)) = rest.split_once('\\') {
            bytes.extend(plain.as_bytes());
            let (byte, length) = match escape.as_bytes().first() {
                Some(b'n') => (b'\n', 1),
                Some(b'r') => (b'\r', 1),
                Some(b't') => (b'\t', 1),
                Some(b'0') => (0, 1),
                Some(b'\\') => (b'\\', 1),
                Some(b'x') => {
                    let digits = escape
                        .get(1..3)
                        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                    let digits = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                    (digits.ok_or("write a byte as two hex digits: \\x1f")?, 3)
                }
                _ => return Err("after \\ comes n, r, t, 0, \\ or x and two hex digits".to_owned()),
            };
            bytes.push(byte);
            rest = escape.get(length..).unwrap_or_default();
        }
        bytes.extend(rest.as_bytes());
        Ok(Self {
            written: text.to_owned(),
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_bytes_and_the_rest_is_text() {
        let bytes = |text: &str| text.parse::<Delimiter>().map(|delimiter| delimiter.bytes);
        assert_eq!(bytes(r"a\tb\x1f\0\\"), Ok(b"a\tb\x1f\0\\".to_vec()));
        assert_eq!(bytes(" → "), Ok(" → ".as_bytes().to_vec()));
        assert_eq!(bytes(""), Ok(vec![]));
        for wrong in [r"\", r"\q", r"\x1", r"\xé", r"\x+1"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(r"\x1f".parse::<Delimiter>().unwrap().to_string(), r"\x1f");
        assert_eq!(Delimiter::default(), r"\n".parse().unwrap());
    }
}
