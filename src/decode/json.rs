//! JSON without a tree: tokens are checked and laid out, never parsed into values. Numbers keep every digit, duplicate
//! keys and their order stay, strings keep their escapes.

mod layout;

use memchr::memchr2;

pub(super) use layout::{Pretty, RowStart};

/// Where text stops being JSON, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    /// Position in bytes.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Open(u8),
    Close(u8),
    Colon,
    Comma,
    Text,
    Number,
    Literal,
}

/// One token, as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// Where it begins.
    pub(super) at: usize,
}

/// Cuts JSON text into tokens.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    input: &'a str,
    at: usize,
    /// Whether it is known to be JSON: then a string is only looked for its end, at many bytes a step.
    is_valid: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(input: &'a str, at: usize) -> Self {
        Self {
            input,
            at,
            is_valid: false,
        }
    }

    /// Of text that was checked before.
    pub(super) fn of_valid(input: &'a str, at: usize) -> Self {
        Self {
            is_valid: true,
            ..Self::new(input, at)
        }
    }

    fn fail(&self, length: usize, what: &'static str) -> JsonError {
        JsonError {
            at: self.at + length,
            what,
        }
    }

    /// Length and kind of the token that `rest` begins with.
    fn token(&self, rest: &[u8]) -> Result<(TokenKind, usize), JsonError> {
        Ok(match rest.first().copied().unwrap_or_default() {
            open @ (b'{' | b'[') => (TokenKind::Open(open), 1),
            close @ (b'}' | b']') => (TokenKind::Close(close), 1),
            b':' => (TokenKind::Colon, 1),
            b',' => (TokenKind::Comma, 1),
            b'"' => (TokenKind::Text, self.string(rest)?),
            b'-' | b'0'..=b'9' => (TokenKind::Number, self.number(rest)?),
            _ => (TokenKind::Literal, self.literal(rest)?),
        })
    }

    fn string(&self, rest: &[u8]) -> Result<usize, JsonError> {
        let mut length = 1;
        loop {
            length += self.plain(&rest[length..]);
            match rest.get(length) {
                Some(b'"') => return Ok(length + 1),
                Some(b'\\') => match rest.get(length + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => length += 2,
                    Some(b'u') => {
                        let digits = rest.get(length + 2..length + 6);
                        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                            return Err(self.fail(length, "broken \\u escape"));
                        }
                        length += 6;
                    }
                    _ => return Err(self.fail(length, "unknown escape")),
                },
                Some(_) => return Err(self.fail(length, "control character in a string")),
                None => return Err(self.fail(length, "string without an end")),
            }
        }
    }

    /// How many bytes of a string come before a quote, an escape or an error.
    fn plain(&self, rest: &[u8]) -> usize {
        if self.is_valid {
            return memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        }
        rest.iter()
            .take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f))
            .count()
    }

    fn number(&self, rest: &[u8]) -> Result<usize, JsonError> {
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let sign = usize::from(rest[0] == b'-');
        let whole = digits(sign);
        if whole == 0 || (whole > 1 && rest[sign] == b'0') {
            return Err(self.fail(0, "broken number"));
        }
        let mut length = sign + whole;
        if rest.get(length) == Some(&b'.') {
            let fraction = digits(length + 1);
            if fraction == 0 {
                return Err(self.fail(length, "broken fraction"));
            }
            length += 1 + fraction;
        }
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent == 0 {
                return Err(self.fail(length, "broken exponent"));
            }
            length += 1 + sign + exponent;
        }
        Ok(length)
    }

    fn literal(&self, rest: &[u8]) -> Result<usize, JsonError> {
        let known = [&b"true"[..], b"false", b"null"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        known.map(<[u8]>::len).ok_or_else(|| self.fail(0, "no value"))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.input.as_bytes();
        self.at += bytes
            .get(self.at..)?
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        let rest = &bytes[self.at..];
        if rest.is_empty() {
            return None;
        }
        let token = self.token(rest).map(|(kind, length)| {
            let text = self.input.get(self.at..self.at + length).unwrap_or_default();
            Token {
                kind,
                text,
                at: self.at,
            }
        });
        self.at = token.map_or(bytes.len(), |token| token.at + token.text.len());
        Some(token)
    }
}

