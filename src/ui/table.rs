//! The table that every list pane draws.
//!
//! ```text
//!    NAME↑               PART   RF   OFFSET RANGE       SIZE      <- titles, the sorted one with its arrow
//!  ▸ orders.events         12    3      2,000,000    113 MiB      <- the cursor row, one style for the whole row
//! ●  orders.events.dlq      3    3          1,204    912 KiB      <- a selected row
//! ```
//!
//! Columns are data. Rows come from a [`RowSource`] that is asked for visible cells only. Healthy cells have no style.

mod cell;
mod widths;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub use self::cell::CellText;
use self::cell::Cells;
use self::widths::Placed;
pub use self::widths::{Memory, Widths};
use super::line;
use super::text::{self, Cut};
use super::theme::{Role, Theme};

/// Columns before the first cell: the sign of selection, the cursor's sign, a blank.
pub const GUTTER: u16 = 3;
/// Blank columns between two cells.
pub const GAP: u16 = 2;

/// On which side a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Names and texts.
    Left,
    /// Numbers.
    Right,
}

/// What a column does with too little and too much room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// It is as wide as its widest cell so far, or it leaves.
    Natural,
    /// It gives room away, down to its least width, before other columns leave: names.
    Shrinks,
    /// It also takes all the room that is left: the value.
    Fills,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its title, in capitals.
    pub title: &'static str,
    /// Where its cells stand.
    pub align: Align,
    /// The columns it never goes below.
    pub least: u16,
    /// The columns it never goes above.
    pub most: u16,
    /// What it does with too little and too much room.
    pub sizing: Sizing,
    /// What is cut from a cell that is too wide.
    pub cut: Cut,
    /// When it leaves a table that is too narrow: the highest first, 0 never.
    pub priority: u8,
}

impl Column {
    /// A column of texts that stays.
    pub const fn left(title: &'static str) -> Self {
        let (sizing, cut) = (Sizing::Natural, Cut::Tail);
        Self {
            title,
            align: Align::Left,
            least: 1,
            most: u16::MAX,
            sizing,
            cut,
            priority: 0,
        }
    }

    /// A column of numbers that stays.
    pub const fn right(title: &'static str) -> Self {
        Self {
            align: Align::Right,
            ..Self::left(title)
        }
    }

    /// A column of names: both ends stay when cut, `least` columns always.
    pub const fn name(title: &'static str, least: u16) -> Self {
        Self {
            sizing: Sizing::Shrinks,
            cut: Cut::Middle,
            least,
            ..Self::left(title)
        }
    }

    /// The column that takes the room that is left.
    pub const fn fills(self, least: u16) -> Self {
        Self {
            sizing: Sizing::Fills,
            least,
            ..self
        }
    }

    /// With at least so many columns, so that the first rows do not decide.
    pub const fn least(self, least: u16) -> Self {
        Self { least, ..self }
    }

    /// With at most so many columns.
    pub const fn most(self, most: u16) -> Self {
        Self { most, ..self }
    }

    /// Leaves a narrow table, the highest priority first.
    pub const fn leaves(self, priority: u8) -> Self {
        Self { priority, ..self }
    }
}

/// The direction of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl Order {
    /// Its arrow.
    pub const fn arrow(self) -> &'static str {
        match self {
            Self::Ascending => "↑",
            Self::Descending => "↓",
        }
    }
}

/// How a row looks as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLook {
    /// The style of its cells that have none of their own.
    pub role: Role,
    /// Whether it is selected.
    pub is_selected: bool,
}

impl Default for RowLook {
    fn default() -> Self {
        Self {
            role: Role::Text,
            is_selected: false,
        }
    }
}

/// The rows of a table. Only visible ones are asked for.
pub trait RowSource {
    /// How many rows there are.
    fn row_count(&self) -> usize;

    /// Writes the cell of a row (from 0) and column (its index in the table's columns).
    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>);

    /// How the row looks as a whole.
    fn look(&self, row: usize) -> RowLook {
        let _ = row;
        RowLook::default()
    }
}

/// What of a table is shown.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Its columns.
    pub columns: &'a [Column],
    /// The first visible row.
    pub top_row: usize,
    /// The row under the cursor.
    pub cursor: Option<usize>,
    /// The sorted column (its index) and direction.
    pub sort: Option<(usize, Order)>,
}

