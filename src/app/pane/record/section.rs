//! The sections of the record screen and their opened contents.

use bytes::Bytes;

use super::find::Find;
use crate::app::action::Action;
use crate::app::list::ListState;
use crate::decode::{Format, Line, Pattern, Site, View};
use crate::kafka::model::Header;

/// Columns of a line that is not wrapped; what is longer is wrapped there all the same.
pub const WIDEST: usize = 4096;

/// A part of the record screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Where, when, by whom, how large.
    Facts,
    /// Headers in wire order.
    Headers,
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Section {
    /// All of them, from the top.
    pub const ALL: [Self; 4] = [Self::Facts, Self::Headers, Self::Key, Self::Value];

    /// The one that `tab` goes to: from the value to the key, the headers, the facts.
    pub fn next(self) -> Self {
        match self {
            Self::Value => Self::Key,
            Self::Key => Self::Headers,
            Self::Headers => Self::Facts,
            Self::Facts => Self::Value,
        }
    }
}

/// What becomes of lines that are longer than the screen is wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// They go on in the next row.
    Wrapped,
    /// They are cut; `h` and `l` scroll.
    Cut,
}

impl Wrap {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Wrapped => Self::Cut,
            Self::Cut => Self::Wrapped,
        }
    }

    fn columns(self, columns: usize) -> usize {
        match self {
            Self::Wrapped => columns,
            Self::Cut => WIDEST,
        }
    }
}

/// The format that `v` goes to; `None` is the list of all of them.
pub(super) fn after(format: Format) -> Option<Format> {
    match format {
        Format::Auto => Some(Format::Json),
        Format::Json => Some(Format::Text),
        Format::Text => Some(Format::Hex),
        _ => None,
    }
}

/// A key or a value, opened in a format.
#[derive(Clone, Debug)]
pub struct Text {
    /// The format that was chosen.
    pub format: Format,
    /// The window, and the cursor that a tree has.
    pub list: ListState,
    /// Opened for so many columns.
    opened: Option<(usize, View)>,
    /// A line that was looked for, and how many places of it there are in what is opened.
    counted: Option<(String, usize)>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            format: Format::Auto,
            list: ListState::default(),
            opened: None,
            counted: None,
        }
    }
}

impl Text {
    /// The opened bytes; `None` before the screen has a size.
    pub fn view(&self) -> Option<&View> {
        self.opened.as_ref().map(|(_, view)| view)
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.view().map_or(1, View::rows)
    }

    /// Opens it in `format`, unless it is open in that.
    pub(super) fn open(&mut self, bytes: Option<Bytes>, format: Format, site: &Site<'_>, wrap: Wrap, columns: usize) {
        if self.format != format {
            self.close();
            self.format = format;
        }
        // A hex dump is never wrapped: what it does with much room is longer rows.
        let columns = match self.format {
            Format::Hex => columns,
            _ => wrap.columns(columns),
        };
        match &self.opened {
            Some((opened, _)) if *opened == columns => {}
            Some((_, before)) => {
                let view = before.relaid(columns);
                let cursor = before.row_in(&view, self.list.cursor);
                let above = self.list.cursor.saturating_sub(self.list.top_row);
                self.list = ListState {
                    cursor,
                    top_row: cursor.saturating_sub(above),
                };
                self.opened = Some((columns, view));
            }
            None => self.opened = Some((columns, View::open_at(bytes, self.format, columns, site))),
        }
    }

    /// Counts the places of what is looked for, unless that was done.
    pub(super) fn count(&mut self, find: &Find) {
        if self.counted.as_ref().is_some_and(|(line, _)| *line == find.line) {
            return;
        }
        if let (Some((_, view)), Some(pattern)) = (&self.opened, &find.pattern) {
            self.counted = Some((find.line.clone(), view.count(pattern)));
        }
    }

    /// How many places there are of what was looked for last; `None` where it cannot be looked for.
    pub fn places(&self) -> Option<usize> {
        self.counted.as_ref().map(|(_, count)| *count)
    }

