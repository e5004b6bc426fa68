//! One row of a view, in parts that a theme can colour.

use super::sanitize::sanitize;

/// What a part of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// Ordinary text.
    Plain,
    /// A byte that is not text, spelled out.
    Escape,
    /// A key of a JSON object.
    Key,
    /// A JSON string.
    Text,
    /// A JSON number.
    Number,
    /// `true`, `false` or `null`.
    Literal,
    /// Brackets, colons, commas and indentation.
    Punctuation,
    /// The position column of a hex dump.
    Position,
    /// The bytes of a hex dump.
    Bytes,
    /// What is folded, in its place.
    Folded,
}

/// A part of a row: already safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub kind: SpanKind,
    /// Its text.
    pub text: String,
}

/// One row of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its parts, from the left.
    pub spans: Vec<Span>,
    /// Whether the row goes on where the row above was full.
    pub is_continuation: bool,
}

impl Line {
    /// The row's whole text.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Appends `text`, made safe; parts of one kind that follow each other become one.
    pub(super) fn push(&mut self, kind: SpanKind, text: &str) {
        match self.spans.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(&sanitize(text)),
            _ => self.spans.push(Span {
                kind,
                text: sanitize(text).into_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_kind_are_joined_and_made_safe() {
        let mut line = Line::default();
        line.push(SpanKind::Plain, "a\x1b");
        line.push(SpanKind::Plain, "b");
        line.push(SpanKind::Number, "1");
        assert_eq!(line.spans.len(), 2);
        assert_eq!(line.text(), "a␛b1");
    }
}