/// Checks that `input` is one JSON value (RFC 8259), in one pass and without recursion.
pub(super) fn validate(input: &str) -> Result<(), JsonError> {
    let mut open = Vec::new();
    let mut expected = Expected::Value;
    for token in Tokens::new(input, 0) {
        let token = token?;
        expected = expected
            .after(token.kind, &mut open)
            .map_err(|what| JsonError { at: token.at, what })?;
    }
    match expected {
        Expected::End => Ok(()),
        _ => Err(JsonError {
            at: input.len(),
            what: "end of text",
        }),
    }
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    End,
}

impl Expected {
    fn after(self, token: TokenKind, open: &mut Vec<u8>) -> Result<Self, &'static str> {
        match (self, token) {
            (Self::Value | Self::ValueOrClose, TokenKind::Open(bracket)) => {
                open.push(bracket);
                Ok(if bracket == b'{' {
                    Self::KeyOrClose
                } else {
                    Self::ValueOrClose
                })
            }
            (Self::Value | Self::ValueOrClose, TokenKind::Text | TokenKind::Number | TokenKind::Literal) => {
                Ok(Self::done(open))
            }
            (Self::Key | Self::KeyOrClose, TokenKind::Text) => Ok(Self::Colon),
            (Self::Colon, TokenKind::Colon) => Ok(Self::Value),
            (Self::CommaOrClose, TokenKind::Comma) => Ok(if open.last() == Some(&b'{') {
                Self::Key
            } else {
                Self::Value
            }),
            (Self::CommaOrClose | Self::KeyOrClose | Self::ValueOrClose, TokenKind::Close(bracket)) => {
                match (open.pop(), bracket) {
                    (Some(b'{'), b'}') | (Some(b'['), b']') => Ok(Self::done(open)),
                    _ => Err("a bracket that closes nothing"),
                }
            }
            (Self::End, _) => Err("text after the value"),
            (Self::Colon, _) => Err("no colon after a key"),
            (Self::Key | Self::KeyOrClose, _) => Err("no key"),
            (Self::CommaOrClose, _) => Err("no comma"),
            (Self::Value | Self::ValueOrClose, _) => Err("no value"),
        }
    }

    fn done(open: &[u8]) -> Self {
        if open.is_empty() { Self::End } else { Self::CommaOrClose }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_texts_are_accepted() {
        for text in [
            "{}",
            "[]",
            " [ 1 , -0.5e+10 , 1E5, 0, true,false , null,\"\\u00e9\\n\\\"\" ]\n",
            r#"{"a":{"a":1,"a":2},"":[[],{}]}"#,
            "12345678901234567890123456789.000",
        ] {
            assert_eq!(validate(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn invalid_texts_are_refused_with_the_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("{\"a\" 1}", 5),
            ("{a:1}", 1),
            ("{1:1}", 1),
            ("[01]", 1),
            ("[1.]", 2),
            ("[1e]", 2),
            ("[-]", 1),
            ("[\"\\x\"]", 2),
            ("[\"\\u12g4\"]", 2),
            ("[\"open", 6),
            ("[\"\t\"]", 2),
            ("[1}", 2),
            ("]", 0),
            ("{} {}", 3),
            ("[1 2]", 3),
            ("nul", 0),
            ("{\"a\":1,}", 7),
        ] {
            assert_eq!(validate(text).unwrap_err().at, at, "{text}");
        }
    }

    #[test]
    fn a_million_open_brackets_do_not_overflow_the_stack() {
        assert!(validate(&"[".repeat(1_000_000)).is_err());
        assert!(validate(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).is_ok());
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_serde_json(text in r#"[\[\]{},:"a\\u0-9eE.+\- ntrfls]{0,12}|\{"a":[0-9.eE+-]{1,6}\}"#) {
            let reference = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(validate(&text).is_ok(), reference, "{}", text);
        }
    }
}
