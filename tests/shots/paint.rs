//! A screen of cells as a picture.

use std::collections::BTreeSet;

use vt100::{Cell, Color};

use super::boxes;
use super::font::{BASELINE, CELL, Fonts};
use super::image::{Image, Rgb};
use super::support::terminal::Terminal;

/// A theme of ktui, on a terminal it is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Dark,
    Light,
    HighContrast,
    Mono,
}

impl Look {
    pub fn theme(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
        }
    }

    /// The terminal's own colours: text and background, those that the theme's file names.
    fn own(self) -> (Rgb, Rgb) {
        match self {
            Self::Dark | Self::Mono => ([0xd5, 0xd9, 0xe0], [0x14, 0x17, 0x1c]),
            Self::Light => ([0x1f, 0x23, 0x28], [0xff, 0xff, 0xff]),
            Self::HighContrast => ([0xff, 0xff, 0xff], [0, 0, 0]),
        }
    }
}

/// Space round the cells.
const MARGIN: usize = 10;

/// A cell as it is drawn.
struct Ink {
    fg: Rgb,
    bg: Rgb,
}

/// Draws what a terminal shows; characters that no font has are added to `missing`.
pub fn paint(terminal: &Terminal, look: Look, fonts: &Fonts, missing: &mut BTreeSet<char>) -> Image {
    let screen = terminal.screen();
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let size = [columns, rows].map(usize::from);
    let mut image = Image::new(
        size[0] * CELL.0 + 2 * MARGIN,
        size[1] * CELL.1 + 2 * MARGIN,
        look.own().1,
    );
    let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
    let cells = || {
        (0..rows)
            .flat_map(move |row| (0..columns).map(move |column| (row, column)))
            .filter_map(|at| Some((at, screen.cell(at.0, at.1)?)))
            .filter(|(_, cell)| !cell.is_wide_continuation())
    };
    // All grounds first: a letter may reach over the edge of its cell.
    for (at, cell) in cells() {
        let ink = ink(cell, look, cursor == Some(at));
        let (left, top) = corner(at);
        image.fill(left, top, left + width(cell) * CELL.0, top + CELL.1, ink.bg);
    }
    for (at, cell) in cells() {
        let ink = ink(cell, look, cursor == Some(at));
        for c in cell.contents().chars() {
            if !letter(&mut image, corner(at), c, cell, &ink, fonts) {
                missing.insert(c);
            }
        }
        if cell.underline() {
            let (left, top) = corner(at);
            let line = top + BASELINE + 2;
            image.fill(left, line, left + width(cell) * CELL.0, line + 1, ink.fg);
        }
    }
    image
}

fn width(cell: &Cell) -> usize {
    1 + usize::from(cell.is_wide())
}

fn corner((row, column): (u16, u16)) -> (usize, usize) {
    (
        MARGIN + usize::from(column) * CELL.0,
        MARGIN + usize::from(row) * CELL.1,
    )
}

/// `false` when no font has it.
fn letter(image: &mut Image, (left, top): (usize, usize), c: char, cell: &Cell, ink: &Ink, fonts: &Fonts) -> bool {
    if c == ' ' {
        return true;
    }
    if let Some(parts) = boxes::parts(c) {
        for (x, y, right, bottom, covered) in parts {
            for (x, y) in (y..bottom).flat_map(|y| (x..right).map(move |x| (x, y))) {
                image.cover(left + x, top + y, ink.fg, covered);
            }
        }
        return true;
    }
    let Some((metrics, pixels)) = fonts.glyph(c, cell.bold(), width(cell)) else {
        return false;
    };
    let y = (top + BASELINE) as i32 - metrics.height as i32 - metrics.ymin;
    let x = left as i32 + metrics.xmin;
    for (at, covered) in pixels.into_iter().enumerate() {
        let (column, row) = (at % metrics.width, at / metrics.width);
        if let (Ok(x), Ok(y)) = (usize::try_from(x + column as i32), usize::try_from(y + row as i32)) {
            image.cover(x, y, ink.fg, covered);
        }
    }
    true
}

fn ink(cell: &Cell, look: Look, is_cursor: bool) -> Ink {
    let own = look.own();
    let mut fg = rgb(cell.fgcolor(), own.0);
    let mut bg = rgb(cell.bgcolor(), own.1);
    if cell.inverse() != is_cursor {
        std::mem::swap(&mut fg, &mut bg);
    }
    if cell.dim() {
        fg = std::array::from_fn(|at| ((u16::from(fg[at]) * 3 + u16::from(bg[at]) * 2) / 5) as u8);
    }
    Ink { fg, bg }
}

/// The sixteen colours of xterm.
const SIXTEEN: [Rgb; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

fn rgb(color: Color, own: Rgb) -> Rgb {
    let step = |level: u8| if level == 0 { 0 } else { 55 + level * 40 };
    match color {
        Color::Default => own,
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Idx(index @ 0..=15) => SIXTEEN[usize::from(index)],
        Color::Idx(index @ 16..=231) => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(step),
        Color::Idx(index) => [8 + (index - 232) * 10; 3],
    }
}
