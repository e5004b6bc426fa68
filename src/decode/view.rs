//! A value opened in one format: rows by number, a window at a time, with objects and arrays folded.

mod body;
mod find;
mod folds;

pub use find::{MOST_COUNTED, Pattern};

use bytes::Bytes;

use super::line::{Line, SpanKind};
use super::registry::{Choice, Decoded, Format, choose_shaped, decode};
use super::shape::{Shape, shape};
use super::site::Site;
use body::Body;
use folds::Folds;

/// Fewest columns a view is laid out for.
const NARROWEST: usize = 12;
/// Most columns a row has, so that a window has a bound.
const WIDEST: usize = 4096;

/// A value opened for reading. Opening reads all of it once; a window then costs what it shows.
#[derive(Clone, Debug)]
pub struct View {
    shape: Shape,
    format: Format,
    reason: String,
    body: Body,
    folds: Folds,
}

impl View {
    /// Opens `bytes` in `format`, with rows of at most `columns` cells, when nothing is known but the bytes.
    pub fn open(bytes: Option<Bytes>, format: Format, columns: usize) -> Self {
        Self::open_at(bytes, format, columns, &Site::UNKNOWN)
    }

    /// Opens `bytes` that stand at `site`. Where they are not of that format, they are shown as text or hex, and
    /// [`View::reason`] says why.
    pub fn open_at(bytes: Option<Bytes>, format: Format, columns: usize, site: &Site<'_>) -> Self {
        let shape = shape(bytes.as_deref());
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
            return Self {
                shape,
                format,
                reason: shape.to_string(),
                body: Body::nothing(shape),
                folds: Folds::default(),
            };
        };
        let choice = chosen(&bytes, format, shape, site);
        Self {
            shape,
            format: choice.format,
            reason: choice.reason,
            body: Body::new(bytes, choice.decoded, columns.clamp(NARROWEST, WIDEST)),
            folds: Folds::default(),
        }
    }

    /// The same with rows of at most `columns` cells: what is folded stays so.
    #[must_use]
    pub fn relaid(&self, columns: usize) -> Self {
        let body = self.body.relaid(columns.clamp(NARROWEST, WIDEST));
        let mut folds = Folds::default();
        folds.insert(body.containers_at(self.folds.places()));
        Self {
            reason: self.reason.clone(),
            body,
            folds,
            ..*self
        }
    }

    /// The row on which the first byte of a row stands in another layout of the same.
    pub fn row_in(&self, other: &Self, row: usize) -> usize {
        let byte = self.body.byte_of(self.folds.whole(row));
        let whole = other.body.row_of(byte);
        other.folds.shown(whole.min(other.body.rows - 1))
    }

    /// What the bytes are.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The format it is shown in: never [`Format::Auto`], unless there is nothing to show.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Why it is shown in that format: how the automatic choice was made, or why the wanted one cannot be. Empty where
    /// it was wanted and is so.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// How many rows there are, without the folded ones; at least 1.
    pub fn rows(&self) -> usize {
        self.body.rows - self.folds.hidden()
    }

    /// Whether its objects and arrays can be folded.
    pub fn is_tree(&self) -> bool {
        self.body.is_tree()
    }

    /// At most `count` rows from row `from` on, counted from 0.
    pub fn window(&self, from: usize, count: usize) -> Vec<Line> {
        if self.folds.is_empty() {
            return self.body.window(from, count);
        }
        let end = from.saturating_add(count).min(self.rows());
        let mut lines = Vec::new();
        let mut row = from;
        while row < end {
            let whole = self.folds.whole(row);
            // Rows up to the next fold stand together.
            let run = (row + 1..end)
                .take_while(|next| self.folds.whole(*next) == whole + (next - row))
                .count()
                + 1;
            lines.extend(self.body.window(whole, run));
            if let (Some(fold), Some(line)) = (self.folds.after(whole + run - 1), lines.last_mut()) {
                // The last hidden row is the bracket that closes it, perhaps with a comma.
                let last = self.body.window(fold.end - 1, 1);
                let close = last.first().map(Line::text).unwrap_or_default();
                line.push(SpanKind::Folded, &format!(" … {} {}", fold.members, close.trim_start()));
            }
            row += run;
        }
        lines
    }

    /// Folds the object or array that begins on a row, or opens it; `false` where none begins.
    pub fn toggle_fold(&mut self, row: usize) -> bool {
        let Some((head, fold)) = self.body.container(self.folds.whole(row)) else {
            return false;
        };
        if !self.folds.remove(head) {
            self.folds.insert([(head, fold)]);
        }
        true
    }

    /// Opens everything that is folded, or else folds what stands directly in the outermost object or array. Answers
    /// where a row stands then.
    pub fn toggle_all(&mut self, row: usize) -> usize {
        let whole = self.folds.whole(row);
        if self.folds.is_empty() {
            self.folds.insert(self.body.top_containers());
        } else {
            self.folds.clear();
        }
        self.folds.shown(whole)
    }

    /// The row of the next place of `pattern` after a row, or of the last one before it; begins anew at the other end.
    /// What hides it is opened.
    pub fn find(&mut self, pattern: &Pattern, row: usize, is_forward: bool) -> Option<usize> {
        let bytes = self.body.bytes();
        let whole = self.folds.whole(row);
        let found = if is_forward {
            let from = if whole + 1 < self.body.rows {
                self.body.byte_of(whole + 1)
            } else {
                bytes.len()
            };
            pattern.next(bytes, from).or_else(|| pattern.next(bytes, 0))
        } else {
            let before = self.body.byte_of(whole);
            pattern
                .previous(bytes, before)
                .or_else(|| pattern.previous(bytes, bytes.len()))
        };
        found.map(|place| self.reveal(place.start))
    }

    /// The row of the first place of `pattern` at or after a row, or else of the first one of all.
    pub fn find_from(&mut self, pattern: &Pattern, row: usize) -> Option<usize> {
        let bytes = self.body.bytes();
        let from = self.body.byte_of(self.folds.whole(row));
        let found = pattern.next(bytes, from).or_else(|| pattern.next(bytes, 0));
        found.map(|place| self.reveal(place.start))
    }

    fn reveal(&mut self, byte: usize) -> usize {
        let whole = self.body.row_of(byte);
        self.folds.reveal(whole);
        self.folds.shown(whole)
    }

    /// How many places of `pattern` there are, up to [`MOST_COUNTED`].
    pub fn count(&self, pattern: &Pattern) -> usize {
        pattern.count(self.body.bytes())
    }
}

