//! Looking for a text in bytes.

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};

/// A text to look for, exactly or in any case.
#[derive(Debug)]
pub(super) enum Needle {
    Exact(Box<memmem::Finder<'static>>),
    /// By simple case folding (Unicode), as ripgrep does it.
    AnyCase(Regex),
}

impl Needle {
    /// Smart case: a text with an upper-case letter is looked for as it stands, any other in any case.
    pub(super) fn smart(text: &str) -> Self {
        let is_exact = text.chars().any(char::is_uppercase) || text.chars().all(|c| !c.is_alphabetic());
        let any_case = || RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build();
        // A literal longer than what the regex crate compiles is no text anybody types: it is looked for as it stands.
        match (!is_exact).then(any_case) {
            Some(Ok(regex)) => Self::AnyCase(regex),
            Some(Err(_)) | None => Self::Exact(Box::new(memmem::Finder::new(text).into_owned())),
        }
    }

    /// Where it first stands in `bytes`.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Exact(finder) => finder.find(bytes),
            Self::AnyCase(regex) => regex.find(bytes).map(|found| found.start()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_letters_is_looked_for_as_it_stands() {
        assert!(matches!(Needle::smart("47-11"), Needle::Exact(_)));
        assert!(matches!(Needle::smart("Ab"), Needle::Exact(_)));
        assert!(matches!(Needle::smart("ab"), Needle::AnyCase(_)));
    }

    #[test]
    fn texts_are_found_between_bytes_that_are_no_utf_8() {
        assert_eq!(Needle::smart("ab").find(b"\xff\xfeAB"), Some(2));
        assert_eq!(Needle::smart("é").find(b"\xff\xc3\x89"), Some(1));
        assert_eq!(Needle::smart("é").find(b"\xc3"), None);
    }
}
