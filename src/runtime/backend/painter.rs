//! From one screen to the next in few bytes.
//!
//! Each changed row is encoded in two ways, and the shorter is taken: changed cells only, or erasing its rest first.
//! Blanks are erased (ECH, EL), the cursor takes the shortest way, attributes are kept from cell to cell and from frame
//! to frame. What a letter does to its neighbours when it takes the place of a wide one never matters: a cell whose
//! neighbour it could hurt has changed too, and is written after it.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Modifier;

use super::glyph::{Glyph, Look, Sign, read_row};
use super::motion::{self, At};
use super::pen::Pen;
use crate::ui::theme::ColorDepth;

/// Begins a frame that is shown at once (private mode 2026; terminals that do not know it ignore it).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// A frame of so many bytes needs no markers: with SSH's own bytes round it, it fits into one segment on any path (536
/// bytes, RFC 9293) and is read at once. They would be a twelfth of a cursor step.
const ARRIVES_WHOLE: usize = 400;
const CLEAR: &[u8] = b"\x1b[2J";
const TO_END: &[u8] = b"\x1b[K";
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";
const HIDE_CURSOR: &[u8] = b"\x1b[?25l";

/// What the terminal's erase functions do with the background colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// Erased cells take the current background ("bce"), as in xterm and nearly all since.
    Colored,
    /// Erased cells have the default background.
    Plain,
}

impl Erase {
    /// What an environment tells: GNU screen erases plainly. tmux also calls itself screen, but sets `TMUX`.
    pub fn of_environment(term: Option<&str>, tmux: Option<&str>) -> Self {
        let is_screen = term.is_some_and(|term| term.starts_with("screen"));
        if is_screen && tmux.is_none_or(str::is_empty) {
            Self::Plain
        } else {
            Self::Colored
        }
    }
}

/// Knows what the terminal shows and makes the bytes that turn it into the next frame.
#[derive(Debug)]
pub struct Painter {
    depth: ColorDepth,
    erase: Erase,
    shown: Vec<Glyph>,
    size: (u16, u16),
    is_forgotten: bool,
    is_cursor_shown: bool,
    state: State,
    out: Vec<u8>,
}

/// The terminal's own state while bytes are made.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    pen: Pen,
    at: Option<At>,
}

impl Painter {
    /// A painter for a terminal of which nothing is known; its cursor is hidden.
    pub fn new(depth: ColorDepth, erase: Erase) -> Self {
        Self {
            depth,
            erase,
            shown: Vec::new(),
            size: (0, 0),
            is_forgotten: true,
            is_cursor_shown: false,
            state: State::default(),
            out: Vec::new(),
        }
    }

    /// What the terminal shows is not known any more: the next frame clears it first.
    pub fn forget(&mut self) {
        self.is_forgotten = true;
        self.is_cursor_shown = false;
    }

    /// Begins a frame with its cells.
    pub fn paint(&mut self, next: &Buffer) {
        self.out.clear();
        let size = (next.area.width, next.area.height);
        if self.is_forgotten || size != self.size {
            self.clear(size);
        }
        let width = usize::from(size.0);
        if width == 0 {
            return;
        }
        let mut row = Vec::with_capacity(width);
        let mut encoder = Encoder {
            width: size.0,
            erase: self.erase,
            state: self.state,
            out: Vec::new(),
        };
        for (y, (cells, shown)) in next
            .content()
            .chunks(width)
            .zip(self.shown.chunks_mut(width))
            .enumerate()
        {
            read_row(cells, self.depth, &mut row);
            if row == shown {
                continue;
            }
            encoder.row(y as u16, &row, shown, &mut self.out);
            for (shown, next) in shown.iter_mut().zip(row.drain(..)) {
                *shown = next;
            }
        }
        self.state = encoder.state;
    }

    /// Ends the frame with the place of the text cursor, and gives its bytes; none when nothing changed.
    pub fn finish(&mut self, cursor: Option<Position>) -> &[u8] {
        let cursor = cursor.filter(|cursor| cursor.x < self.size.0 && cursor.y < self.size.1);
        match cursor {
            Some(cursor) => {
                let to = (cursor.x, cursor.y);
                motion::go(self.state.at, to, self.size.0, &mut self.out);
                self.state.at = Some(to);
                if !self.is_cursor_shown {
                    self.out.extend_from_slice(SHOW_CURSOR);
                }
            }
            None if self.is_cursor_shown => self.out.extend_from_slice(HIDE_CURSOR),
            None => {}
        }
        self.is_cursor_shown = cursor.is_some();
        if self.out.len() > ARRIVES_WHOLE {
            self.out.splice(..0, BEGIN.iter().copied());
            self.out.extend_from_slice(END);
        }
        &self.out
    }

