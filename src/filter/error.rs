//! Why a line is no filter, and why a record could not be judged.

use std::fmt;

/// Why a line cannot be understood: what, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    what: String,
    at: Option<usize>,
    hint: Option<&'static str>,
}

impl FilterError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            at: None,
            hint: None,
        }
    }

    /// At this character of the line, counted from 0.
    pub(super) fn at(self, at: usize) -> Self {
        Self { at: Some(at), ..self }
    }

    /// What to write instead.
    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// The same error of a text that begins `by` characters later.
    pub(super) fn shifted(self, by: usize) -> Self {
        Self {
            at: self.at.map(|at| at + by),
            ..self
        }
    }

    /// What is wrong.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where: a column in characters, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.at.map(|at| at + 1)
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(column) = self.column() {
            write!(f, " at column {column}")?;
        }
        match self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}

/// An expression has no answer for a record. Why costs more to say than an answer: it is asked for where it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unjudged;

/// Why an expression has no answer for a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct EvalError {
    what: String,
}

/// Characters of a message that are kept: the evaluator quotes values, however long.
const MAX_MESSAGE: usize = 200;

impl EvalError {
    pub(super) fn new(what: impl AsRef<str>) -> Self {
        let mut chars = what.as_ref().chars();
        let first = chars
            .next()
            .map(|first| first.to_lowercase().to_string())
            .unwrap_or_default();
        let mut what: String = first.chars().chain(chars.by_ref().take(MAX_MESSAGE)).collect();
        if chars.next().is_some() {
            what.push('…');
        }
        Self { what }
    }

    /// What went wrong.
    pub fn what(&self) -> &str {
        &self.what
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_and_what_to_write() {
        let error = FilterError::new("unclosed group").at(2).shifted(3).hint("close it");
        assert_eq!(error.to_string(), "unclosed group at column 6; close it");
        assert_eq!((error.column(), error.hint), (Some(6), Some("close it")));
        assert_eq!(
            FilterError::new("nothing to look for").to_string(),
            "nothing to look for"
        );
    }
}
