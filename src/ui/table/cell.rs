//! The cells of the visible rows: written once, measured, then drawn.

use std::fmt::{self, Display, Write};
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Align, Column, RowSource};
use crate::ui::line;
use crate::ui::text;
use crate::ui::theme::Role;

/// Bytes of a cell that are kept; more than the widest terminal shows.
const MOST_BYTES: usize = 4096;

/// A cell while a [`RowSource`] writes it. Control characters become visible on the way in.
#[derive(Debug)]
pub struct CellText<'a> {
    cells: &'a mut Cells,
    start: usize,
}

impl CellText<'_> {
    /// What is written from here on looks like `role`; a new cell starts as [`Role::Text`].
    pub fn role(&mut self, role: Role) -> &mut Self {
        self.cells.parts.push((self.cells.text.len(), role));
        self
    }

    /// Appends a value.
    pub fn show(&mut self, value: impl Display) -> &mut Self {
        // The cell takes everything and keeps what fits; a value that fails to write leaves what it had written.
        let _ = write!(self, "{value}");
        self
    }
}

impl Write for CellText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut end = (MOST_BYTES + self.start)
            .saturating_sub(self.cells.text.len())
            .min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.cells.text.push_str(&text::visible(&text[..end]));
        Ok(())
    }
}

/// Every cell of the visible rows, in one string.
#[derive(Debug, Default)]
pub(super) struct Cells {
    columns: usize,
    text: String,
    /// Where a role begins, in the order of the text.
    parts: Vec<(usize, Role)>,
    ranges: Vec<Range<usize>>,
}

impl Cells {
    /// Asks for the cells of some rows.
    pub(super) fn of(columns: usize, rows: Range<usize>, source: &dyn RowSource) -> Self {
        let mut cells = Self {
            columns,
            ..Self::default()
        };
        for row in rows {
            for column in 0..columns {
                let start = cells.text.len();
                cells.parts.push((start, Role::Text));
                source.cell(
                    row,
                    column,
                    &mut CellText {
                        cells: &mut cells,
                        start,
                    },
                );
                let end = cells.text.len();
                cells.ranges.push(start..end);
            }
        }
        cells
    }

    /// The text of every cell of a column.
    pub(super) fn of_column(&self, column: usize) -> impl Iterator<Item = &str> {
        self.ranges
            .iter()
            .skip(column)
            .step_by(self.columns.max(1))
            .map(|range| &self.text[range.clone()])
    }

    /// Draws the cell of a line (from 0) and column into its room.
    pub(super) fn draw(
        &self,
        buf: &mut Buffer,
        room: Rect,
        column: &Column,
        (line, index): (usize, usize),
        style_of: impl Fn(Role) -> Style,
    ) {
        let Some(range) = self.ranges.get(line * self.columns + index) else {
            return;
        };
        let fitted = text::fit_parts(&self.text[range.clone()], usize::from(room.width), column.cut);
        let mut x = room.x;
        if column.align == Align::Right {
            let taken = text::width(fitted.head) + usize::from(fitted.is_cut) + text::width(fitted.tail);
            x = room.right().saturating_sub(taken as u16);
        }
        let mut put = |piece: &str, role: Role| {
            x = line::put(buf, (x, room.y), room.right().saturating_sub(x), piece, style_of(role));
        };
        for (role, piece) in self.pieces(range.start..range.start + fitted.head.len()) {
            put(piece, role);
        }
        if fitted.is_cut {
            put("…", Role::Text);
        }
        for (role, piece) in self.pieces(range.end - fitted.tail.len()..range.end) {
            put(piece, role);
        }
    }

    /// A range of the text in pieces of one role each.
    fn pieces(&self, range: Range<usize>) -> impl Iterator<Item = (Role, &str)> {
        // The last part that begins at or before the range, then those inside it.
        let first = self
            .parts
            .partition_point(|(start, _)| *start <= range.start)
            .saturating_sub(1);
        let parts = self.parts[first.min(self.parts.len())..].iter().enumerate();
        parts
            .take_while({
                let end = range.end;
                move |(_, (start, _))| *start < end
            })
            .map(move |(nth, (start, role))| {
                let next = self.parts.get(first + nth + 1).map_or(range.end, |(start, _)| *start);
                (*role, &self.text[(*start).max(range.start)..next.min(range.end)])
            })
    }
}
