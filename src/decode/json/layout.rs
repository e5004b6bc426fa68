//! Valid JSON laid out one member or element per line, wrapped at a width.

use crate::decode::line::{Line, SpanKind};
use crate::decode::sanitize::{cells, fit};

use super::{Token, TokenKind, Tokens};

/// Deepest level that is still indented, so that hostile nesting costs no width.
const DEEPEST: usize = 32;
const INDENT: &str = "                                                                ";

/// Where a row begins: at a token, at a depth, and how many bytes of the laid-out line stand in the rows above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    at: usize,
    skipped: usize,
    depth: usize,
}

/// Lays out valid JSON, row by row.
#[derive(Clone, Debug)]
pub(in crate::decode) struct Pretty<'a> {
    input: &'a str,
    columns: usize,
    place: Place,
    /// The line that the place is in, so that a long string is looked for its end once and not once per row.
    line: Option<JsonLine<'a>>,
}

impl<'a> Pretty<'a> {
    /// From the first row on, or from a place that [`Pretty::place`] gave for the same input and width.
    pub(in crate::decode) fn new(input: &'a str, columns: usize, place: Option<RowStart>) -> Self {
        let first = Place {
            at: 0,
            depth: 0,
            skipped: 0,
        };
        Self {
            input,
            columns,
            place: place.map_or(first, |start| start.0),
            line: None,
        }
    }

    /// Where the next row begins.
    pub(in crate::decode) fn place(&self) -> RowStart {
        RowStart(self.place)
    }

    /// The next row, or `None` at the end.
    pub(in crate::decode) fn next_row(&mut self) -> Option<Line> {
        let mut line = Line {
            is_continuation: self.place.skipped > 0,
            ..Line::default()
        };
        self.step(|kind, text| line.push(kind, text)).then_some(line)
    }

    /// Moves over the next row without building it; `false` at the end.
    pub(in crate::decode) fn skip_row(&mut self) -> bool {
        self.step(|_, _| {})
    }

    /// The byte that the next row begins with: where it goes on with a line, the byte of that line it goes on with.
    pub(in crate::decode) fn byte(&self) -> usize {
        let line = JsonLine::read(self.input, self.place);
        line.map_or(self.input.len(), |line| line.byte_at(self.place.skipped))
    }

    /// The place of a byte at or after the line that the next row belongs to.
    pub(in crate::decode) fn place_of(mut self, byte: usize) -> Option<RowStart> {
        self.place.skipped = 0;
        loop {
            let line = JsonLine::read(self.input, self.place)?;
            if line.next.at > byte || line.next == self.place {
                let skipped = line.skipped_at(byte);
                return Some(RowStart(Place { skipped, ..self.place }));
            }
            self.place = line.next;
        }
    }

    fn step(&mut self, mut part: impl FnMut(SpanKind, &'a str)) -> bool {
        let line = self.line.take().or_else(|| JsonLine::read(self.input, self.place));
        let Some(line) = line else { return false };
        let mut left = self.columns;
        let mut passed = 0;
        for &(kind, text) in line.parts.iter().take(line.count) {
            let start = self.place.skipped.saturating_sub(passed).min(text.len());
            passed += start;
            let rest = &text[start..];
            if rest.is_empty() {
                continue;
            }
            let fitting = fit(rest, left);
            let taken = cells(&rest[..fitting]);
            if taken > left && left < self.columns {
                self.place.skipped = passed;
                self.line = Some(line);
                return true;
            }
            part(kind, &rest[..fitting]);
            passed += fitting;
            left = left.saturating_sub(taken);
            if fitting < rest.len() {
                self.place.skipped = passed;
                self.line = Some(line);
                return true;
            }
        }
        self.place = line.next;
        true
    }
}

/// Where a row begins, in the order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::decode) struct RowStart(Place);

impl RowStart {
    /// The byte after the line before.
    pub(in crate::decode) fn line(self) -> usize {
        self.0.at
    }

    /// Where the line begins that the row belongs to.
    pub(in crate::decode) fn line_start(self) -> Self {
        Self(Place { skipped: 0, ..self.0 })
    }

    /// How many objects and arrays are open there.
    pub(in crate::decode) fn depth(self) -> usize {
        self.0.depth
    }

