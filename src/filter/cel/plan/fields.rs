//! Looking up the fields of a record that a plan asks for, each document in one pass.

use super::super::super::json::{Scalar, Scanner, Start, Text};
use super::super::super::subject::Subject;
use super::{Document, Field};

/// Paths a plan may look up: what is seen of them lives on the stack.
const MAX_PATHS: usize = 16;

/// Where a plan looks in the JSON of key and value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paths(Vec<(Document, Vec<String>)>);

impl Paths {
    /// The number of the path, where there is room for it.
    pub(super) fn number(&mut self, document: Document, path: Vec<String>) -> Option<usize> {
        let path = (document, path);
        let known = self.0.iter().position(|known| *known == path);
        if known.is_none() && self.0.len() == MAX_PATHS {
            return None;
        }
        Some(known.unwrap_or_else(|| {
            self.0.push(path);
            self.0.len() - 1
        }))
    }

    /// The paths into `document`.
    fn within(&self, document: Document) -> Set {
        self.matching(Set::all(self.0.len()), |(of, _)| *of == document)
    }

    /// Those of `set` that end after `depth` names.
    fn ending(&self, set: Set, depth: usize) -> Set {
        self.matching(set, |(_, path)| path.len() == depth)
    }

    /// Those of `set` that name `key` at `depth`.
    fn naming(&self, set: Set, depth: usize, key: &str) -> Set {
        self.matching(set, |(_, path)| path.get(depth).is_some_and(|name| name == key))
    }

    fn matching(&self, set: Set, is_one: impl Fn(&(Document, Vec<String>)) -> bool) -> Set {
        let ones = set.iter().filter(|at| self.0.get(*at).is_some_and(&is_one));
        Set(ones.fold(0, |bits, at| bits | 1 << at))
    }
}

/// Some of the paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set(u16);

impl Set {
    fn all(count: usize) -> Self {
        Self(u16::try_from((1_u32 << count) - 1).unwrap_or(u16::MAX))
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let at = (bits != 0).then(|| bits.trailing_zeros() as usize);
            bits &= bits.wrapping_sub(1);
            at
        })
    }
}