    fn clear(&mut self, size: (u16, u16)) {
        self.size = size;
        self.shown.clear();
        self.shown
            .resize(usize::from(size.0) * usize::from(size.1), Glyph::EMPTY);
        self.state = State::default();
        // Erasing uses the pen's background.
        self.state.pen.take(Look::PLAIN, &mut self.out);
        if self.is_forgotten {
            self.out.extend_from_slice(HIDE_CURSOR);
        }
        self.out.extend_from_slice(CLEAR);
        self.is_forgotten = false;
    }
}

/// Encodes rows.
struct Encoder {
    width: u16,
    erase: Erase,
    state: State,
    out: Vec<u8>,
}

impl Encoder {
    /// Appends the shorter encoding of a row.
    fn row(&mut self, y: u16, next: &[Glyph], shown: &[Glyph], out: &mut Vec<u8>) {
        let before = self.state;
        self.out.clear();
        self.cells(y, next, shown);
        let (plain, after_plain) = (std::mem::take(&mut self.out), self.state);
        self.state = before;
        if self.erase_rest_first(y, next, shown) && self.out.len() < plain.len() {
            out.append(&mut self.out);
        } else {
            out.extend_from_slice(&plain);
            self.state = after_plain;
        }
    }

    /// Erases from the first changed cell on, then writes what stands there; `false` when its blanks cannot be erased.
    fn erase_rest_first(&mut self, y: u16, next: &[Glyph], shown: &[Glyph]) -> bool {
        let Some(change) = first_change(next, shown) else {
            return false;
        };
        // A row is in one style, or nearly: its first blank is as its others.
        let blank = next[change..].iter().find(|glyph| glyph.is_blank());
        let Some(blank) = blank.filter(|blank| self.can_erase(blank.look)) else {
            return false;
        };
        // The way to the first column is the shortest.
        let is_first_blank = next[..change].iter().all(|glyph| glyph == blank);
        let first = if is_first_blank { 0 } else { change };
        self.erase_with(blank.look, first, y, TO_END);
        let mut erased = shown.to_vec();
        erased[first..].fill(blank.clone());
        self.cells(y, next, &erased);
        true
    }

    /// Writes the cells that differ.
    fn cells(&mut self, y: u16, next: &[Glyph], shown: &[Glyph]) {
        let mut x = 0;
        while let Some(ahead) = first_change(&next[x..], &shown[x..]) {
            x += ahead;
            if next[x].is_blank() {
                x = self.blanks(x, y, next, shown);
                continue;
            }
            if !next[x].is_tail() {
                self.reach(x, y, next);
                self.write(&next[x]);
            }
            x += 1;
        }
    }

    /// Writes or erases the blanks that begin at `x`, and gives the first cell after them.
    fn blanks(&mut self, x: usize, y: u16, next: &[Glyph], shown: &[Glyph]) -> usize {
        let blank = &next[x];
        let run = next[x..].iter().take_while(|glyph| *glyph == blank).count();
        // Blanks at the end that are there already need nothing.
        let changed = |at: &usize| next[*at] != shown[*at];
        let end = (x..x + run).rev().find(changed).map_or(x + 1, |last| last + 1);
        let can_erase = self.can_erase(blank.look);
        if can_erase && x + run == next.len() && end - x > TO_END.len() {
            self.erase_with(blank.look, x, y, TO_END);
            return next.len();
        }
        let goes_on = next[end..].iter().zip(&shown[end..]).any(|(next, shown)| next != shown);
        let columns = (end - x) as u16;
        let sequence = if columns == 1 {
            "\x1b[X".to_owned()
        } else {
            format!("\x1b[{columns}X")
        };
        let way = if goes_on {
            motion::cost_in_row(x as u16, end as u16, self.width)
        } else {
            0
        };
        if can_erase && sequence.len() + way < usize::from(columns) {
            self.erase_with(blank.look, x, y, sequence.as_bytes());
        } else {
            self.reach(x, y, next);
            for glyph in &next[x..end] {
                self.write(glyph);
            }
        }
        end
    }

