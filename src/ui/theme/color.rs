//! Colours: how they are written in a theme, and what becomes of them on a terminal with fewer.

use ratatui::style::Color;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColorDepth {
    /// 24 bits.
    True,
    /// The 256 colours of xterm.
    Ansi256,
    /// The sixteen named ones, whose shades the terminal chooses.
    Ansi16,
    /// None: attributes only.
    None,
}

impl ColorDepth {
    /// The depth that an environment asks for. `NO_COLOR` counts when it is not empty (no-color.org); `COLORTERM` is
    /// what terminals with 24 bits set; a `TERM` that says neither gets sixteen colours, which all have.
    pub fn of_environment(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty()) || term == "dumb" {
            return Self::None;
        }
        if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            return Self::True;
        }
        if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }

    /// The nearest colour that a terminal of this depth shows.
    pub fn nearest(self, color: Color) -> Color {
        match (self, color) {
            (Self::None, _) => Color::Reset,
            (Self::Ansi256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_of_256((r, g, b))),
            (Self::Ansi16, Color::Rgb(r, g, b)) => NAMED[nearest_of_16((r, g, b))].1,
            (Self::Ansi16, Color::Indexed(index)) => NAMED[nearest_of_16(rgb_of_256(index))].1,
            (_, color) => color,
        }
    }
}

/// The sixteen colours by the names that a theme may use, in the order of their numbers.
pub const NAMED: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// xterm's shades of the sixteen colours; what a terminal makes of them is its own choice.
pub const XTERM_16: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// Reads `#rrggbb`, the name of one of the sixteen colours, or `default` (the terminal's own).
pub fn parse(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    if let Some(hex) = text.strip_prefix('#') {
        return parse_hex(hex).map(|(r, g, b)| Color::Rgb(r, g, b));
    }
    NAMED.iter().find(|(name, _)| *name == text).map(|(_, color)| *color)
}

/// Reads `rrggbb`.
pub fn parse_hex(hex: &str) -> Option<(u8, u8, u8)> {
    if hex.len() != 6 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, r, g, b] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some((r, g, b))
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The number of a colour that is exactly one of xterm's cube or grey ramp. The first six of the cube are left out:
/// some colour schemes give them other shades.
pub fn indexed_exactly(rgb: (u8, u8, u8)) -> Option<u8> {
    (22..=255).find(|index| rgb_of_256(*index) == rgb)
}

fn nearest_of_256(rgb: (u8, u8, u8)) -> u8 {
    // The first sixteen are left out: their shades are the terminal's choice.
    let best = (16..=255).min_by_key(|index| distance(rgb_of_256(*index), rgb));
    best.unwrap_or(231)
}

fn nearest_of_16(rgb: (u8, u8, u8)) -> usize {
    (0..XTERM_16.len())
        .min_by_key(|index| distance(XTERM_16[*index], rgb))
        .unwrap_or(7)
}

fn rgb_of_256(index: u8) -> (u8, u8, u8) {
    match index {
        0..=15 => XTERM_16[usize::from(index)],
        16..=231 => {
            let cube = usize::from(index - 16);
            (CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6])
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

fn distance(one: (u8, u8, u8), other: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(one.0, other.0) + square(one.1, other.1) + square(one.2, other.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_the_depth() {
        let depth = ColorDepth::of_environment;
        assert_eq!(depth(None, Some("truecolor"), Some("xterm-256color")), ColorDepth::True);
        assert_eq!(depth(None, Some("24bit"), None), ColorDepth::True);
        assert_eq!(depth(None, None, Some("tmux-256color")), ColorDepth::Ansi256);
        assert_eq!(depth(None, None, Some("xterm")), ColorDepth::Ansi16);
        assert_eq!(depth(None, Some(""), Some("xterm-direct")), ColorDepth::True);
        assert_eq!(depth(None, Some("truecolor"), Some("dumb")), ColorDepth::None);
        assert_eq!(depth(Some("1"), Some("truecolor"), Some("xterm")), ColorDepth::None);
        assert_eq!(depth(Some(""), None, None), ColorDepth::Ansi16);
    }

    #[test]
    fn colours_are_read_and_others_refused() {
        assert_eq!(parse("#0a10ff"), Some(Color::Rgb(10, 16, 255)));
        assert_eq!(parse("default"), Some(Color::Reset));
        assert_eq!(parse("bright-black"), Some(Color::DarkGray));
        for wrong in ["#0a10f", "#0a10fg", "#+a10ff", "grey", "", "0a10ff", "#é10ff"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_colour_finds_its_nearest_neighbour() {
        assert_eq!(ColorDepth::Ansi256.nearest(Color::Rgb(255, 0, 0)), Color::Indexed(196));
        assert_eq!(ColorDepth::Ansi256.nearest(Color::Rgb(9, 8, 8)), Color::Indexed(232));
        assert_eq!(ColorDepth::Ansi16.nearest(Color::Rgb(200, 10, 10)), Color::Red);
        assert_eq!(ColorDepth::Ansi16.nearest(Color::Indexed(231)), Color::White);
        assert_eq!(ColorDepth::True.nearest(Color::Rgb(1, 2, 3)), Color::Rgb(1, 2, 3));
        assert_eq!(ColorDepth::Ansi16.nearest(Color::LightRed), Color::LightRed);
        assert_eq!(ColorDepth::None.nearest(Color::Rgb(1, 2, 3)), Color::Reset);
    }

    #[test]
    fn colours_of_the_cube_and_the_grey_ramp_are_known_by_number() {
        assert_eq!(indexed_exactly((0, 95, 135)), Some(24));
        assert_eq!(indexed_exactly((48, 48, 48)), Some(236));
        assert_eq!(indexed_exactly((0, 95, 136)), None);
        assert_eq!(indexed_exactly((0, 0, 255)), None);
    }

    #[test]
    fn contrast_is_that_of_the_guideline() {
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 0.01);
        assert!((contrast((119, 119, 119), (255, 255, 255)) - 4.48).abs() < 0.01);
    }
}
