//! A value opened in one format: rows by number, a window at a time.

use bytes::Bytes;

use super::hex::Dump;
use super::json::{Pretty, RowStart};
use super::line::{Line, SpanKind};
use super::registry::{Choice, Decoded, Format, choose, decode};
use super::shape::{Shape, shape};
use super::site::Site;
use super::text;

/// Rows between two remembered places: a window builds at most so many rows it does not show.
const STRIDE: usize = 64;
/// Fewest columns a view is laid out for.
const NARROWEST: usize = 12;
/// Most columns a row has, so that a window has a bound.
const WIDEST: usize = 4096;

/// A value opened for reading. Opening reads all of it once; a window then costs what it shows.
#[derive(Clone, Debug)]
pub struct View {
    /// What the rows are made of: the bytes, or what a decoder made of them.
    shown: Bytes,
    shape: Shape,
    format: Format,
    reason: String,
    rows: usize,
    columns: usize,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// One row that says there is nothing.
    Nothing,
    Text(Vec<usize>),
    Json(Vec<RowStart>),
    Hex(Dump),
}

impl View {
    /// Opens `bytes` in `format`, with rows of at most `columns` cells, when nothing is known but the bytes.
    pub fn open(bytes: Option<Bytes>, format: Format, columns: usize) -> Self {
        Self::open_at(bytes, format, columns, &Site::UNKNOWN)
    }

    /// Opens `bytes` that stand at `site`. Where they are not of that format, they are shown as text or hex, and
    /// [`View::reason`] says why.
    pub fn open_at(bytes: Option<Bytes>, format: Format, columns: usize, site: &Site<'_>) -> Self {
        let columns = columns.clamp(NARROWEST, WIDEST);
        let shape = shape(bytes.as_deref());
        let bytes = bytes.unwrap_or_default();
        let choice = match shape {
            Shape::Null | Shape::Empty => None,
            _ => Some(chosen(&bytes, format, shape, site)),
        };
        let Some(choice) = choice else {
            return Self {
                shown: bytes,
                shape,
                format,
                reason: shape.to_string(),
                rows: 1,
                columns,
                body: Body::Nothing,
            };
        };
        let (shown, (body, rows)) = laid_out(bytes, choice.decoded, columns);
        Self {
            shown,
            shape,
            format: choice.format,
            reason: choice.reason,
            rows,
            columns,
            body,
        }
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

    /// How many rows there are; at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// At most `count` rows from row `from` on, counted from 0.
    pub fn window(&self, from: usize, count: usize) -> Vec<Line> {
        let count = count.min(self.rows.saturating_sub(from));
        let slice = &*self.shown;
        match &self.body {
            Body::Nothing => (0..count).map(|_| nothing(self.shape)).collect(),
            Body::Hex(dump) => (from..from + count).filter_map(|row| dump.row(slice, row)).collect(),
            Body::Text(starts) => {
                let Some(&start) = starts.get(from / STRIDE) else {
                    return Vec::new();
                };
                let at = (0..from % STRIDE).fold(start, |at, _| text::next_row(slice, at, self.columns));
                let rows = std::iter::successors(Some((Line::default(), at)), |(_, at)| {
                    (*at < slice.len()).then(|| text::row(slice, *at, self.columns))
                });
                rows.skip(1).take(count).map(|(line, _)| line).collect()
            }
            Body::Json(starts) => {
                let Some(start) = starts.get(from / STRIDE) else {
                    return Vec::new();
                };
                let input = std::str::from_utf8(slice).unwrap_or_default();
                let mut pretty = Pretty::new(input, self.columns, Some(*start));
                for _ in 0..from % STRIDE {
                    pretty.skip_row();
                }
                std::iter::from_fn(|| pretty.next_row()).take(count).collect()
            }
        }
    }
}

/// What to show: as wanted, or else as plainly as can be.
fn chosen(bytes: &[u8], format: Format, shape: Shape, site: &Site<'_>) -> Choice {
    if format == Format::Auto {
        return choose(bytes, site);
    }
    match decode(bytes, format, site) {
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

/// The bytes to show and how they are laid out.
fn laid_out(bytes: Bytes, decoded: Decoded, columns: usize) -> (Bytes, (Body, usize)) {
    let (shown, decoded) = match decoded {
        Decoded::Text(text) => (Bytes::from(text), Decoded::AsText),
        Decoded::Json(text) => (Bytes::from(text), Decoded::AsJson),
        // A container's bytes are shown by what they are; another decoder on top would be guessing.
        Decoded::Bytes(held) => {
            let decoded = match shape(Some(&held)) {
                Shape::Json => Decoded::AsJson,
                binary if binary.is_binary() => Decoded::AsHex,
                _ => Decoded::AsText,
            };
            (Bytes::from(held), decoded)
        }
        as_it_is => (bytes, as_it_is),
    };
    let body = match decoded {
        Decoded::AsHex => hex(&shown, columns),
        Decoded::AsJson => json(&shown, columns),
        _ => lines(&shown, columns),
    };
    (shown, body)
}

fn nothing(shape: Shape) -> Line {
    let mut line = Line::default();
    line.push(SpanKind::Literal, &shape.to_string());
    line
}

fn hex(bytes: &[u8], columns: usize) -> (Body, usize) {
    let dump = Dump::new(columns);
    (Body::Hex(dump), dump.rows(bytes))
}

fn lines(bytes: &[u8], columns: usize) -> (Body, usize) {
    let (mut starts, mut rows, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        if rows % STRIDE == 0 {
            starts.push(at);
        }
        rows += 1;
        at = text::next_row(bytes, at, columns);
    }
    (Body::Text(starts), rows)
}

fn json(bytes: &[u8], columns: usize) -> (Body, usize) {
    let input = std::str::from_utf8(bytes).unwrap_or_default();
    let (mut starts, mut rows) = (Vec::new(), 0);
    let mut pretty = Pretty::new(input, columns, None);
    loop {
        let place = pretty.place();
        if !pretty.skip_row() {
            return (Body::Json(starts), rows);
        }
        if rows % STRIDE == 0 {
            starts.push(place);
        }
        rows += 1;
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