    fn erase_with(&mut self, look: Look, x: usize, y: u16, sequence: &[u8]) {
        // What an erase does with attributes differs, with the background it does not: the pen has none of them.
        if self
            .state
            .pen
            .0
            .is_none_or(|pen| pen.bg != look.bg || pen.on_blank() != look)
        {
            self.state.pen.take(look, &mut self.out);
        }
        self.go(x as u16, y);
        self.out.extend_from_slice(sequence);
    }

    fn can_erase(&self, look: Look) -> bool {
        look.modifier == Modifier::empty() && (self.erase == Erase::Colored || look.bg == Look::PLAIN.bg)
    }

    /// Goes to a cell of the row, over what stands between by writing it again where that is shorter: all of it, or
    /// what is left after the last tab stop.
    fn reach(&mut self, x: usize, y: u16, next: &[Glyph]) {
        let to = x as u16;
        if let Some((from, row)) = self.state.at
            && row == y
            && from < to
        {
            let cost = motion::cost_in_row(from, to, self.width);
            let tabbed = motion::tab_stop(from, to)
                .and_then(|(stop, tabs)| Some((tabs, self.rewritten(&next[usize::from(stop)..x])?)))
                .filter(|(tabs, rest)| usize::from(*tabs) + rest.len() <= cost);
            let whole = self
                .rewritten(&next[usize::from(from)..x])
                .filter(|all| all.len() <= cost);
            let (tabs, text) = match (whole, tabbed) {
                (Some(all), Some((tabs, rest))) if all.len() > usize::from(tabs) + rest.len() => (tabs, rest),
                (Some(all), _) => (0, all),
                (None, Some(tabbed)) => tabbed,
                (None, None) => return self.go(to, y),
            };
            self.out.extend(std::iter::repeat_n(b'\t', tabs.into()));
            self.out.extend_from_slice(&text);
            self.state.at = Some((to, y));
            return;
        }
        self.go(to, y);
    }

    /// The bytes of a few cells that are there already, if they need no other pen.
    fn rewritten(&self, between: &[Glyph]) -> Option<Vec<u8>> {
        /// No motion within a row is longer.
        const MOST: usize = 6;
        let pen = self.state.pen.0?;
        let fits = |glyph: &Glyph| match &glyph.sign {
            Sign::Blank => pen.on_blank() == glyph.look,
            Sign::Char(_) => pen == glyph.look && glyph.width == 1,
            Sign::Cluster(_) | Sign::Tail => false,
        };
        if between.len() > MOST || !between.iter().all(fits) {
            return None;
        }
        let mut bytes = Vec::new();
        for glyph in between {
            glyph.write(&mut bytes);
        }
        Some(bytes)
    }

    /// Writes a glyph where the cursor is.
    fn write(&mut self, glyph: &Glyph) {
        if glyph.is_blank() {
            self.state.pen.take_for_blank(glyph.look, &mut self.out);
        } else {
            self.state.pen.take(glyph.look, &mut self.out);
        }
        glyph.write(&mut self.out);
        if glyph.is_doubtful() {
            // The terminal may have gone another way; the next motion is absolute.
            self.state.at = None;
        } else {
            self.advance(glyph.width);
        }
    }

    fn advance(&mut self, columns: u16) {
        if let Some((x, _)) = &mut self.state.at {
            *x += columns;
        }
    }

    fn go(&mut self, x: u16, y: u16) {
        motion::go(self.state.at, (x, y), self.width, &mut self.out);
        self.state.at = Some((x, y));
    }
}