    pub(super) fn close(&mut self) {
        self.opened = None;
        self.counted = None;
        self.list = ListState::default();
    }

    /// The row under the cursor, where there is one: objects and arrays can be folded there.
    pub fn cursor(&self) -> Option<usize> {
        self.view().is_some_and(View::is_tree).then_some(self.list.cursor)
    }

    /// Moves the cursor or, where there is none, the window.
    pub(super) fn act(&mut self, action: Action, page: usize) -> bool {
        let rows = self.rows();
        if self.cursor().is_some() {
            self.list.act(action, rows, page)
        } else {
            self.list.scroll(action, rows, page)
        }
    }

    /// Keeps cursor and window inside.
    pub(super) fn clamp(&mut self, page: usize) {
        let rows = self.rows();
        if self.cursor().is_some() {
            self.list.move_to(self.list.cursor, rows, page);
        }
        self.list.top_row = self.list.top_row.min(rows.saturating_sub(page));
    }

    /// Folds or opens what begins under the cursor; `false` where nothing does.
    pub(super) fn toggle_fold(&mut self) -> bool {
        let Some(cursor) = self.cursor() else { return false };
        self.opened.as_mut().is_some_and(|(_, view)| view.toggle_fold(cursor))
    }

    /// Folds or opens everything.
    pub(super) fn toggle_folds(&mut self, page: usize) {
        let (cursor, Some((_, view))) = (self.list.cursor, self.opened.as_mut()) else {
            return;
        };
        let cursor = view.toggle_all(cursor);
        self.list.move_to(cursor, self.rows(), page);
    }

    /// Goes to the first place of a pattern from a row on.
    pub(super) fn find_from(&mut self, pattern: &Pattern, row: usize, page: usize) {
        let found = self.opened.as_mut().and_then(|(_, view)| view.find_from(pattern, row));
        self.go_to(found, page);
    }

    /// Goes to the next place of a pattern, or the one before.
    pub(super) fn find(&mut self, pattern: &Pattern, is_forward: bool, page: usize) {
        let cursor = self.list.cursor;
        let found = self
            .opened
            .as_mut()
            .and_then(|(_, view)| view.find(pattern, cursor, is_forward));
        self.go_to(found, page);
    }

    fn go_to(&mut self, row: Option<usize>, page: usize) {
        if let Some(row) = row {
            self.list.move_to(row, self.rows(), page);
        }
    }
}

/// The headers: each has a name on its first row and as many rows as its value takes.
#[derive(Clone, Debug)]
pub struct HeaderRows {
    /// The format that was chosen for their values.
    pub format: Format,
    opened: Option<Opened>,
}

#[derive(Clone, Debug)]
struct Opened {
    columns: usize,
    name_columns: usize,
    values: Vec<View>,
    /// The row after each value's last.
    ends: Vec<usize>,
}

/// One row of the headers.
#[derive(Clone, Debug)]
pub struct HeaderRow {
    /// Which header.
    pub index: usize,
    /// Whether it is the header's first row.
    pub is_first: bool,
    /// Part of its value.
    pub line: Line,
}

impl Default for HeaderRows {
    fn default() -> Self {
        Self {
            format: Format::Auto,
            opened: None,
        }
    }
}

/// Columns a header's name takes at least and at most.
const NAME: (usize, usize) = (6, 32);

impl HeaderRows {
    /// How many rows all headers take.
    pub fn rows(&self) -> usize {
        let opened = self.opened.as_ref();
        opened.and_then(|opened| opened.ends.last()).copied().unwrap_or(0)
    }

    /// The columns of the names.
    pub fn name_columns(&self) -> usize {
        self.opened.as_ref().map_or(0, |opened| opened.name_columns)
    }