    /// Whether the row goes on with a line that began above it.
    pub(in crate::decode) fn is_continued(self) -> bool {
        self.0.skipped > 0
    }
}

/// One line before wrapping: indentation, perhaps a key, a value or a bracket, perhaps a comma.
#[derive(Clone, Debug)]
struct JsonLine<'a> {
    parts: [(SpanKind, &'a str); 6],
    count: usize,
    next: Place,
    /// Where the text begins in memory, and its length.
    input: usize,
    length: usize,
}

impl<'a> JsonLine<'a> {
    fn read(input: &'a str, place: Place) -> Option<Self> {
        let mut tokens = Tokens::of_valid(input, place.at);
        let mut line = Self {
            parts: [(SpanKind::Punctuation, ""); 6],
            count: 0,
            next: place,
            input: input.as_ptr() as usize,
            length: input.len(),
        };
        let mut depth = place.depth;
        let mut token = tokens.next()?.ok()?;
        if let TokenKind::Close(_) = token.kind {
            depth = depth.saturating_sub(1);
        }
        line.push(SpanKind::Punctuation, &INDENT[..2 * depth.min(DEEPEST)]);
        if token.kind == TokenKind::Text && peek(&tokens) == Some(TokenKind::Colon) {
            line.push(SpanKind::Key, token.text);
            line.push(SpanKind::Punctuation, ": ");
            tokens.next();
            token = tokens.next()?.ok()?;
        }
        line.push(span_kind(token), token.text);
        if let TokenKind::Open(_) = token.kind {
            match peek(&tokens) {
                Some(TokenKind::Close(bracket)) => {
                    line.push(SpanKind::Punctuation, if bracket == b'}' { "}" } else { "]" });
                    tokens.next();
                }
                _ => depth += 1,
            }
        }
        if peek(&tokens) == Some(TokenKind::Comma) {
            line.push(SpanKind::Punctuation, ",");
            tokens.next();
        }
        line.next = Place {
            at: tokens.at,
            depth,
            skipped: 0,
        };
        Some(line)
    }

    /// The parts that stand in the text as they are: bytes before them in the line, byte in the text, length.
    fn stored(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let mut before = 0;
        self.parts.iter().take(self.count).filter_map(move |(_, text)| {
            let start = before;
            before += text.len();
            let at = (text.as_ptr() as usize).checked_sub(self.input)?;
            (at < self.length && !text.is_empty()).then_some((start, at, text.len()))
        })
    }

    /// The byte of the text at a position in the line; of what is only laid out, the next one.
    fn byte_at(&self, position: usize) -> usize {
        let part = self.stored().find(|(start, _, length)| position < start + length);
        part.map_or(self.next.at, |(start, at, _)| at + position.saturating_sub(start))
    }

    /// The position in the line of a byte of the text.
    fn skipped_at(&self, byte: usize) -> usize {
        let part = self.stored().filter(|(_, at, _)| *at <= byte).last();
        part.map_or(0, |(start, at, length)| start + (byte - at).min(length))
    }

    fn push(&mut self, kind: SpanKind, text: &'a str) {
        if let Some(part) = self.parts.get_mut(self.count) {
            *part = (kind, text);
            self.count += 1;
        }
    }
}

fn peek(tokens: &Tokens<'_>) -> Option<TokenKind> {
    tokens.clone().next()?.ok().map(|token| token.kind)
}

fn span_kind(token: Token<'_>) -> SpanKind {
    match token.kind {
        TokenKind::Text => SpanKind::Text,
        TokenKind::Number => SpanKind::Number,
        TokenKind::Literal => SpanKind::Literal,
        _ => SpanKind::Punctuation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(input: &str, columns: usize) -> Vec<String> {
        let mut pretty = Pretty::new(input, columns, None);
        std::iter::from_fn(|| pretty.next_row().map(|line| line.text())).collect()
    }

    #[test]
    fn every_member_and_element_gets_a_line() {
        let input = r#"{"id":1.0,"tags":["a" , "b"],"none":{},"list":[ ],"deep":{"x":null}}"#;
        assert_eq!(
            rows(input, 80),
            [
                "{",
                "  \"id\": 1.0,",
                "  \"tags\": [",
                "    \"a\",",
                "    \"b\"",
                "  ],",
                "  \"none\": {},",
                "  \"list\": [],",
                "  \"deep\": {",
                "    \"x\": null",
                "  }",
                "}",
            ]
        );
    }

    #[test]
    fn numbers_duplicates_order_and_escapes_stay_as_they_are() {
        let input = r#"{"b":12345678901234567890.10,"a":1e400,"a":-0.0,"s":"\u00e9\/é"}"#;
        assert_eq!(
            rows(input, 80)[1..5],
            [
                "  \"b\": 12345678901234567890.10,",
                "  \"a\": 1e400,",
                "  \"a\": -0.0,",
                "  \"s\": \"\\u00e9\\/é\""
            ]
        );
    }

    #[test]
    fn long_lines_go_on_in_the_next_row() {
        let input = r#"["abcdefghijklmnopqrstuvwxyz",1]"#;
        assert_eq!(
            rows(input, 12),
            ["[", "  \"abcdefghi", "jklmnopqrstu", "vwxyz\",", "  1", "]"]
        );
        let mut pretty = Pretty::new(input, 12, None);
        let flags: Vec<_> = std::iter::from_fn(|| pretty.next_row().map(|line| line.is_continuation)).collect();
        assert_eq!(flags, [false, false, true, true, false, false]);
    }

    #[test]
    fn a_walk_can_go_on_from_any_row() {
        let input = r#"{"key":["abcdefghijklmnopqrstuvwxyz",{"x":[1,2,3]}]}"#;
        let whole = rows(input, 12);
        let mut skipping = Pretty::new(input, 12, None);
        for row in &whole {
            let mut resumed = Pretty::new(input, 12, Some(skipping.place()));
            assert_eq!(resumed.next_row().unwrap().text(), *row);
            assert!(skipping.skip_row());
        }
        assert!(!skipping.skip_row());
    }

    #[test]
    fn deep_nesting_stops_being_indented() {
        let input = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        let rows = rows(&input, 200);
        assert_eq!(rows.len(), 1999);
        assert!(rows.iter().all(|row| row.len() <= 2 * DEEPEST + 2));
    }
}
