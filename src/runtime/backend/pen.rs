//! The terminal's current colours and attributes, and the shortest way to others (ECMA-48, SGR).

use ratatui::style::{Color, Modifier};

use super::glyph::Look;
use crate::ui::theme::color;

/// Attributes with their codes for on and off. Bold and dim share their "off".
const ATTRIBUTES: [(Modifier, u8, u8); 8] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What the terminal writes with; `None` when that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pen(pub Option<Look>);

impl Pen {
    /// Takes up a look.
    pub(super) fn take(&mut self, look: Look, out: &mut Vec<u8>) {
        match self.0 {
            Some(current) if current == look => return,
            Some(current) => {
                let (afresh, change) = (afresh(look), change(current, look));
                out.extend_from_slice(if afresh.len() <= change.len() { &afresh } else { &change });
            }
            None => out.extend_from_slice(&afresh(look)),
        }
        self.0 = Some(look);
    }

    /// Takes up a look for blanks, unless they already come out like that.
    pub(super) fn take_for_blank(&mut self, look: Look, out: &mut Vec<u8>) {
        if self.0.is_none_or(|current| current.on_blank() != look) {
            self.take(look, out);
        }
    }
}

/// From nothing: `CSI ; ... m`, where the empty parameter resets.
fn afresh(look: Look) -> Vec<u8> {
    let mut codes = Codes::default();
    if look != Look::PLAIN {
        codes.0.push(b';');
    }
    for (attribute, on, _) in ATTRIBUTES {
        if look.modifier.contains(attribute) {
            codes.push(on);
        }
    }
    codes.color(look.fg, false);
    codes.color(look.bg, true);
    codes.sequence()
}

/// From one look to another.
fn change(from: Look, to: Look) -> Vec<u8> {
    let mut codes = Codes::default();
    let mut held = from.modifier;
    for (attribute, _, off) in ATTRIBUTES {
        if held.contains(attribute) && !to.modifier.contains(attribute) {
            codes.push(off);
            for (other, _, other_off) in ATTRIBUTES {
                if other_off == off {
                    held.remove(other);
                }
            }
        }
    }
    for (attribute, on, _) in ATTRIBUTES {
        if to.modifier.contains(attribute) && !held.contains(attribute) {
            codes.push(on);
        }
    }
    if from.fg != to.fg {
        codes.color_or_default(to.fg, false);
    }
    if from.bg != to.bg {
        codes.color_or_default(to.bg, true);
    }
    codes.sequence()
}

/// SGR parameters in the making.
#[derive(Default)]
struct Codes(Vec<u8>);

impl Codes {
    fn push(&mut self, code: u8) {
        if !matches!(self.0.last(), None | Some(b';')) {
            self.0.push(b';');
        }
        if code >= 100 {
            self.0.push(b'0' + code / 100);
        }
        if code >= 10 {
            self.0.push(b'0' + code / 10 % 10);
        }
        self.0.push(b'0' + code % 10);
    }

    fn color(&mut self, color: Color, is_background: bool) {
        if color != Color::Reset {
            self.color_or_default(color, is_background);
        }
    }

    fn color_or_default(&mut self, color: Color, is_background: bool) {
        let base = if is_background { 40 } else { 30 };
        match code_of(color) {
            ColorCode::Default => self.push(base + 9),
            ColorCode::Named(index @ 0..=7) => self.push(base + index),
            ColorCode::Named(index) => self.push(base + 60 + index - 8),
            ColorCode::Indexed(index) => [base + 8, 5, index].into_iter().for_each(|code| self.push(code)),
            ColorCode::Rgb(r, g, b) => [base + 8, 2, r, g, b].into_iter().for_each(|code| self.push(code)),
        }
    }

    fn sequence(self) -> Vec<u8> {
        [b"\x1b[", self.0.as_slice(), b"m"].concat()
    }
}

enum ColorCode {
    Default,
    Named(u8),
    Indexed(u8),
    Rgb(u8, u8, u8),
}