    /// At most `count` rows from row `from` on.
    pub fn window(&self, from: usize, count: usize) -> Vec<HeaderRow> {
        let mut window = Vec::new();
        let Some(opened) = &self.opened else { return window };
        let end = from.saturating_add(count).min(self.rows());
        let mut row = from;
        while row < end {
            let index = opened.ends.partition_point(|end| *end <= row);
            let start = index.checked_sub(1).map_or(0, |before| opened.ends[before]);
            let lines = opened.values[index].window(row - start, end - row);
            let numbered = (row - start..).zip(lines);
            window.extend(numbered.map(|(nth, line)| HeaderRow {
                index,
                is_first: nth == 0,
                line,
            }));
            row = opened.ends[index];
        }
        window
    }

    pub(super) fn open(&mut self, headers: &[Header], wrap: Wrap, columns: usize) {
        if self
            .opened
            .as_ref()
            .is_some_and(|opened| opened.columns == wrap.columns(columns))
        {
            return;
        }
        let longest = headers.iter().map(|header| header.key.len()).max().unwrap_or(0);
        let name_columns = longest.clamp(NAME.0, NAME.1.min(columns / 3).max(NAME.0));
        let room = wrap.columns(columns.saturating_sub(name_columns + 2));
        let open = |header: &Header| View::open(header.value.clone(), self.format, room);
        let values: Vec<View> = headers.iter().map(open).collect();
        let ends = values.iter().scan(0, |end, value| {
            *end += value.rows();
            Some(*end)
        });
        self.opened = Some(Opened {
            columns: wrap.columns(columns),
            name_columns,
            ends: ends.collect(),
            values,
        });
    }

    pub(super) fn close(&mut self) {
        self.opened = None;
    }

    pub(super) fn next_format(&mut self) {
        self.close();
        self.format = after(self.format).unwrap_or(Format::Auto);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[Option<&'static [u8]>]) -> HeaderRows {
        let header = |value: Option<&'static [u8]>| Header {
            key: Bytes::from_static(b"name"),
            value: value.map(Bytes::from_static),
        };
        let mut rows = HeaderRows::default();
        rows.open(
            &values.iter().copied().map(header).collect::<Vec<_>>(),
            Wrap::Wrapped,
            28,
        );
        rows
    }

    #[test]
    fn long_header_values_take_several_rows_under_one_name() {
        let rows = headers(&[Some(b"short"), Some(b"0123456789012345678901234567890123456789"), None]);
        assert_eq!(rows.rows(), 4);
        let shown: Vec<_> = rows
            .window(0, 10)
            .into_iter()
            .map(|row| (row.index, row.is_first, row.line.text()))
            .collect();
        assert_eq!(shown[1], (1, true, "01234567890123456789".to_owned()));
        assert_eq!(shown[2], (1, false, "01234567890123456789".to_owned()));
        assert_eq!(shown[3], (2, true, "null".to_owned()));
    }

    #[test]
    fn a_window_of_headers_may_begin_in_the_middle_of_one() {
        let rows = headers(&[Some(b"0123456789012345678901234567890123456789"), Some(b""), Some(b"x")]);
        let shown: Vec<_> = rows
            .window(1, 2)
            .into_iter()
            .map(|row| (row.index, row.is_first))
            .collect();
        assert_eq!(shown, [(0, false), (1, true)]);
        assert!(rows.window(4, 5).is_empty());
        assert!(HeaderRows::default().window(0, 5).is_empty());
    }

    #[test]
    fn another_format_or_width_opens_the_text_again() {
        let bytes = Bytes::from_static(b"{\"a\":1}");
        let mut text = Text::default();
        text.open(Some(bytes.clone()), Format::Auto, &Site::UNKNOWN, Wrap::Wrapped, 40);
        assert_eq!(text.view().unwrap().format(), Format::Json);
        text.open(Some(bytes.clone()), Format::Text, &Site::UNKNOWN, Wrap::Wrapped, 40);
        assert_eq!((text.format, text.rows()), (Format::Text, 1));
        text.open(Some(bytes), Format::Text, &Site::UNKNOWN, Wrap::Cut, 40);
        assert_eq!(text.opened.as_ref().unwrap().0, WIDEST);
    }
}
