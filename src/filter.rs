//! What a search looks for: one line, read as plain text, a regular expression or an expression in CEL.
//!
//! ```text
//! line -> Filter::parse -> Filter
//!                           |
//!   decompressed batch -----+-> candidates       where the next record that may match lies; most batches have none
//!   one record (Subject) ---+-> matches          the exact answer
//! ```
//!
//! Bytes come first: [`Filter::candidates`] looks for what every matching record must hold in the records of a
//! whole batch, before any record is cut out of it. It may name too many places, it never loses a match.

mod cel;
mod detect;
mod error;
mod hint;
mod json;
mod needle;
mod pattern;
mod subject;

use std::fmt;
use std::sync::Arc;

pub use error::{EvalError, FilterError, Unjudged};
pub use subject::{HeaderFields, Subject};

use cel::Expression;
use detect::Line;
use hint::Escapes;
use needle::Needle;
use pattern::Pattern;

/// How a line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text that key, value, a header's key or a header's value holds.
    Text,
    /// A regular expression that matches in one of them.
    Regex,
    /// A condition on the fields of `record`, in CEL.
    Cel,
}

impl Kind {
    /// The word for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Regex => "regex",
            Self::Cel => "CEL",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A line that has been understood. Cheap to clone.
#[derive(Clone)]
pub struct Filter {
    line: Arc<str>,
    kind: Kind,
    test: Arc<Test>,
}

/// What is asked of a record.
enum Test {
    Text(Needle),
    Regex(Pattern),
    Cel(Expression),
}

impl Filter {
    /// Reads a line as [`Filter::kind_of`] says.
    pub fn parse(line: &str) -> Result<Self, FilterError> {
        let Line { kind, body, at } = Line::of(line);
        if body.is_empty() {
            return Err(
                FilterError::new("nothing to look for").hint("write a text, a /regex/, or a condition on record")
            );
        }
        let test = match kind {
            Kind::Text => Ok(Test::Text(Needle::smart(body))),
            Kind::Regex => Pattern::new(body).map(Test::Regex),
            Kind::Cel => Expression::new(body).map(Test::Cel),
        };
        Ok(Self {
            line: Arc::from(line),
            kind,
            test: Arc::new(test.map_err(|error| error.shifted(line[..at].chars().count()))?),
        })
    }

    /// How `line` would be read, also where it has an error: `/…/` is a regular expression and what uses
    /// the variable `record` is CEL, all else is text; `text:`, `re:` and `cel:` before it force one.
    pub fn kind_of(line: &str) -> Kind {
        Line::of(line).kind
    }

    /// How the line was read.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The line as it was written.
    pub fn source(&self) -> &str {
        &self.line
    }

    /// Where records that may match lie in the decompressed records of a batch.
    pub fn candidates<'a>(&'a self, payload: &'a [u8]) -> Candidates<'a> {
        Candidates {
            filter: self,
            payload,
            escapes: Escapes::default(),
        }
    }

    /// Whether this record matches; [`Filter::why`] says what stands in the way of an answer.
    ///
    /// # Errors
    /// Where a condition has no answer for it.
    pub fn matches(&self, subject: &Subject<'_>) -> Result<bool, Unjudged> {
        match &*self.test {
            Test::Text(needle) => Ok(subject.any_field(|bytes| needle.find(bytes).is_some())),
            Test::Regex(pattern) => Ok(subject.any_field(|bytes| pattern.is_match(bytes))),
            Test::Cel(expression) => expression.matches(subject),
        }
    }

    /// Why there is no answer for this record; `None` where there is one.
    pub fn why(&self, subject: &Subject<'_>) -> Option<EvalError> {
        match &*self.test {
            Test::Text(_) | Test::Regex(_) => None,
            Test::Cel(expression) => expression.why(subject),
        }
    }
}

/// Places in the decompressed records of a batch around which a record may match.
#[derive(Debug)]
pub struct Candidates<'a> {
    filter: &'a Filter,
    payload: &'a [u8],
    escapes: Escapes,
}

