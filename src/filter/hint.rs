//! Bytes that every matching record holds, and looking for them.

use aho_corasick::AhoCorasick;
use memchr::{memchr, memmem};

/// Bytes of which a record that matches holds at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literals {
    any: Vec<Vec<u8>>,
    /// Whether they may stand in JSON, where any character can be written as an escape: then a backslash is as good.
    in_json: bool,
}

/// More alternatives than this are not looked for.
const MAX_ALTERNATIVES: usize = 100;

impl Literals {
    /// Of several alternatives, `None` where one is too short to tell anything, or may have been made of broken bytes.
    pub(super) fn new(any: Vec<Vec<u8>>, in_json: bool) -> Option<Self> {
        let is_useful = |literal: &Vec<u8>| {
            let replacement = "\u{fffd}".as_bytes();
            literal.len() > 1 && memmem::find(literal, replacement).is_none()
        };
        let is_good = !any.is_empty() && any.len() <= MAX_ALTERNATIVES && any.iter().all(is_useful);
        is_good.then_some(Self { any, in_json })
    }

    /// A record must hold what these or the others name.
    pub(super) fn or(self, other: Self) -> Option<Self> {
        let any = self.any.into_iter().chain(other.any).collect();
        Self::new(any, self.in_json || other.in_json)
    }

    /// A record must hold what these and the others name: the ones that tell more.
    pub(super) fn and(self, other: Self) -> Self {
        if other.worth() > self.worth() { other } else { self }
    }

    /// Long, few, and not in JSON is best.
    fn worth(&self) -> (usize, bool, usize) {
        let shortest = self.any.iter().map(Vec::len).min().unwrap_or(0);
        (shortest.min(6), !self.in_json, MAX_ALTERNATIVES - self.any.len())
    }
}

/// Looks for literals.
#[derive(Debug)]
pub(super) struct Hint {
    search: Search,
    longest: usize,
    in_json: bool,
}

/// Where the next backslash is: found once, however many records lie before it.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    /// Between these two there is none.
    none: Option<(usize, usize)>,
}

impl Escapes {
    /// The first at or after `from`, or the end.
    fn next(&mut self, bytes: &[u8], from: usize) -> usize {
        match self.none {
            Some((begin, end)) if (begin..=end).contains(&from) => end,
            _ => {
                let rest = bytes.get(from..).unwrap_or_default();
                let end = memchr(b'\\', rest).map_or(bytes.len(), |at| from + at);
                self.none = Some((from, end));
                end
            }
        }
    }
}

#[derive(Debug)]
enum Search {
    One(Box<memmem::Finder<'static>>),
    Several(Box<AhoCorasick>),
}

impl Hint {
    /// `None` where there is no search for so many literals.
    pub(super) fn new(literals: &Literals) -> Option<Self> {
        let search = match &literals.any[..] {
            [one] => Search::One(Box::new(memmem::Finder::new(one).into_owned())),
            several => Search::Several(Box::new(AhoCorasick::new(several).ok()?)),
        };
        Some(Self {
            search,
            longest: literals.any.iter().map(Vec::len).max()?,
            in_json: literals.in_json,
        })
    }

    /// Whether a record that holds `bytes` may match.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.find(bytes, 0, &mut Escapes::default()).is_some()
    }

    /// Where in `bytes`, from a place on, a record that matches may lie next.
    pub(super) fn find(&self, bytes: &[u8], from: usize, escapes: &mut Escapes) -> Option<usize> {
        let escape = if self.in_json {
            escapes.next(bytes, from)
        } else {
            bytes.len()
        };
        let until = bytes.len().min(escape.saturating_add(self.longest));
        let found = self.find_literal(bytes.get(from..until)?).map(|at| from + at);
        found
            .map(|at| at.min(escape))
            .or((escape < bytes.len()).then_some(escape))
    }

    fn find_literal(&self, bytes: &[u8]) -> Option<usize> {
        match &self.search {
            Search::One(finder) => finder.find(bytes),
            Search::Several(searcher) => searcher.find(bytes).map(|found| found.start()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(any: &[&str], in_json: bool) -> Option<Literals> {
        Literals::new(any.iter().map(|text| text.as_bytes().to_vec()).collect(), in_json)
    }

    fn find(any: &[&str], in_json: bool, bytes: &[u8]) -> Option<usize> {
        let hint = Hint::new(&literals(any, in_json).unwrap()).unwrap();
        assert_eq!(
            hint.is_in(bytes),
            hint.find(bytes, 0, &mut Escapes::default()).is_some()
        );
        hint.find(bytes, 0, &mut Escapes::default())
    }

    #[test]
    fn every_place_is_found_and_the_way_to_the_next_escape_is_read_once() {
        let hint = Hint::new(&literals(&["heidi"], true).unwrap()).unwrap();
        let bytes = br"heidi heidi \n heidi";
        let mut escapes = Escapes::default();
        let mut places = Vec::new();
        while let Some(at) = hint.find(bytes, places.last().map_or(0, |at| at + 1), &mut escapes) {
            places.push(at);
        }
        assert_eq!(places, [0, 6, 12, 15]);
        let mut escapes = Escapes::default();
        assert_eq!(escapes.next(br"abc\n", 0), 3);
        // It does not look: there is none any more.
        assert_eq!(escapes.next(b"abcdn", 2), 3);
        assert_eq!(escapes.next(b"abcdn", 4), 5);
        assert_eq!(escapes.next(b"abcdn", 5), 5);
        assert_eq!(hint.find(b"heidi", 9, &mut Escapes::default()), None);
    }

    #[test]
    fn the_first_literal_or_in_json_the_first_escape_is_the_place() {
        assert_eq!(find(&["heidi"], false, br"a\u0041 heidi"), Some(8));
        assert_eq!(find(&["heidi"], true, br"a\u0041 heidi"), Some(1));
        assert_eq!(find(&["heidi"], true, br"heidi \n"), Some(0));
        assert_eq!(find(&["heidi"], true, b"hei"), None);
        assert_eq!(find(&["heidi", "grace"], false, b"a grace heidi"), Some(2));
        assert_eq!(find(&["heidi", "grace"], true, b"grac"), None);
    }

    #[test]
    fn what_tells_nothing_is_not_looked_for() {
        assert_eq!(literals(&["a"], false), None);
        assert_eq!(literals(&["abc", ""], false), None);
        assert_eq!(literals(&["ab\u{fffd}"], false), None);
        assert_eq!(literals(&[], false), None);
        assert_eq!(literals(&["ab"; MAX_ALTERNATIVES + 1], false), None);
    }

    #[test]
    fn of_two_conditions_the_telling_one_is_looked_for() {
        let (short, long) = (literals(&["ab"], false).unwrap(), literals(&["abcd"], true).unwrap());
        assert_eq!(short.clone().and(long.clone()), long);
        assert_eq!(long.clone().and(short.clone()), long);
        let (json, raw) = (
            literals(&["abcdefgh"], true).unwrap(),
            literals(&["abcdef"], false).unwrap(),
        );
        assert_eq!(json.and(raw.clone()), raw);
        assert_eq!(short.or(long), literals(&["ab", "abcd"], true));
    }
}
