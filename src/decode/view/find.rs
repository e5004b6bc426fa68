//! Looks for text in an opened value.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

/// The most matches that are counted: beyond it, the number tells nobody anything.
pub const MOST_COUNTED: usize = 10_000;

/// Bytes that one place takes at most, to be found backwards: a line that is typed, with white space between its words.
const REACH: usize = 64 << 10;

/// Text to look for. Lower-case text matches in any case; an upper-case letter makes it exact.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// The pattern of a line; `None` for an empty one, or one that is too long.
    pub fn new(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let is_exact = text.chars().any(char::is_uppercase);
        // What is laid out with a space after a colon or a comma may be stored with more, or without.
        let escaped = regex::escape(text).replace(": ", r":\s*").replace(", ", r",\s*");
        let regex = RegexBuilder::new(&escaped).case_insensitive(!is_exact).build().ok()?;
        Some(Self { regex })
    }

    /// The first place at or after `from`.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        let found = self.regex.find_at(bytes, from.min(bytes.len()))?;
        Some(found.range())
    }

    /// The last place that begins before `before`.
    pub(super) fn previous(&self, bytes: &[u8], before: usize) -> Option<Range<usize>> {
        // Backwards in windows that grow: what is near is found without reading everything.
        let mut window = 64 << 10;
        loop {
            let from = before.saturating_sub(window);
            // A place may reach over `before`; what comes behind it is not read for that.
            let until = bytes.len().min(before.saturating_add(REACH));
            let places = self.regex.find_iter(&bytes[from..until]);
            let last = places.take_while(|place| from + place.start() < before).last();
            match last {
                Some(place) => return Some(from + place.start()..from + place.end()),
                None if from == 0 => return None,
                None => window *= 8,
            }
        }
    }

    /// How many places there are, up to [`MOST_COUNTED`].
    pub(super) fn count(&self, bytes: &[u8]) -> usize {
        self.regex.find_iter(bytes).take(MOST_COUNTED).count()
    }

    /// The places in a row, for the eye.
    pub fn places<'a>(&'a self, row: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let places = self.regex.find_iter(row.as_bytes()).map(|place| place.range());
        places.filter(|place| !place.is_empty() && row.is_char_boundary(place.start) && row.is_char_boundary(place.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters_once_there_is_an_upper_case_letter() {
        let text = b"order Order ORDER";
        assert_eq!(Pattern::new("order").unwrap().count(text), 3);
        assert_eq!(Pattern::new("Order").unwrap().count(text), 1);
        assert_eq!(
            Pattern::new("a.b").unwrap().count(b"a.b axb"),
            1,
            "it is text, not an expression"
        );
        assert!(Pattern::new("").is_none());
    }

    #[test]
    fn laid_out_spaces_are_not_needed() {
        let pattern = Pattern::new("\"id\": 1, ").unwrap();
        assert_eq!(pattern.count(b"{\"id\":1,\"b\":2}"), 1);
    }

    #[test]
    fn places_are_found_forwards_and_backwards() {
        let mut text = vec![b'.'; 1_000_000];
        for at in [3, 500_000, 999_990] {
            text[at..at + 2].copy_from_slice(b"xy");
        }
        let pattern = Pattern::new("xy").unwrap();
        assert_eq!(pattern.next(&text, 4), Some(500_000..500_002));
        assert_eq!(pattern.next(&text, 999_991), None);
        assert_eq!(pattern.previous(&text, 999_990), Some(500_000..500_002));
        assert_eq!(pattern.previous(&text, 500_000), Some(3..5));
        assert_eq!(pattern.previous(&text, 3), None);
    }
}
