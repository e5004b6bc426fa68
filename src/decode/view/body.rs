//! A value laid out in rows, none of them hidden: which bytes stand on which row, and back.

use std::sync::Arc;

use bytes::Bytes;

use super::folds::Fold;
use crate::decode::hex::Dump;
use crate::decode::json::{Pretty, RowStart};
use crate::decode::line::{Line, SpanKind};
use crate::decode::registry::Decoded;
use crate::decode::shape::{Shape, shape};
use crate::decode::text;

/// Rows between two remembered places: a window builds at most so many rows it does not show.
const STRIDE: usize = 64;

/// Rows of a value.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// What the rows are made of: the bytes, or what a decoder made of them. Empty where the layout has a text.
    shown: Bytes,
    columns: usize,
    /// How many there are; at least 1.
    pub(super) rows: usize,
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    /// One row that says there is nothing.
    Nothing(Shape),
    Text(Vec<usize>),
    /// The text, known to be one: a window must not read megabytes to find that out again.
    Json(Arc<str>, Vec<RowStart>),
    Hex(Dump),
}

impl Body {
    /// One row that says what there is instead of bytes.
    pub(super) fn nothing(shape: Shape) -> Self {
        Self {
            shown: Bytes::new(),
            columns: 1,
            rows: 1,
            layout: Layout::Nothing(shape),
        }
    }

    /// Lays out what a decoder made of `bytes`.
    pub(super) fn new(bytes: Bytes, decoded: Decoded, columns: usize) -> Self {
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
        let (layout, rows) = match decoded {
            Decoded::AsHex => hex(&shown, columns),
            Decoded::AsJson => match std::str::from_utf8(&shown) {
                Ok(text) => json(text.into(), columns),
                Err(_) => lines(&shown, columns),
            },
            _ => lines(&shown, columns),
        };
        let shown = match layout {
            Layout::Json(..) => Bytes::new(),
            _ => shown,
        };
        Self {
            shown,
            columns,
            rows,
            layout,
        }
    }

    /// The same in rows of another width.
    pub(super) fn relaid(&self, columns: usize) -> Self {
        let (layout, rows) = match &self.layout {
            Layout::Nothing(_) => return self.clone(),
            Layout::Hex(_) => hex(&self.shown, columns),
            Layout::Text(_) => lines(&self.shown, columns),
            Layout::Json(text, _) => json(Arc::clone(text), columns),
        };
        Self {
            shown: self.shown.clone(),
            columns,
            rows,
            layout,
        }
    }

