//! A regular expression over bytes, and its weaker twin for whole batches.

use regex::bytes::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

use super::FilterError;
use super::hint::{Escapes, Hint, Literals};

/// A regular expression. It is matched against one field at a time: `^` and `$` are the ends of a key, a value or a
/// header.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The same without what looks around a match (`^`, `$`, `\b`): where the expression matches in a field, this
    /// matches in anything that holds the field. `None` where the expression never looks around.
    relaxed: Option<Regex>,
    /// Bytes that every match holds.
    hint: Option<Hint>,
}

impl Pattern {
    pub(super) fn new(body: &str) -> Result<Self, FilterError> {
        let hir = ParserBuilder::new()
            .utf8(false)
            .build()
            .parse(body)
            .map_err(|error| syntax_error(body, &error))?;
        let too_large = |_| FilterError::new("the expression is too large").hint("use smaller repetitions");
        let regex = Regex::new(body).map_err(too_large)?;
        let literals = required(&hir).and_then(|any| Literals::new(any, false));
        let relaxed = if hir.properties().look_set().is_empty() {
            None
        } else {
            Some(Regex::new(&relaxed(hir).to_string()).map_err(too_large)?)
        };
        Ok(Self {
            regex,
            relaxed,
            hint: literals.as_ref().and_then(Hint::new),
        })
    }

    /// Whether it matches in this field.
    pub(super) fn is_match(&self, bytes: &[u8]) -> bool {
        self.regex.is_match(bytes)
    }

    /// Where in the records of a batch a field that matches may lie next.
    pub(super) fn find_candidate(&self, payload: &[u8]) -> Option<usize> {
        match &self.hint {
            // Bytes are looked for as they are.
            Some(hint) => hint.find(payload, 0, &mut Escapes::default()),
            None => self
                .relaxed
                .as_ref()
                .unwrap_or(&self.regex)
                .find(payload)
                .map(|found| found.start()),
        }
    }
}

/// Texts of which every match of a text expression holds one.
pub(super) fn literals_of(body: &str) -> Option<Vec<Vec<u8>>> {
    required(&regex_syntax::parse(body).ok()?)
}

/// Bytes of which every match holds one: the best beginning of what is left of the expression from any of its parts.
fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let parts = match hir.kind() {
        HirKind::Concat(parts) => &parts[..],
        HirKind::Capture(capture) => return required(&capture.sub),
        _ => std::slice::from_ref(hir),
    };
    let mut extractor = Extractor::new();
    extractor.limit_total(MAX_LITERALS);
    let beginnings = (0..parts.len()).map(|from| extractor.extract(&Hir::concat(parts[from..].to_vec())));
    let best = beginnings.max_by_key(worth)?;
    let literals = best.literals()?;
    Some(literals.iter().map(|literal| literal.as_bytes().to_vec()).collect())
}

/// Alternatives an expression's literals may have.
const MAX_LITERALS: usize = 64;

/// Long is better, then few.
fn worth(literals: &Seq) -> (usize, usize) {
    let shortest = literals.min_literal_len().unwrap_or(0);
    (
        shortest.min(6),
        MAX_LITERALS.saturating_sub(literals.len().unwrap_or(MAX_LITERALS)),
    )
}

/// The expression with every assertion taken as true.
fn relaxed(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Look(_) | HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(relaxed(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => relaxed(*capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(relaxed).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(relaxed).collect()),
    }
}

fn syntax_error(body: &str, error: &regex_syntax::Error) -> FilterError {
    let (what, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        other => (other.to_string(), 0),
    };
    FilterError::new(what).at(body.get(..at).map_or(0, |before| before.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_in_a_field_is_a_candidate_in_its_batch() {
        for (body, field) in [
            (r"^abc$", "abc"),
            (r"\bcat\b|^$", "a cat"),
            (r"(?i)^x.*y$", "XabcY"),
            (r"(?m)^b$", "a\nb\nc"),
            (r"(?-u)^\xff+$", "\u{1}"),
            (r"a{2,3}?\b", "caa"),
        ] {
            let pattern = Pattern::new(body).unwrap();
            let batch = [b"zz", field.as_bytes(), b"zz"].concat();
            assert!(
                !pattern.is_match(field.as_bytes()) || pattern.find_candidate(&batch).is_some(),
                "{body}"
            );
        }
        assert_eq!(Pattern::new("^cat$").unwrap().find_candidate(b"a cut"), None);
    }

    #[test]
    fn the_longest_literals_of_an_expression_are_required() {
        let required = |body: &str| {
            let literals = literals_of(body)?;
            Some(
                literals
                    .into_iter()
                    .map(|literal| String::from_utf8(literal).unwrap())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(required("ab.*heidi.c").unwrap(), ["heidi"]);
        assert_eq!(required("^(order-(71|72)x)$").unwrap(), ["order-71x", "order-72x"]);
        assert_eq!(required("a|").unwrap(), ["a", ""]);
        assert_eq!(required(".*"), None);
        assert_eq!(required("(?i)ab").unwrap(), ["AB", "Ab", "aB", "ab"]);
    }

    #[test]
    fn errors_name_the_column_in_characters() {
        let error = Pattern::new("ää[").unwrap_err();
        assert_eq!((error.column(), error.what()), (Some(3), "unclosed character class"));
        assert!(Pattern::new(&"(".repeat(100_000)).is_err());
        assert!(Pattern::new("((a{1000}){1000}){1000}").is_err());
    }
}