impl Candidates<'_> {
    /// The next one: records that begin at or after `from` and end before the answer cannot match, and with `None` none
    /// of them can.
    pub fn next(&mut self, from: usize) -> Option<usize> {
        let rest = self.payload.get(from..)?;
        match &*self.filter.test {
            Test::Text(needle) => needle.find(rest).map(|at| from + at),
            Test::Regex(pattern) => pattern.find_candidate(rest).map(|at| from + at),
            Test::Cel(expression) => expression.find_candidate(self.payload, from, &mut self.escapes),
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.kind).field(&self.line).finish()
    }
}

/// The same line is the same filter.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line
    }
}

impl Eq for Filter {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Offset, PartitionId, Timestamp};

    fn subject<'a>(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Subject<'a> {
        Subject {
            partition: PartitionId(0),
            offset: Offset(0),
            timestamp: Timestamp::NONE,
            key,
            value,
            headers: HeaderFields::Owned(&[]),
        }
    }

    fn is_match(line: &str, value: &str) -> bool {
        let filter = Filter::parse(line).unwrap();
        let matches = filter.matches(&subject(None, Some(value.as_bytes()))).unwrap();
        assert!(!matches || filter.candidates(format!("..{value}..").as_bytes()).next(0).is_some());
        matches
    }

    #[test]
    fn text_without_an_upper_case_letter_ignores_case_and_with_one_is_exact() {
        assert!(is_match("heidi", "HEIDI") && is_match("heidi", "a Heidi b") && !is_match("heidi", "heid i"));
        assert!(is_match("Heidi", "a Heidi b") && !is_match("Heidi", "heidi"));
        assert!(is_match("größe", "GRÖSSE GRÖẞE") && is_match("größe", "Größe") && !is_match("Größe", "größe"));
        assert!(is_match("k", "\u{212a}"), "simple case folding, as in ripgrep");
    }

    #[test]
    fn text_is_found_in_keys_too_and_not_across_fields() {
        let filter = Filter::parse("order-7").unwrap();
        assert_eq!(filter.matches(&subject(Some(b"order-7"), None)), Ok(true));
        assert_eq!(filter.matches(&subject(Some(b"order"), Some(b"-7"))), Ok(false));
        assert_eq!(filter.matches(&subject(None, None)), Ok(false));
    }

    #[test]
    fn characters_special_in_regular_expressions_are_themselves_in_text() {
        assert!(is_match("a.b(*", "xA.B(*y") && !is_match("a.b", "axb"));
        assert!(is_match("text:/a/", "x/a/y"));
    }

    #[test]
    fn anchors_hold_for_a_field_and_not_for_the_batch() {
        assert!(is_match("/^a+$/", "aaa") && !is_match("/^a+$/", "baa"));
        assert!(is_match(r"re:\bcat\b", "the cat") && !is_match(r"re:\bcat\b", "cats"));
        assert!(
            Filter::parse(r"/^cat$/")
                .unwrap()
                .candidates(b"xcatx")
                .next(0)
                .is_some()
        );
        assert_eq!(Filter::parse(r"/^cat$/").unwrap().candidates(b"xcutx").next(0), None);
    }

    #[test]
    fn a_candidate_is_at_or_after_where_the_search_begins() {
        let filter = Filter::parse("ab").unwrap();
        assert_eq!(filter.candidates(b"ab..AB").next(0), Some(0));
        assert_eq!(filter.candidates(b"ab..AB").next(1), Some(4));
        assert_eq!(filter.candidates(b"ab..AB").next(5), None);
        assert_eq!(filter.candidates(b"ab").next(9), None);
    }

    #[test]
    fn an_empty_line_and_a_broken_expression_say_what_to_write() {
        let error = Filter::parse("").unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing to look for; write a text, a /regex/, or a condition on record"
        );
        let error = Filter::parse("re:a(b").unwrap_err();
        assert_eq!((error.column(), error.what()), (Some(5), "unclosed group"));
        assert_eq!(Filter::kind_of("re:a(b"), Kind::Regex);
        assert!(Filter::parse("/a{3/").is_err());
    }

    #[test]
    fn filters_are_equal_where_their_lines_are() {
        assert_eq!(Filter::parse("a").unwrap(), Filter::parse("a").unwrap());
        assert_ne!(Filter::parse("a").unwrap(), Filter::parse("text:a").unwrap());
        assert_eq!(format!("{:?}", Filter::parse("/a/").unwrap()), "Filter(Regex, \"/a/\")");
    }
}