fn first_change(next: &[Glyph], shown: &[Glyph]) -> Option<usize> {
    next.iter().zip(shown).position(|(next, shown)| next != shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    const WIDTH: u16 = 14;
    const HEIGHT: u16 = 4;

    fn painter() -> Painter {
        Painter::new(ColorDepth::True, Erase::Colored)
    }

    fn painted(painter: &mut Painter, buffer: &Buffer) -> String {
        painter.paint(buffer);
        String::from_utf8(painter.finish(None).to_vec()).unwrap()
    }

    /// The bytes between two screens of some lines.
    fn between(from: &[&str], to: &[&str]) -> String {
        let mut painter = painter();
        painted(&mut painter, &Buffer::with_lines(from.iter().copied()));
        painted(&mut painter, &Buffer::with_lines(to.iter().copied()))
    }

    #[test]
    fn an_unchanged_frame_has_no_bytes() {
        let mut painter = painter();
        let buffer = Buffer::with_lines(["orders 注文", "e\u{301}"]);
        assert!(!painted(&mut painter, &buffer).is_empty());
        assert_eq!(painted(&mut painter, &buffer), "");
    }

    #[test]
    fn the_first_frame_clears_without_asking() {
        let frame = painted(&mut painter(), &Buffer::with_lines(["ab", ""]));
        assert_eq!(frame, "\x1b[m\x1b[?25l\x1b[2J\x1b[Hab");
    }

    #[test]
    fn a_large_frame_is_shown_at_once_and_a_small_one_needs_no_markers() {
        let mut painter = painter();
        let large = painted(&mut painter, &Buffer::with_lines(["x".repeat(ARRIVES_WHOLE)]));
        assert!(large.starts_with("\x1b[?2026h") && large.ends_with("\x1b[?2026l"));
        let small = painted(&mut painter, &Buffer::with_lines(["y".repeat(ARRIVES_WHOLE / 2)]));
        assert!(small.len() <= ARRIVES_WHOLE && !small.contains("2026"));
    }

    #[test]
    fn blanks_are_erased_and_short_gaps_rewritten() {
        // The cursor is after the last letter of the first frame.
        assert_eq!(
            between(&["abcdefghijklmnop", ""], &["a               ", ""]),
            "\r\x1b[C\x1b[K"
        );
        assert_eq!(between(&["a bc d", ""], &["x bc y", ""]), "\rx bc y");
        assert_eq!(between(&["a bcdefg d", ""], &["x bcdefg y", ""]), "\rx\t y");
        assert_eq!(
            between(&["a注文注文bcde d", ""], &["x注文注文bcde y", ""]),
            "\rx\x1b[13Cy"
        );
        assert_eq!(
            between(&["abcdefghijklmno z", ""], &["a               z", ""]),
            "\r\x1b[C\x1b[14X"
        );
        assert_eq!(between(&["abc z", ""], &["a   z", ""]), "\r\x1b[C  ");
    }

    #[test]
    fn a_row_that_changes_much_is_erased_first() {
        let bytes = between(&["alpha beta gamma delta", ""], &["x    y       z        ", ""]);
        assert_eq!(bytes, "\r\x1b[Kx    y\x1b[7Cz");
    }

    #[test]
    fn the_cursor_is_shown_only_where_the_frame_wants_it() {
        let mut painter = painter();
        let buffer = Buffer::with_lines(["/orders"]);
        painted(&mut painter, &buffer);
        painter.paint(&buffer);
        assert_eq!(
            std::str::from_utf8(painter.finish(Some((3, 0).into()))).unwrap(),
            "\r\x1b[3C\x1b[?25h"
        );
        painter.paint(&buffer);
        assert!(painter.finish(Some((3, 0).into())).is_empty());
        painter.paint(&buffer);
        assert_eq!(std::str::from_utf8(painter.finish(None)).unwrap(), "\x1b[?25l");
        painter.paint(&buffer);
        assert!(
            painter.finish(Some((99, 99).into())).is_empty(),
            "a cursor outside the screen is none"
        );
    }

    #[test]
    fn gnu_screen_erases_plainly_and_tmux_does_not() {
        let of = Erase::of_environment;
        assert_eq!(of(Some("screen-256color"), None), Erase::Plain);
        assert_eq!(
            of(Some("screen-256color"), Some("/tmp/tmux-0/default,1,0")),
            Erase::Colored
        );
        assert_eq!(of(Some("xterm-256color"), None), Erase::Colored);
        assert_eq!(of(None, None), Erase::Colored);
    }

    /// What a terminal shows of a cell, and what it should show.
    #[derive(Debug, PartialEq)]
    struct Seen {
        text: String,
        fg: vt100::Color,
        bg: vt100::Color,
        attributes: [bool; 5],
    }

    fn color(color: Color) -> vt100::Color {
        match color {
            Color::Red => vt100::Color::Idx(1),
            Color::LightBlue => vt100::Color::Idx(12),
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            _ => vt100::Color::Default,
        }
    }

    fn wanted(glyph: &Glyph) -> Seen {
        let mut text = Vec::new();
        if !glyph.is_blank() {
            glyph.write(&mut text);
        }
        let has = |modifier| glyph.look.modifier.contains(modifier);
        Seen {
            text: String::from_utf8(text).unwrap(),
            fg: color(glyph.look.fg),
            bg: color(glyph.look.bg),
            attributes: [
                has(Modifier::BOLD),
                has(Modifier::DIM),
                has(Modifier::ITALIC),
                has(Modifier::UNDERLINED),
                has(Modifier::REVERSED),
            ],
        }
    }

    fn seen(cell: &vt100::Cell) -> Seen {
        let text = cell.contents().trim_end_matches(' ').to_owned();
        let mut seen = Seen {
            fg: cell.fgcolor(),
            bg: cell.bgcolor(),
            attributes: [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()],
            text,
        };
        let [.., underline, reverse] = seen.attributes;
        if seen.text.is_empty() {
            // A pen that shows nothing on a blank may have been anything.
            seen.attributes = [false, false, false, underline, reverse];
            if !underline && !reverse {
                seen.fg = vt100::Color::Default;
            }
        }
        seen
    }

    fn assert_shows(parser: &vt100::Parser, buffer: &Buffer) {
        let mut row = Vec::new();
        for (y, cells) in buffer.content().chunks(usize::from(buffer.area.width)).enumerate() {
            read_row(cells, ColorDepth::True, &mut row);
            for (x, glyph) in row.iter().enumerate() {
                let cell = parser.screen().cell(y as u16, x as u16).unwrap();
                assert_eq!(glyph.is_tail(), cell.is_wide_continuation(), "at {x},{y}");
                if !glyph.is_tail() {
                    let wanted = wanted(glyph);
                    // On blanks only what is seen counts.
                    let wanted = if glyph.is_blank() {
                        let [.., underline, reverse] = wanted.attributes;
                        Seen {
                            attributes: [false, false, false, underline, reverse],
                            ..wanted
                        }
                    } else {
                        wanted
                    };
                    assert_eq!(seen(cell), wanted, "at {x},{y}");
                }
            }
        }
    }

    fn symbols() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            5 => Just(" "),
            3 => prop::sample::select(vec!["a", "b", "7", "-"]),
            2 => prop::sample::select(vec!["é", "e\u{301}", "…", "▸", "注", "文", "한", "👍", "注\u{301}"]),
        ]
    }

    fn styles() -> impl Strategy<Value = Style> {
        let colors = || {
            prop_oneof![
                4 => Just(Color::Reset),
                1 => prop::sample::select(vec![Color::Red, Color::LightBlue, Color::Indexed(99), Color::Rgb(1, 20, 255)])
            ]
        };
        let modifiers = prop_oneof![
            4 => Just(Modifier::empty()),
            1 => prop::sample::select(vec![
                Modifier::BOLD,
                Modifier::BOLD | Modifier::DIM,
                Modifier::ITALIC,
                Modifier::UNDERLINED,
                Modifier::REVERSED,
            ]),
        ];
        (colors(), colors(), modifiers).prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
    }

    /// A screen: runs of signs in a style, drawn one after the other over a blank buffer.
    fn screens() -> impl Strategy<Value = Buffer> {
        let runs = (
            0..WIDTH,
            0..HEIGHT,
            prop::collection::vec(symbols(), 1..8),
            styles(),
            any::<bool>(),
        );
        prop::collection::vec(runs, 0..12).prop_map(|runs| {
            let area = Rect::new(0, 0, WIDTH, HEIGHT);
            let mut buffer = Buffer::empty(area);
            for (x, y, symbols, style, whole_row) in runs {
                buffer.set_stringn(x, y, symbols.concat(), usize::from(WIDTH), style);
                if whole_row {
                    buffer.set_style(Rect { y, height: 1, ..area }, style);
                }
            }
            buffer
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn the_terminal_shows_every_frame_as_it_was_drawn(
            frames in prop::collection::vec(screens(), 1..6),
            erase in prop::sample::select(vec![Erase::Colored, Erase::Plain]),
        ) {
            let mut parser = vt100::Parser::new(HEIGHT.try_into().unwrap(), WIDTH.try_into().unwrap(), 0);
            let mut painter = Painter::new(ColorDepth::True, erase);
            for buffer in frames {
                painter.paint(&buffer);
                parser.process(painter.finish(None));
                assert_shows(&parser, &buffer);
                painter.paint(&buffer);
                prop_assert!(painter.finish(None).is_empty(), "drawn twice");
            }
        }
    }
}