fn code_of(color: Color) -> ColorCode {
    match color {
        Color::Reset => ColorCode::Default,
        Color::Black => ColorCode::Named(0),
        Color::Red => ColorCode::Named(1),
        Color::Green => ColorCode::Named(2),
        Color::Yellow => ColorCode::Named(3),
        Color::Blue => ColorCode::Named(4),
        Color::Magenta => ColorCode::Named(5),
        Color::Cyan => ColorCode::Named(6),
        Color::Gray => ColorCode::Named(7),
        Color::DarkGray => ColorCode::Named(8),
        Color::LightRed => ColorCode::Named(9),
        Color::LightGreen => ColorCode::Named(10),
        Color::LightYellow => ColorCode::Named(11),
        Color::LightBlue => ColorCode::Named(12),
        Color::LightMagenta => ColorCode::Named(13),
        Color::LightCyan => ColorCode::Named(14),
        Color::White => ColorCode::Named(15),
        Color::Indexed(index @ 0..=15) => ColorCode::Named(index),
        Color::Indexed(index) => ColorCode::Indexed(index),
        Color::Rgb(r, g, b) => color::indexed_exactly((r, g, b)).map_or(ColorCode::Rgb(r, g, b), ColorCode::Indexed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(fg: Color, bg: Color, modifier: Modifier) -> Look {
        Look { fg, bg, modifier }
    }

    fn written(from: Option<Look>, to: Look) -> String {
        let mut out = Vec::new();
        Pen(from).take(to, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_look_that_is_held_costs_nothing() {
        let red = look(Color::Red, Color::Reset, Modifier::BOLD);
        assert_eq!(written(Some(red), red), "");
        assert_eq!(written(Some(Look::PLAIN), Look::PLAIN), "");
    }

    #[test]
    fn an_unknown_look_is_set_whole() {
        assert_eq!(written(None, Look::PLAIN), "\x1b[m");
        let loud = look(Color::White, Color::Red, Modifier::BOLD);
        assert_eq!(written(None, loud), "\x1b[;1;97;41m");
    }

    #[test]
    fn the_shorter_way_is_taken() {
        let cursor = look(Color::Reset, Color::Rgb(45, 58, 85), Modifier::empty());
        assert_eq!(written(Some(Look::PLAIN), cursor), "\x1b[48;2;45;58;85m");
        let of_the_cube = look(Color::Reset, Color::Rgb(0, 95, 135), Modifier::empty());
        assert_eq!(written(Some(Look::PLAIN), of_the_cube), "\x1b[48;5;24m");
        assert_eq!(written(Some(cursor), Look::PLAIN), "\x1b[m");
        let bold = Look {
            modifier: Modifier::BOLD,
            ..cursor
        };
        assert_eq!(written(Some(bold), cursor), "\x1b[22m");
        let red = look(Color::Red, Color::Reset, Modifier::BOLD);
        assert_eq!(
            written(Some(red), look(Color::Indexed(208), Color::Reset, Modifier::BOLD)),
            "\x1b[38;5;208m"
        );
    }

    #[test]
    fn bold_and_dim_take_turns() {
        let bold = look(Color::Rgb(1, 2, 3), Color::Rgb(4, 5, 6), Modifier::BOLD);
        let dim = Look {
            modifier: Modifier::DIM,
            ..bold
        };
        assert_eq!(written(Some(bold), dim), "\x1b[22;2m");
        let both = Look {
            modifier: Modifier::BOLD | Modifier::DIM,
            ..bold
        };
        assert_eq!(written(Some(both), dim), "\x1b[22;2m");
    }

    #[test]
    fn a_blank_takes_a_pen_that_shows_nothing_on_it() {
        let mut out = Vec::new();
        Pen(Some(look(Color::Red, Color::Reset, Modifier::BOLD))).take_for_blank(Look::PLAIN, &mut out);
        assert!(out.is_empty());
        Pen(Some(look(Color::Red, Color::Reset, Modifier::REVERSED))).take_for_blank(Look::PLAIN, &mut out);
        assert_eq!(out, b"\x1b[m");
    }
}
