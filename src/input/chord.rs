//! One press of a key with its modifiers, and how it is written: `j`, `G`, `ctrl-d`, `space`, `pagedown`, `~`.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A key that types a character. An upper-case letter is the letter with shift.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    Function(u8),
}

/// The keys that have a name, with the sign the bottom line shows for them.
const NAMED: [(Key, &str, &str); 15] = [
    (Key::Enter, "enter", "⏎"),
    (Key::Esc, "esc", "esc"),
    (Key::Tab, "tab", "tab"),
    (Key::Backspace, "backspace", "⌫"),
    (Key::Delete, "delete", "del"),
    (Key::Insert, "insert", "ins"),
    (Key::Up, "up", "↑"),
    (Key::Down, "down", "↓"),
    (Key::Left, "left", "←"),
    (Key::Right, "right", "→"),
    (Key::Home, "home", "home"),
    (Key::End, "end", "end"),
    (Key::PageUp, "pageup", "pgup"),
    (Key::PageDown, "pagedown", "pgdn"),
    (Key::Char(' '), "space", "space"),
];

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// With control.
    pub ctrl: bool,
    /// With alt.
    pub alt: bool,
    /// With shift, where the key itself does not tell: `shift-tab`, never for characters.
    pub shift: bool,
}

impl Chord {
    /// A key without modifiers.
    pub const fn plain(key: Key) -> Self {
        Self {
            key,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A key with control.
    pub const fn ctrl(key: Key) -> Self {
        Self {
            ctrl: true,
            ..Self::plain(key)
        }
    }

    /// The character that this types into a prompt, if it types one.
    pub fn typed(self) -> Option<char> {
        match self {
            Self {
                key: Key::Char(c),
                ctrl: false,
                alt: false,
                ..
            } => Some(c),
            _ => None,
        }
    }

    /// How the screen shows it: `⏎`, `esc`, `ctrl-d`.
    pub fn label(self) -> String {
        match NAMED.iter().find(|(key, ..)| *key == self.key) {
            Some((_, _, sign)) => format!("{}{sign}", self.prefix()),
            None => self.to_string(),
        }
    }

    fn prefix(self) -> String {
        let parts = [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")];
        parts.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect()
    }
}

impl Display for Chord {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix())?;
        match self.key {
            Key::Function(n) => write!(f, "f{n}"),
            key => match (key, NAMED.iter().find(|(named, ..)| *named == key)) {
                (_, Some((_, name, _))) => f.write_str(name),
                (Key::Char(c), None) => write!(f, "{c}"),
                // Every other key has a name.
                (_, None) => Ok(()),
            },
        }
    }
}

/// A key's notation that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key: write it as j, G, ctrl-d, alt-x, shift-tab, space, pagedown or f5")]
pub struct NoSuchKey(pub String);

impl FromStr for Chord {
    type Err = NoSuchKey;

    fn from_str(text: &str) -> Result<Self, NoSuchKey> {
        let mut chord = Self::plain(Key::Esc);
        let mut rest = text;
        loop {
            let (flag, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
                (&mut chord.ctrl, after)
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (&mut chord.alt, after)
            } else if let Some(after) = rest.strip_prefix("shift-") {
                (&mut chord.shift, after)
            } else {
                break;
            };
            *flag = true;
            rest = after;
        }
        chord.key = key(rest).ok_or_else(|| NoSuchKey(text.to_owned()))?;
        Ok(chord.normal())
    }
}

impl Chord {
    /// One form for each press: shift of a letter is its upper case, control takes the lower one.
    pub fn normal(mut self) -> Self {
        if let Key::Char(c) = &mut self.key {
            if self.ctrl {
                c.make_ascii_lowercase();
            } else if self.shift {
                let mut upper = c.to_uppercase();
                if let (Some(one), None) = (upper.next(), upper.next()) {
                    *c = one;
                }
            }
            self.shift = false;
        }
        self
    }
}

fn key(name: &str) -> Option<Key> {
    if let Some((key, ..)) = NAMED.iter().find(|(_, named, _)| *named == name) {
        return Some(*key);
    }
    let mut chars = name.chars();
    match (chars.next()?, chars.as_str()) {
        (c, "") if !c.is_control() && c != ' ' => Some(Key::Char(c)),
        ('f', number) => number.parse().ok().filter(|n| (1..=24).contains(n)).map(Key::Function),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Chord {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "j",
            "G",
            "~",
            "-",
            "/",
            "?",
            "ctrl-d",
            "ctrl--",
            "alt-x",
            "space",
            "ctrl-space",
            "pagedown",
            "shift-tab",
            "f5",
            "enter",
            "é",
        ] {
            assert_eq!(read(text).to_string(), text);
        }
    }

    #[test]
    fn one_press_has_one_form() {
        assert_eq!(read("ctrl-D"), Chord::ctrl(Key::Char('d')));
        assert_eq!(read("shift-g"), Chord::plain(Key::Char('G')));
        assert_eq!(read("f"), Chord::plain(Key::Char('f')));
    }

    #[test]
    fn what_is_no_key_says_how_to_write_one() {
        for text in ["", "ctrl-", "foo", "f0", "f99", " ", "\u{1b}"] {
            assert_eq!(text.parse::<Chord>(), Err(NoSuchKey(text.to_owned())));
        }
    }

    #[test]
    fn the_screen_shows_signs_where_there_are_some() {
        assert_eq!(read("enter").label(), "⏎");
        assert_eq!(read("shift-down").label(), "shift-↓");
        assert_eq!(read("ctrl-d").label(), "ctrl-d");
    }

    #[test]
    fn only_plain_characters_are_typed() {
        assert_eq!(read("G").typed(), Some('G'));
        assert_eq!(read("space").typed(), Some(' '));
        assert_eq!(read("ctrl-a").typed(), None);
        assert_eq!(read("enter").typed(), None);
    }
}
