//! Walking over JSON text without building anything: values are checked and skipped, members are handed out where they
//! stand.

use std::borrow::Cow;

/// How deep objects and lists may nest; what nests deeper is read as text.
pub(super) const MAX_DEPTH: usize = 128;

/// A string as it stands between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub(super) raw: &'a str,
    /// Whether a backslash is in it.
    pub(super) is_escaped: bool,
}

/// A value that is no object and no list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond `Int`, as long as it is a whole number that fits.
    UInt(u64),
    Double(f64),
    Text(Text<'a>),
}

/// What a value begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start<'a> {
    Object,
    List,
    Scalar(Scalar<'a>),
}

/// A position in JSON text (RFC 8259). Every method answers `None` where the text is no JSON.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// At the first value of `text`, where that is an object: what a message's JSON is looked up in.
    pub(super) fn object(text: &'a str) -> Option<Self> {
        let mut scanner = Self { text, at: 0, depth: 0 };
        scanner.skip_space();
        (scanner.peek() == Some(b'{')).then_some(scanner)
    }

    /// Whether nothing is left but blanks.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over `byte` and the blanks before it.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    /// Begins the next value: over a scalar, before the bracket of an object or a list.
    pub(super) fn start(&mut self) -> Option<Start<'a>> {
        self.skip_space();
        Some(match self.peek()? {
            b'{' => Start::Object,
            b'[' => Start::List,
            b'"' => Start::Scalar(Scalar::Text(self.string()?)),
            b't' => Start::Scalar(self.word("true", Scalar::Bool(true))?),
            b'f' => Start::Scalar(self.word("false", Scalar::Bool(false))?),
            b'n' => Start::Scalar(self.word("null", Scalar::Null)?),
            _ => Start::Scalar(self.number()?),
        })
    }

    fn word(&mut self, word: &str, scalar: Scalar<'a>) -> Option<Scalar<'a>> {
        let is_here = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        is_here.then_some(scalar)
    }

    fn string(&mut self) -> Option<Text<'a>> {
        let bytes = self.text.as_bytes();
        let begin = self.at + 1;
        let (mut at, mut is_escaped) = (begin, false);
        loop {
            at += bytes.get(at..)?.iter().position(|byte| ENDS_RUN[usize::from(*byte)])?;
            match bytes[at] {
                b'"' => break,
                b'\\' => {
                    is_escaped = true;
                    at += escape_length(&bytes[at..])?;
                }
                _ => return None,
            }
        }
        self.at = at + 1;
        let raw = self.text.get(begin..at)?;
        Some(Text { raw, is_escaped })
    }

    fn number(&mut self) -> Option<Scalar<'a>> {
        let bytes = self.text.as_bytes();
        let begin = self.at;
        let digits = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole_from = begin + usize::from(bytes.get(begin) == Some(&b'-'));
        let whole = digits(whole_from);
        if whole == 0 || (whole > 1 && bytes[whole_from] == b'0') {
            return None;
        }
        let mut at = whole_from + whole;
        let mut is_whole = true;
        if bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            (at, is_whole) = (at + 1 + fraction, false);
            if fraction == 0 {
                return None;
            }
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at + 1 + sign);
            (at, is_whole) = (at + 1 + sign + exponent, false);
            if exponent == 0 {
                return None;
            }
        }
        self.at = at;
        let text = self.text.get(begin..at)?;
        if is_whole {
            if let Ok(int) = text.parse() {
                return Some(Scalar::Int(int));
            }
            if let Ok(uint) = text.parse() {
                return Some(Scalar::UInt(uint));
            }
        }
        text.parse().ok().map(Scalar::Double)
    }

    /// Walks over the object that begins here. `member` is given each key and must walk over its value.
    pub(super) fn members(&mut self, mut member: impl FnMut(&mut Self, Text<'a>) -> Option<()>) -> Option<()> {
        self.inside(b'{', b'}', |scanner| {
            scanner.skip_space();
            if scanner.peek() != Some(b'"') {
                return None;
            }
            let key = scanner.string()?;
            if !scanner.take(b':') {
                return None;
            }
            member(scanner, key)
        })
    }

    /// Walks over the list that begins here. `element` must walk over one value.
    pub(super) fn elements(&mut self, element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.inside(b'[', b']', element)
    }

    fn inside(&mut self, open: u8, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if self.depth == MAX_DEPTH || !self.take(open) {
            return None;
        }
        self.depth += 1;
        if !self.take(close) {
            loop {
                item(self)?;
                if self.take(close) {
                    break;
                }
                if !self.take(b',') {
                    return None;
                }
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// Walks over the next value.
    pub(super) fn skip_value(&mut self) -> Option<()> {
        match self.start()? {
            Start::Object => self.members(|scanner, _| scanner.skip_value()),
            Start::List => self.elements(Self::skip_value),
            Start::Scalar(_) => Some(()),
        }
    }
}

/// Bytes that end a run of plain characters in a string.
const ENDS_RUN: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        ends[byte] = true;
        byte += 1;
    }
    ends[b'"' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => bytes.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

impl<'a> Text<'a> {
    /// The string that is meant. Half a surrogate pair is U+FFFD.
    pub(super) fn unescaped(self) -> Cow<'a, str> {
        if !self.is_escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut text = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            let (meant, length) = escape(&rest[at..]);
            text.push(meant);
            rest = &rest[at + length..];
        }
        text.push_str(rest);
        Cow::Owned(text)
    }
}

/// What the escape that `text` begins with means, and its length. The text has been checked.
fn escape(text: &str) -> (char, usize) {
    let plain = |meant| (meant, 2);
    match text.as_bytes().get(1) {
        Some(b'b') => plain('\u{8}'),
        Some(b'f') => plain('\u{c}'),
        Some(b'n') => plain('\n'),
        Some(b'r') => plain('\r'),
        Some(b't') => plain('\t'),
        Some(b'u') => {
            let unit = |at: usize| {
                let digits = text.get(at..at + 4)?;
                u32::from_str_radix(digits, 16).ok()
            };
            let high = unit(2).unwrap_or(0xFFFD);
            let low = (text.get(6..8) == Some("\\u")).then(|| unit(8)).flatten();
            match (high, low) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                (code, _) => (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            }
        }
        Some(other) => plain(char::from(*other)),
        None => ('\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_json_object(text: &str) -> bool {
        Scanner::object(text).is_some_and(|mut scanner| scanner.skip_value().is_some() && scanner.is_at_end())
    }

    fn first(text: &str) -> Option<Scalar<'_>> {
        let mut found = None;
        Scanner::object(text)?.members(|scanner, _| {
            let Start::Scalar(scalar) = scanner.start()? else {
                return None;
            };
            found = Some(scalar);
            Some(())
        })?;
        found
    }

    #[test]
    fn numbers_keep_what_fits_and_are_doubles_beyond() {
        assert_eq!(first(r#"{"a":-9223372036854775808}"#), Some(Scalar::Int(i64::MIN)));
        assert_eq!(first(r#"{"a":18446744073709551615}"#), Some(Scalar::UInt(u64::MAX)));
        assert_eq!(
            first(r#"{"a":18446744073709551616}"#),
            Some(Scalar::Double(18_446_744_073_709_551_616.0))
        );
        assert_eq!(first(r#"{"a":1.0}"#), Some(Scalar::Double(1.0)));
        assert_eq!(first(r#"{"a":1e400}"#), Some(Scalar::Double(f64::INFINITY)));
        assert_eq!(first(r#"{"a":01}"#), None);
        assert_eq!(first(r#"{"a":1.}"#), None);
    }

    #[test]
    fn escapes_mean_characters_and_half_a_pair_is_replaced() {
        let text = |raw: &str| {
            first(&format!("{{\"a\":\"{raw}\"}}")).and_then(|scalar| match scalar {
                Scalar::Text(text) => Some(text.unescaped().into_owned()),
                _ => None,
            })
        };
        assert_eq!(text(r#"a\"\\\/\n\té\u00e9"#).as_deref(), Some("a\"\\/\n\téé"));
        assert_eq!(text(r"\ud83d\ude00!").as_deref(), Some("😀!"));
        assert_eq!(text(r"\ud83d!\u0041").as_deref(), Some("\u{fffd}!A"));
        assert_eq!(text(r"\x"), None);
        assert_eq!(text("\n"), None);
    }

    #[test]
    fn only_whole_objects_are_taken_and_none_that_nests_too_deep() {
        for text in ["{}", " {\"a\" : [ {} , [] , null ] }\n", r#"{"a":{"a":1,"a":2}}"#] {
            assert!(is_json_object(text), "{text}");
        }
        for text in [
            "",
            "[]",
            "1",
            "{",
            "{}x",
            "{,}",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":}",
            "{\"a\":tru}",
        ] {
            assert!(!is_json_object(text), "{text}");
        }
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_json_object(&nested(MAX_DEPTH - 1)) && !is_json_object(&nested(MAX_DEPTH)));
        assert!(!is_json_object(&nested(1_000_000)));
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_serde_json(text in r#"\{"a":[\[\]{},:"a\\u0-9eE.+\- ntrfls]{0,9}\}|\{[{},:"a \\n]{0,6}\}"#) {
            let reference = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(is_json_object(&text), reference, "{}", text);
        }
    }
}