    /// What the rows are made of.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.layout {
            Layout::Json(text, _) => text.as_bytes(),
            _ => &self.shown,
        }
    }

    /// Whether objects and arrays can be folded.
    pub(super) fn is_tree(&self) -> bool {
        matches!(self.layout, Layout::Json(..))
    }

    /// At most `count` rows from row `from` on.
    pub(super) fn window(&self, from: usize, count: usize) -> Vec<Line> {
        let count = count.min(self.rows.saturating_sub(from));
        let slice = &*self.shown;
        match &self.layout {
            Layout::Nothing(shape) => (0..count).map(|_| nothing(*shape)).collect(),
            Layout::Hex(dump) => (from..from + count).filter_map(|row| dump.row(slice, row)).collect(),
            Layout::Text(starts) => {
                let Some(at) = self.text_row(starts, from) else {
                    return Vec::new();
                };
                let rows = std::iter::successors(Some((Line::default(), at)), |(_, at)| {
                    (*at < slice.len()).then(|| text::row(slice, *at, self.columns))
                });
                rows.skip(1).take(count).map(|(line, _)| line).collect()
            }
            Layout::Json(text, starts) => {
                let Some(mut pretty) = self.json_row(text, starts, from) else {
                    return Vec::new();
                };
                std::iter::from_fn(|| pretty.next_row()).take(count).collect()
            }
        }
    }

    /// Where the text row begins.
    fn text_row(&self, starts: &[usize], row: usize) -> Option<usize> {
        let start = *starts.get(row / STRIDE)?;
        Some((0..row % STRIDE).fold(start, |at, _| text::next_row(&self.shown, at, self.columns)))
    }

    /// The layout from this row on.
    fn json_row<'a>(&self, text: &'a str, starts: &[RowStart], row: usize) -> Option<Pretty<'a>> {
        let start = *starts.get(row / STRIDE)?;
        let mut pretty = Pretty::new(text, self.columns, Some(start));
        for _ in 0..row % STRIDE {
            pretty.skip_row();
        }
        Some(pretty)
    }

    /// The byte that a row begins with.
    pub(super) fn byte_of(&self, row: usize) -> usize {
        match &self.layout {
            Layout::Nothing(_) => 0,
            Layout::Hex(dump) => dump.byte_of(row),
            Layout::Text(starts) => self.text_row(starts, row).unwrap_or(self.shown.len()),
            Layout::Json(text, starts) => {
                let row = self.json_row(text, starts, row);
                row.map_or(text.len(), |pretty| pretty.byte())
            }
        }
    }

    /// The row on which a byte stands.
    pub(super) fn row_of(&self, byte: usize) -> usize {
        match &self.layout {
            Layout::Nothing(_) => 0,
            Layout::Hex(dump) => dump.row_of(byte),
            Layout::Text(starts) => {
                let stride = starts.partition_point(|start| *start <= byte).saturating_sub(1);
                let mut row = stride * STRIDE;
                let mut next = self.text_row(starts, row).unwrap_or(byte);
                loop {
                    next = text::next_row(&self.shown, next, self.columns);
                    if next > byte || row + 1 >= self.rows {
                        return row;
                    }
                    row += 1;
                }
            }
            Layout::Json(text, starts) => {
                let stride = starts.partition_point(|start| start.line() <= byte).saturating_sub(1);
                let start = starts.get(stride).copied();
                let place = start.and_then(|start| Pretty::new(text, self.columns, Some(start)).place_of(byte));
                place.map_or(0, |place| self.json_row_at(text, starts, place))
            }
        }
    }

    /// The row that holds a place.
    fn json_row_at(&self, text: &str, starts: &[RowStart], place: RowStart) -> usize {
        let stride = starts.partition_point(|start| *start <= place).saturating_sub(1);
        let mut row = stride * STRIDE;
        let Some(mut pretty) = self.json_row(text, starts, row) else {
            return row;
        };
        while pretty.skip_row() && pretty.place() <= place && row + 1 < self.rows {
            row += 1;
        }
        row
    }

    /// The object or array that a row belongs to the beginning of: its first row, and what folding it hides.
    pub(super) fn container(&self, row: usize) -> Option<(usize, Fold)> {
        let Layout::Json(text, starts) = &self.layout else {
            return None;
        };
        // A line may be megabytes long: its first row is looked up, not walked back to.
        let line = self.json_row(text, starts, row)?.place().line_start();
        let head = self.json_row_at(text, starts, line);
        let mut pretty = self.json_row(text, starts, head)?;
        fold(&mut pretty, head).map(|fold| (head, fold))
    }

    /// The objects and arrays whose lines begin at these bytes, which ascend.
    pub(super) fn containers_at(&self, places: impl Iterator<Item = usize>) -> Vec<(usize, Fold)> {
        let mut folds = Vec::new();
        let mut places = places.peekable();
        let Layout::Json(text, _) = &self.layout else {
            return folds;
        };
        let (mut pretty, mut row) = (Pretty::new(text, self.columns, None), 0);
        while let Some(wanted) = places.peek() {
            if pretty.place().line() >= *wanted && !pretty.place().is_continued() {
                places.next();
                folds.extend(fold(&mut pretty.clone(), row).map(|fold| (row, fold)));
                continue;
            }
            if !pretty.skip_row() {
                break;
            }
            row += 1;
        }
        folds
    }

    /// Every object and array that stands directly in the outermost one.
    pub(super) fn top_containers(&self) -> Vec<(usize, Fold)> {
        let mut folds = Vec::new();
        let Layout::Json(text, _) = &self.layout else {
            return folds;
        };
        let (mut pretty, mut row) = (Pretty::new(text, self.columns, None), 0);
        loop {
            let mut ahead = pretty.clone();
            if pretty.place().depth() == 1
                && !pretty.place().is_continued()
                && let Some(fold) = fold(&mut ahead, row)
            {
                folds.push((row, fold));
                (pretty, row) = (ahead, fold.end);
                continue;
            }
            if !pretty.skip_row() {
                return folds;
            }
            row += 1;
        }
    }
}

/// What folding hides of the line at `head`; the layout then stands behind it. `None` where the line opens nothing.
fn fold(pretty: &mut Pretty<'_>, head: usize) -> Option<Fold> {
    let (at, depth) = (pretty.place().line(), pretty.place().depth());
    let mut row = head;
    loop {
        pretty.skip_row().then_some(())?;
        row += 1;
        if !pretty.place().is_continued() {
            break;
        }
    }
    if pretty.place().depth() <= depth {
        return None;
    }
    let (start, mut lines) = (row, 0_usize);
    loop {
        let place = pretty.place();
        lines += usize::from(place.depth() == depth + 1 && !place.is_continued());
        if !pretty.skip_row() {
            break;
        }
        row += 1;
        let place = pretty.place();
        if place.depth() <= depth && !place.is_continued() {
            break;
        }
    }
    // The closing bracket is a line too.
    Some(Fold {
        at,
        start,
        end: row,
        members: lines.saturating_sub(1),
    })
}