/// What stands at a place of the record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen<'a> {
    /// A part of a JSON document, or something that is no text.
    Scalar(Scalar<'a>),
    /// A text that is no JSON.
    Text(&'a str),
    /// An object or a list.
    Nested,
    /// Nothing: what would hold it is there and does not.
    Lacking,
    /// The evaluator must look.
    Unknown,
}

/// Looks at one record.
#[derive(Debug)]
pub(super) struct Lookup<'p, 'a> {
    paths: &'p Paths,
    subject: &'p Subject<'a>,
    seen: [Seen<'a>; MAX_PATHS],
    has_read_key: bool,
    has_read_value: bool,
}

impl<'p, 'a> Lookup<'p, 'a> {
    pub(super) fn new(paths: &'p Paths, subject: &'p Subject<'a>) -> Self {
        Self {
            paths,
            subject,
            seen: [Seen::Unknown; MAX_PATHS],
            has_read_key: false,
            has_read_value: false,
        }
    }

    /// What stands at `field`.
    pub(super) fn see(&mut self, field: &Field) -> Seen<'a> {
        match field {
            Field::Json(number) => {
                let document = self.paths.0.get(*number).map(|(document, _)| *document);
                if let Some(document) = document {
                    self.read(document);
                }
                self.seen.get(*number).copied().unwrap_or(Seen::Unknown)
            }
            Field::AsText(document) => seen_text(self.bytes(*document)),
            Field::Whole(document) => match seen_text(self.bytes(*document)) {
                Seen::Text(text) if Scanner::object(text).is_some() => Seen::Nested,
                seen => seen,
            },
            Field::Header(name) => self.header(name),
            Field::Partition => int(i64::from(self.subject.partition.0)),
            Field::Offset => int(self.subject.offset.0),
            Field::Timestamp => self.subject.timestamp.millis().map_or(Seen::Lacking, int),
        }
    }

    fn bytes(&self, document: Document) -> Option<&'a [u8]> {
        match document {
            Document::Key => self.subject.key,
            Document::Value => self.subject.value,
        }
    }

    /// Of two headers with the same key, the last.
    fn header(&self, name: &str) -> Seen<'a> {
        let of_name = self.subject.headers.iter().filter(|(key, _)| *key == name.as_bytes());
        match of_name.last() {
            Some((_, None)) => Seen::Scalar(Scalar::Null),
            Some((_, value)) => seen_text(value),
            None => Seen::Lacking,
        }
    }

    /// Looks up all paths into `document`, once.
    fn read(&mut self, document: Document) {
        let has_read = match document {
            Document::Key => &mut self.has_read_key,
            Document::Value => &mut self.has_read_value,
        };
        if std::mem::replace(has_read, true) {
            return;
        }
        let wanted = self.paths.within(document);
        if self.walk_document(document, wanted).is_none() {
            self.set(wanted, Seen::Unknown);
        }
    }

    fn walk_document(&mut self, document: Document, wanted: Set) -> Option<()> {
        let text = std::str::from_utf8(self.bytes(document)?).ok()?;
        let mut scanner = Scanner::object(text)?;
        self.object(&mut scanner, wanted, 0)?;
        scanner.is_at_end().then_some(())
    }

    /// Walks over the object `depth` names below the top of its document.
    fn object(&mut self, scanner: &mut Scanner<'a>, wanted: Set, depth: usize) -> Option<()> {
        self.set(self.paths.ending(wanted, depth + 1), Seen::Lacking);
        scanner.members(|scanner, key| self.member(scanner, key, wanted, depth))
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, key: Text<'a>, wanted: Set, depth: usize) -> Option<()> {
        if key.is_escaped {
            return None;
        }
        let named = self.paths.naming(wanted, depth, key.raw);
        if named.is_empty() {
            return scanner.skip_value();
        }
        // A member before with the same key counts no more, nor does what was below it.
        self.set(named, Seen::Unknown);
        let here = self.paths.ending(named, depth + 1);
        match scanner.start()? {
            Start::Object => {
                self.set(here, Seen::Nested);
                self.object(scanner, named.without(here), depth + 1)
            }
            Start::List => {
                self.set(here, Seen::Nested);
                scanner.elements(Scanner::skip_value)
            }
            Start::Scalar(scalar) => {
                self.set(here, Seen::Scalar(scalar));
                Some(())
            }
        }
    }

    fn set(&mut self, paths: Set, seen: Seen<'a>) {
        for at in paths.iter() {
            self.seen[at] = seen;
        }
    }
}

fn seen_text(bytes: Option<&[u8]>) -> Seen<'_> {
    match bytes.map(std::str::from_utf8) {
        Some(Ok(text)) => Seen::Text(text),
        Some(Err(_)) => Seen::Unknown,
        None => Seen::Lacking,
    }
}

fn int<'a>(value: i64) -> Seen<'a> {
    Seen::Scalar(Scalar::Int(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_number_and_there_is_room_for_sixteen() {
        let mut paths = Paths::default();
        for number in 0..MAX_PATHS {
            assert_eq!(paths.number(Document::Value, vec![number.to_string()]), Some(number));
        }
        assert_eq!(paths.number(Document::Value, vec!["3".to_owned()]), Some(3));
        assert_eq!(paths.number(Document::Key, vec!["3".to_owned()]), None);
        assert_eq!(paths.within(Document::Value), Set(u16::MAX));
        assert_eq!(paths.within(Document::Key), Set(0));
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        assert_eq!(Set(0b1010).iter().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(Set(0b1010).without(Set(0b0010)), Set(0b1000));
        assert_eq!(Set::all(16), Set(u16::MAX));
        assert!(Set::all(0).is_empty());
    }
}