/// What to show: as wanted, or else as plainly as can be.
fn chosen(bytes: &[u8], format: Format, shape: Shape, site: &Site<'_>) -> Choice {
    if format == Format::Auto {
        return choose_shaped(bytes, shape, site);
    }
    let decoded = match (format, shape) {
        (Format::Json, Shape::Json) => Ok(Decoded::AsJson),
        _ => decode(bytes, format, site),
    };
    match decoded {
        Ok(decoded) => Choice {
            format,
            reason: String::new(),
            decoded,
        },
        Err(why) => Choice {
            format: if shape.is_binary() { Format::Hex } else { Format::Text },
            reason: format!("not {format}: {why}"),
            decoded: if shape.is_binary() {
                Decoded::AsHex
            } else {
                Decoded::AsText
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::registry::DECODERS;
    use super::*;

    fn open(bytes: &[u8], format: Format, columns: usize) -> View {
        View::open(Some(Bytes::copy_from_slice(bytes)), format, columns)
    }

    fn texts(view: &View, from: usize, count: usize) -> Vec<String> {
        view.window(from, count).iter().map(Line::text).collect()
    }

    #[test]
    fn auto_chooses_by_what_the_bytes_are() {
        assert_eq!(open(b"{\"a\":1}", Format::Auto, 80).format(), Format::Json);
        assert_eq!(open(b"hello", Format::Auto, 80).format(), Format::Text);
        assert_eq!(open(b"\xff\x00", Format::Auto, 80).format(), Format::Hex);
        assert_eq!(open(b"\xff\x00", Format::Text, 80).format(), Format::Text);
        assert_eq!(open(b"not json", Format::Json, 80).format(), Format::Text);
        assert_eq!(open(b"{\"a\":1}", Format::Hex, 80).format(), Format::Hex);
    }

    #[test]
    fn null_and_empty_say_so_in_one_row() {
        for format in DECODERS.iter().map(|row| row.format) {
            assert_eq!(texts(&View::open(None, format, 80), 0, 5), ["null"]);
            assert_eq!(texts(&open(b"", format, 80), 0, 5), ["empty"]);
        }
    }

    #[test]
    fn decoded_bytes_are_shown_in_place_of_the_raw_ones() {
        assert_eq!(
            texts(&open(b"\xa1\x61a\x01", Format::Cbor, 80), 0, 9),
            ["{", "  \"a\": 1", "}"]
        );
        assert_eq!(texts(&open(b"aGVsbG8=", Format::FromBase64, 80), 0, 9), ["hello"]);
        let integer = open(b"\0\0\0\x2a", Format::Auto, 80);
        assert_eq!(integer.format(), Format::Integer);
        assert_eq!(texts(&integer, 0, 1), ["42   signed, big-endian"]);
    }

    #[test]
    fn a_format_that_does_not_fit_says_so_and_shows_the_bytes() {
        let view = open(b"hello", Format::Cbor, 80);
        assert_eq!(
            (view.format(), texts(&view, 0, 1)),
            (Format::Text, vec!["hello".to_owned()])
        );
        assert!(view.reason().starts_with("not CBOR: "), "{}", view.reason());
        assert_eq!(open(b"\xff\xff\xff", Format::Uuid, 80).format(), Format::Hex);
    }

    #[test]
    fn a_folded_container_is_one_row_and_opens_again() {
        let mut view = open(br#"{"a":[1,{"b":2},[3]],"c":{"d":4}}"#, Format::Auto, 80);
        let rows = view.rows();
        assert!(view.toggle_fold(1));
        assert_eq!(
            texts(&view, 0, 9),
            ["{", "  \"a\": [ … 3 ],", "  \"c\": {", "    \"d\": 4", "  }", "}"]
        );
        assert!(!view.toggle_fold(3), "4 is no container");
        assert!(view.toggle_fold(2));
        assert_eq!(texts(&view, 0, 9), ["{", "  \"a\": [ … 3 ],", "  \"c\": { … 1 }", "}"]);
        assert!(view.toggle_fold(1));
        assert!(view.toggle_fold(view.rows() - 2));
        assert_eq!(view.rows(), rows);
        assert_eq!(view.toggle_all(0), 0);
        assert_eq!(texts(&view, 0, 9).len(), 4);
        view.toggle_all(0);
        assert_eq!(view.rows(), rows);
    }

    #[test]
    fn another_width_keeps_what_is_folded_and_the_place() {
        let json = format!(r#"{{"a":[1,{{"b":"{}"}}],"c":{{"d":4}},"last":7}}"#, "x".repeat(90));
        let mut wide = open(json.as_bytes(), Format::Auto, 200);
        assert!(wide.toggle_fold(7), "c");
        let last = wide.rows() - 2;
        let narrow = wide.relaid(20);
        assert!(narrow.rows() > wide.rows());
        assert!(texts(&narrow, 0, 99).contains(&"  \"c\": { … 1 },".to_owned()));
        let row = wide.row_in(&narrow, last);
        assert_eq!(texts(&narrow, row, 1), texts(&wide, last, 1));
        assert_eq!(narrow.row_in(&wide, row), last);
        let mut folded = wide.clone();
        folded.toggle_fold(1);
        let (again, whole) = (folded.relaid(20).relaid(200), texts(&folded, 0, 99));
        assert_eq!(texts(&again, 0, 99), whole);
        assert_eq!(whole.len(), 5, "{whole:?}");
        for format in [Format::Text, Format::Hex] {
            let wide = open(json.as_bytes(), format, 100);
            let narrow = wide.relaid(30);
            assert_eq!(texts(&narrow, 0, 99), texts(&open(json.as_bytes(), format, 30), 0, 99));
            assert_eq!(wide.row_in(&narrow, 0), 0);
        }
        assert_eq!(View::open(None, Format::Auto, 80).relaid(20).rows(), 1);
    }

    #[test]
    fn a_search_goes_round_and_opens_what_hides_its_place() {
        let mut view = open(br#"{"a":[1,{"b":"needle"}],"c":"needle","d":0}"#, Format::Auto, 80);
        let pattern = Pattern::new("needle").unwrap();
        assert_eq!(view.count(&pattern), 2);
        view.toggle_fold(1);
        assert_eq!(view.find_from(&pattern, 0), Some(4));
        assert_eq!(view.find(&pattern, 4, true), Some(7));
        assert_eq!(view.find(&pattern, 7, true), Some(4), "round the end");
        assert_eq!(view.find(&pattern, 4, false), Some(7), "round the beginning");
        assert_eq!(view.find(&Pattern::new("nothing").unwrap(), 0, true), None);
        for format in [Format::Text, Format::Hex] {
            let mut view = open(br#"{"a":"needle"}"#, format, 80);
            assert_eq!(view.find(&pattern, 0, true), Some(0), "{format:?}");
        }
    }

    #[test]
    fn a_window_past_the_end_is_short_or_empty() {
        let view = open(b"a\nb\nc", Format::Text, 80);
        assert_eq!(view.rows(), 3);
        assert_eq!(texts(&view, 2, 10), ["c"]);
        assert!(texts(&view, 3, 10).is_empty());
        assert!(texts(&view, usize::MAX, 10).is_empty());
    }

    #[test]
    fn windows_of_a_long_value_equal_the_rows_of_the_whole() {
        let json = format!(
            "[{}]",
            (0..500)
                .map(|i| format!("{{\"n\":{i},\"s\":\"{}\"}}", "x".repeat(i)))
                .collect::<Vec<_>>()
                .join(",")
        );
        for format in [Format::Json, Format::Text, Format::Hex] {
            let view = open(json.as_bytes(), format, 40);
            let whole = texts(&view, 0, view.rows());
            assert_eq!(whole.len(), view.rows(), "{format:?}");
            for from in [0, 1, 63, 64, 65, 500, view.rows() - 3] {
                assert_eq!(
                    texts(&view, from, 10),
                    whole[from..(from + 10).min(whole.len())],
                    "{format:?} {from}"
                );
            }
        }
    }

    #[test]
    fn one_long_line_is_opened_in_one_pass() {
        let long = format!("[\"{}\"]", "x".repeat(4 << 20));
        for format in [Format::Json, Format::Text] {
            let view = open(long.as_bytes(), format, 100);
            assert!(view.rows() > 40_000);
            assert_eq!(view.window(view.rows() - 2, 2).len(), 2);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_opened_in_any_format(bytes in proptest::collection::vec(any::<u8>(), 0..400), columns in 0usize..100) {
            for format in DECODERS.iter().map(|row| row.format) {
                let view = open(&bytes, format, columns);
                prop_assert_eq!(view.window(0, usize::MAX).len(), view.rows());
            }
        }
    }
}