impl Table<'_> {
    /// Draws titles and the visible rows into `area`; a single row of room goes to a row, not to the titles.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, rows: &dyn RowSource, widths: &mut Widths, theme: &Theme) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let titles = Rect {
            height: u16::from(area.height > 1),
            ..area
        };
        let body = Rect {
            y: area.y + titles.height,
            height: area.height - titles.height,
            ..area
        };
        let count = rows
            .row_count()
            .saturating_sub(self.top_row)
            .min(usize::from(body.height));
        let cells = Cells::of(self.columns.len(), self.top_row..self.top_row + count, rows);
        widths.grow(area.width, self.columns, &cells);
        let placed = widths.place(area.width.saturating_sub(GUTTER), self.columns);
        if titles.height > 0 {
            self.draw_titles(buf, titles, &placed, theme);
        }
        for (line, y) in (body.y..body.bottom()).enumerate().take(count) {
            let place = Rect { y, height: 1, ..body };
            self.draw_row(
                buf,
                place,
                (&cells, line),
                &placed,
                (rows.look(self.top_row + line), theme),
            );
        }
    }

    fn draw_titles(&self, buf: &mut Buffer, area: Rect, placed: &[Placed], theme: &Theme) {
        let style = theme.style(Role::Header);
        for place in placed {
            let Some(column) = self.columns.get(place.column) else {
                continue;
            };
            let width = usize::from(place.width);
            let title = text::fit(column.title, width, Cut::Tail);
            let taken = text::width(&title).min(width) as u16;
            let x = area.x + GUTTER + place.start_of(column.align, taken);
            line::put(buf, (x, area.y), taken, &title, style);
            if let Some((_, order)) = self.sort.filter(|(sorted, _)| *sorted == place.column) {
                // The arrow stands in the gap, so that sorting by another column moves nothing.
                let at = if column.align == Align::Right {
                    x.saturating_sub(1)
                } else {
                    x + taken
                };
                if at < area.right() {
                    line::put(buf, (at, area.y), 1, order.arrow(), style);
                }
            }
        }
    }

    fn draw_row(
        &self,
        buf: &mut Buffer,
        area: Rect,
        (cells, line): (&Cells, usize),
        placed: &[Placed],
        (look, theme): (RowLook, &Theme),
    ) {
        let is_cursor = self.cursor == Some(self.top_row + line);
        if look.is_selected {
            let style = if is_cursor {
                Style::new()
            } else {
                theme.style(Role::Selection)
            };
            line::put(buf, (area.x, area.y), area.width.min(1), "●", style);
        }
        if is_cursor {
            line::put(
                buf,
                (area.x + 1, area.y),
                area.width.saturating_sub(1).min(1),
                "▸",
                Style::new(),
            );
        }
        let row_style = theme.style(look.role);
        for place in placed {
            let Some(column) = self.columns.get(place.column) else {
                continue;
            };
            let x = area.x + GUTTER + place.x;
            let room = Rect {
                x,
                width: place.width.min(area.right().saturating_sub(x)),
                ..area
            };
            let style_of = |role| match role {
                _ if is_cursor => Style::new(),
                Role::Text => row_style,
                role => theme.style(role),
            };
            cells.draw(buf, room, column, (line, place.column), style_of);
        }
        if is_cursor {
            buf.set_style(area, theme.style(Role::Cursor));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::super::format::{Bytes, Count, OrUnknown};
    use super::super::theme::ColorDepth;
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::name("NAME", 8),
        Column::right("PART").leaves(1),
        Column::right("OFFSET RANGE"),
        Column::right("SIZE").leaves(2),
    ];

    #[derive(Default)]
    struct Topics {
        rows: Vec<(&'static str, i64, Option<i64>)>,
        asked: RefCell<Vec<usize>>,
    }

    impl RowSource for Topics {
        fn row_count(&self) -> usize {
            self.rows.len()
        }

        fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
            self.asked.borrow_mut().push(row);
            let (name, partitions, range) = self.rows[row];
            match column {
                0 => cell.show(name),
                1 => cell.show(Count(partitions)),
                2 if range.is_none() => cell.role(Role::Denied).show(OrUnknown(range)),
                2 => cell.show(OrUnknown(range.map(Count))),
                _ => cell.show(Bytes(913 << 10)),
            };
        }

        fn look(&self, row: usize) -> RowLook {
            RowLook {
                is_selected: row == 2,
                ..RowLook::default()
            }
        }
    }

    fn topics() -> Topics {
        let rows = vec![
            ("orders.events", 12, Some(2_000_000)),
            ("orders.by-customer.v2", 12, None),
            ("注文", 3, Some(1_204)),
        ];
        Topics {
            rows,
            ..Topics::default()
        }
    }

    fn theme() -> Theme {
        Theme::find("dark", None, ColorDepth::True).unwrap()
    }

    fn drawn(table: Table<'_>, rows: &Topics, (width, height): (u16, u16), widths: &mut Widths) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        table.draw(&mut buf, Rect::new(0, 0, width, height), rows, widths, &theme());
        buf
    }

    fn lines(buf: &Buffer) -> Vec<String> {
        let row = |y| {
            (0..buf.area.width)
                .map(|x| buf[(x, y)].symbol())
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        (0..buf.area.height).map(row).collect()
    }

    const TABLE: Table<'static> = Table {
        columns: COLUMNS,
        top_row: 0,
        cursor: Some(0),
        sort: Some((0, Order::Ascending)),
    };

    #[test]
    fn a_table_with_room_shows_everything() {
        let buf = drawn(TABLE, &topics(), (60, 4), &mut Widths::default());
        let expected = [
            "   NAME↑                  PART  OFFSET RANGE     SIZE",
            " ▸ orders.events            12     2,000,000  913 KiB",
            "   orders.by-customer.v2    12             ?  913 KiB",
            // A wide letter's second half is a blank of the buffer.
            "●  注 文                       3         1,204  913 KiB",
        ];
        assert_eq!(lines(&buf), expected);
    }

    #[test]
    fn a_narrow_table_cuts_names_then_loses_columns_by_priority() {
        let mut widths = Widths::default();
        let buf = drawn(TABLE, &topics(), (46, 4), &mut widths);
        assert_eq!(lines(&buf)[2], "   orders.…mer.v2    12             ?  913 KiB");
        let buf = drawn(TABLE, &topics(), (36, 4), &mut widths);
        assert_eq!(lines(&buf)[0], "   NAME↑          PART  OFFSET RANGE");
        assert_eq!(lines(&buf)[2], "   orders…mer.v2    12             ?");
        let buf = drawn(TABLE, &topics(), (28, 4), &mut widths);
        assert_eq!(lines(&buf)[0], "   NAME↑        OFFSET RANGE");
    }

    #[test]
    fn too_small_an_area_draws_what_it_can() {
        for width in 0..12 {
            for height in 0..3 {
                drawn(TABLE, &topics(), (width, height), &mut Widths::default());
            }
        }
        let buf = drawn(TABLE, &topics(), (20, 1), &mut Widths::default());
        assert!(
            lines(&buf)[0].starts_with(" ▸ orde…nts"),
            "one row of room shows a row: {:?}",
            lines(&buf)
        );
    }

    #[test]
    fn a_sort_arrow_moves_no_column() {
        let plain = drawn(
            Table { sort: None, ..TABLE },
            &topics(),
            (60, 4),
            &mut Widths::default(),
        );
        for column in 0..COLUMNS.len() {
            let sort = Some((column, Order::Descending));
            let sorted = drawn(Table { sort, ..TABLE }, &topics(), (60, 4), &mut Widths::default());
            assert_eq!(lines(&sorted)[0].replace('↓', " ").trim_end(), lines(&plain)[0]);
            assert_eq!(lines(&sorted)[1..], lines(&plain)[1..]);
        }
    }

    #[test]
    fn the_cursor_row_has_one_style() {
        let buf = drawn(
            Table {
                cursor: Some(1),
                ..TABLE
            },
            &topics(),
            (60, 4),
            &mut Widths::default(),
        );
        let cursor = theme().style(Role::Cursor);
        let styles = |y: u16| (0..60).map(|x| (buf[(x, y)].fg, buf[(x, y)].bg)).collect::<Vec<_>>();
        assert!(
            styles(2)
                .iter()
                .all(|style| *style == (ratatui::style::Color::Reset, cursor.bg.unwrap()))
        );
        let unknown = drawn(TABLE, &topics(), (60, 4), &mut Widths::default());
        let x = lines(&unknown)[2].find('?').unwrap() as u16;
        assert_eq!(unknown[(x, 2)].fg, theme().style(Role::Denied).fg.unwrap());
        assert_eq!(unknown[(x - 1, 2)].fg, ratatui::style::Color::Reset);
    }

    #[test]
    fn only_visible_rows_are_asked_for() {
        let rows = Topics {
            rows: (0..10_000).map(|n| ("t", n, None)).collect(),
            ..Topics::default()
        };
        let buf = drawn(
            Table {
                top_row: 9_998,
                cursor: None,
                ..TABLE
            },
            &rows,
            (60, 21),
            &mut Widths::default(),
        );
        let asked = rows.asked.borrow();
        assert!(asked.iter().all(|row| *row >= 9_998) && asked.len() == 2 * COLUMNS.len());
        assert_eq!(lines(&buf)[3], "");
    }

    #[test]
    fn widths_grow_but_never_shrink_until_the_size_changes() {
        let mut widths = Widths::default();
        let long = drawn(TABLE, &topics(), (60, 4), &mut widths);
        let short = Topics {
            rows: vec![("a", 1, Some(1))],
            ..Topics::default()
        };
        let after = drawn(TABLE, &short, (60, 4), &mut widths);
        assert_eq!(lines(&after)[0], lines(&long)[0], "the columns stay where they are");
        let resized = drawn(TABLE, &short, (59, 4), &mut widths);
        assert_eq!(lines(&resized)[0], "   NAME↑     PART  OFFSET RANGE     SIZE");
    }

    #[test]
    fn nothing_of_a_hostile_name_reaches_the_terminal_raw() {
        let rows = Topics {
            rows: vec![("a\u{1b}[2J\u{202e}b", 1, None)],
            ..Topics::default()
        };
        let buf = drawn(TABLE, &rows, (60, 3), &mut Widths::default());
        assert!(lines(&buf)[1].starts_with(" ▸ a␛[2J\u{fffd}b"), "{:?}", lines(&buf)[1]);
    }
}
