//! One cell as the terminal shows it, in a form where what looks alike is equal.

use ratatui::buffer::{Cell, CellWidth};
use ratatui::style::{Color, Modifier};

use crate::ui::text;
use crate::ui::theme::ColorDepth;

/// Attributes that are seen on a blank.
const SEEN_ON_BLANK: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK)
    .union(Modifier::CROSSED_OUT);

/// Colours and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub fg: Color,
    pub bg: Color,
    pub modifier: Modifier,
}

impl Look {
    /// The terminal's own colours.
    pub(super) const PLAIN: Self = Self {
        fg: Color::Reset,
        bg: Color::Reset,
        modifier: Modifier::empty(),
    };

    /// What of this look is seen on a blank.
    pub(super) fn on_blank(self) -> Self {
        let modifier = self.modifier & SEEN_ON_BLANK;
        let fg = if modifier.is_empty() { Color::Reset } else { self.fg };
        Self { fg, modifier, ..self }
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    Blank,
    Char(char),
    /// Several characters that make one letter.
    Cluster(Box<str>),
    /// The second half of a wide letter.
    Tail,
}

/// A cell of the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glyph {
    pub sign: Sign,
    pub look: Look,
    /// Columns that the sign takes.
    pub width: u16,
}

impl Glyph {
    /// An erased cell.
    pub(super) const EMPTY: Self = Self::blank(Look::PLAIN);

    pub(super) const fn blank(look: Look) -> Self {
        Self {
            sign: Sign::Blank,
            look,
            width: 1,
        }
    }

    fn of(cell: &Cell, depth: ColorDepth) -> Self {
        let (fg, bg) = (depth.nearest(cell.fg), depth.nearest(cell.bg));
        // A colour says nothing about hidden text, so it is shown rather than trusted to be hidden.
        let mut modifier = cell.modifier - Modifier::HIDDEN;
        if modifier.contains(Modifier::BOLD) {
            // Many terminals know one of the two at a time.
            modifier.remove(Modifier::DIM);
        }
        let look = Look { fg, bg, modifier };
        let symbol = cell.symbol();
        let mut chars = symbol.chars();
        let sign = match (chars.next(), chars.next()) {
            (None | Some(' '), None) => Sign::Blank,
            (Some(c), None) => Sign::Char(text::picture(c).unwrap_or(c)),
            // The last gate: whatever a cell holds, no control character passes.
            _ => Sign::Cluster(text::visible(symbol).into()),
        };
        let width = match &sign {
            Sign::Blank | Sign::Tail => 1,
            Sign::Char(c) => c.encode_utf8(&mut [0; 4]).cell_width(),
            Sign::Cluster(cluster) => cluster.cell_width(),
        };
        match (sign, width) {
            (Sign::Blank, _) | (_, 0) => Self::blank(look.on_blank()),
            (sign, width) => Self { sign, look, width },
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.sign == Sign::Blank
    }

    pub(super) fn is_tail(&self) -> bool {
        self.sign == Sign::Tail
    }

    /// Whether terminals may disagree with us about its columns: letters of several characters, and pictures.
    pub(super) fn is_doubtful(&self) -> bool {
        match &self.sign {
            Sign::Cluster(_) => true,
            Sign::Char(c) => self.width > 1 && !is_east_asian(*c),
            Sign::Blank | Sign::Tail => false,
        }
    }

    /// Appends the sign as bytes; nothing for the second half of a letter.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.sign {
            Sign::Blank => out.push(b' '),
            Sign::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Sign::Cluster(cluster) => out.extend_from_slice(cluster.as_bytes()),
            Sign::Tail => {}
        }
    }
}

/// Reads a row of cells: the second half of a wide letter becomes a tail whatever its cell holds, and a wide letter
/// that has no room for its second half becomes a blank.
pub(super) fn read_row(cells: &[Cell], depth: ColorDepth, row: &mut Vec<Glyph>) {
    row.clear();
    while let Some(cell) = cells.get(row.len()) {
        let glyph = Glyph::of(cell, depth);
        let width = usize::from(glyph.width);
        if row.len() + width > cells.len() {
            row.push(Glyph::blank(glyph.look.on_blank()));
            continue;
        }
        let tail = Glyph {
            sign: Sign::Tail,
            look: glyph.look,
            width: 1,
        };
        row.push(glyph);
        row.extend(std::iter::repeat_n(tail, width - 1));
    }
}

/// Whether a wide character belongs to the scripts whose width every terminal agrees on.
fn is_east_asian(c: char) -> bool {
    matches!(
        u32::from(c),
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFFE6
            | 0x2_0000..=0x3_FFFD
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(symbols: &[&str]) -> Vec<Glyph> {
        let cells: Vec<_> = symbols
            .iter()
            .map(|symbol| {
                let mut cell = Cell::default();
                cell.set_symbol(symbol);
                cell
            })
            .collect();
        let mut row = Vec::new();
        read_row(&cells, ColorDepth::True, &mut row);
        row
    }

    fn bytes(row: &[Glyph]) -> String {
        let mut out = Vec::new();
        for glyph in row {
            glyph.write(&mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_hides_under_a_wide_letter_is_not_shown() {
        let row = row(&["注", "x", "y"]);
        assert_eq!(bytes(&row), "注y");
        assert!(row[1].is_tail());
    }

    #[test]
    fn a_wide_letter_without_room_becomes_a_blank() {
        assert_eq!(bytes(&row(&["a", "注"])), "a ");
    }

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(bytes(&row(&["\u{1b}", "\u{202e}", "\u{301}", ""])), "␛\u{fffd}  ");
        let all = bytes(&row(&["\u{1b}", "\u{9b}", "\u{7}\n", "\u{301}", ""]));
        assert!(!all.chars().any(char::is_control), "{all:?}");
    }

    #[test]
    fn blanks_that_look_alike_are_equal() {
        let mut bold = Cell::default();
        bold.modifier = Modifier::BOLD;
        bold.fg = Color::Red;
        let mut reversed = bold.clone();
        reversed.modifier = Modifier::REVERSED;
        let mut row = Vec::new();
        read_row(&[bold, reversed, Cell::default()], ColorDepth::True, &mut row);
        assert_eq!(row[0], row[2]);
        assert_ne!(row[1], row[2]);
    }

    #[test]
    fn only_letters_that_terminals_measure_alike_are_trusted() {
        let doubtful: Vec<_> = row(&["a", "注", "", "e\u{301}", "👍", ""])
            .iter()
            .map(Glyph::is_doubtful)
            .collect();
        assert_eq!(doubtful, [false, false, false, true, true, false]);
    }
}