fn nothing(shape: Shape) -> Line {
    let mut line = Line::default();
    line.push(SpanKind::Literal, &shape.to_string());
    line
}

fn hex(bytes: &[u8], columns: usize) -> (Layout, usize) {
    let dump = Dump::new(columns);
    (Layout::Hex(dump), dump.rows(bytes))
}

fn lines(bytes: &[u8], columns: usize) -> (Layout, usize) {
    let (mut starts, mut rows, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        if rows % STRIDE == 0 {
            starts.push(at);
        }
        rows += 1;
        at = text::next_row(bytes, at, columns);
    }
    (Layout::Text(starts), rows)
}

fn json(text: Arc<str>, columns: usize) -> (Layout, usize) {
    let (mut starts, mut rows) = (Vec::new(), 0);
    let mut pretty = Pretty::new(&text, columns, None);
    loop {
        let place = pretty.place();
        if !pretty.skip_row() {
            return (Layout::Json(text, starts), rows);
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

    use super::*;

    fn body(text: &str, decoded: Decoded, columns: usize) -> Body {
        Body::new(Bytes::copy_from_slice(text.as_bytes()), decoded, columns)
    }

    #[test]
    fn the_row_of_a_byte_is_the_one_it_is_seen_on() {
        let long = "x".repeat(20_000);
        let json = format!("{{\"first\": [1, 2],\n \"long\": \"{long}needle{long}\", \"last\": 7}}");
        for (decoded, columns) in [(Decoded::AsJson, 40), (Decoded::AsText, 40), (Decoded::AsJson, 4000)] {
            let body = body(&json, decoded, columns);
            for word in ["first", "2", "needle", "last", "7"] {
                let row = body.row_of(json.find(word).unwrap());
                // A word may be cut at the end of its row: then the next one begins with the rest.
                let around: String = body.window(row, 2).iter().map(Line::text).collect();
                let at = around.find(word).unwrap_or_else(|| panic!("{word} on {row}: {around}"));
                assert!(at < body.window(row, 1)[0].text().len(), "{word} on {row}: {around}");
            }
        }
        let hex = body(&json, Decoded::AsHex, 80);
        assert_eq!(hex.row_of(33), 2);
        assert_eq!(hex.byte_of(2), 32);
    }

    #[test]
    fn a_container_ends_with_its_bracket_and_counts_its_members() {
        let body = body(r#"{"a":[1,{"b":2},[3]],"c":4}"#, Decoded::AsJson, 80);
        let fold = |at, start, end, members| Fold {
            at,
            start,
            end,
            members,
        };
        assert_eq!(body.container(0), Some((0, fold(0, 1, body.rows, 2))));
        assert_eq!(body.container(1), Some((1, fold(1, 2, 10, 3))));
        assert_eq!(body.container(2), None, "1 is no container");
        assert_eq!(body.top_containers(), [(1, fold(1, 2, 10, 3))]);
        assert_eq!(body.containers_at([0, 1].into_iter()).len(), 2);
    }

    #[test]
    fn a_row_in_the_middle_of_a_long_line_finds_its_first_at_once() {
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(4 << 20));
        let body = body(&long, Decoded::AsJson, 20);
        assert!(body.rows > 200_000);
        assert_eq!(body.container(body.rows / 2), None, "a string is no container");
        let key = format!("{{\"{}\":[1]}}", "k".repeat(100_000));
        let body = self::body(&key, Decoded::AsJson, 20);
        let (head, fold) = body.container(body.rows / 2).unwrap();
        assert_eq!((head, fold.members), (1, 1));
    }

    proptest! {
        #[test]
        fn every_row_is_the_row_of_its_first_byte(items in proptest::collection::vec("[a-zé ]{0,30}", 0..60), columns in 12usize..40) {
            let json = serde_json::to_string(&items).unwrap();
            for decoded in [Decoded::AsJson, Decoded::AsText, Decoded::AsHex] {
                let body = body(&json, decoded, columns);
                for row in 0..body.rows {
                    // A comma that stands alone on its row is laid out, not read: the next byte is the next row's.
                    let is_comma = body.window(row, 1)[0].text() == "," && row + 1 < body.rows;
                    prop_assert_eq!(body.row_of(body.byte_of(row)), row + usize::from(is_comma));
                }
            }
        }
    }
}
