//! The bottom line while something is typed into it.

use super::action::Action;

/// What a typed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// Filter of the list on screen; applied at every key.
    Filter,
    /// Command line.
    Command,
    /// What to look for in the messages.
    Search,
    /// Where to go in the messages.
    Seek,
}

impl PromptKind {
    /// The sign before the line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Filter | Self::Search => "/",
            Self::Command => ":",
            Self::Seek => "go to ",
        }
    }
}

/// A line being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What it is for.
    pub kind: PromptKind,
    /// The line.
    pub line: LineInput,
    /// What was there before, for leaving without a change.
    pub before: String,
    /// Why the line cannot be accepted, once that was tried.
    pub complaint: Option<String>,
    /// What the line says so far, where it is checked while it is typed.
    pub understood: Option<String>,
}

impl Prompt {
    /// Opens a prompt with `text` in it.
    pub fn new(kind: PromptKind, text: &str) -> Self {
        Self {
            kind,
            line: LineInput::new(text),
            before: text.to_owned(),
            complaint: None,
            understood: None,
        }
    }
}

/// The longest line that can be typed or pasted, in bytes.
const MAX_LINE: usize = 4096;

/// Text with a cursor. Control characters never get in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineInput {
    text: String,
    cursor: usize,
}

impl LineInput {
    /// A line with the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut line = Self::default();
        line.insert(text);
        line
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte index of the cursor, always at a character's border.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Inserts text at the cursor, without its control characters, as far as it fits.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() + c.len_utf8() > MAX_LINE {
                return;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Replaces the whole line.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Edits by a prompt action; `false` when `action` is not one that edits.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::DeleteBefore => self.cut(self.before()),
            Action::DeleteAfter => self.cut_after(),
            Action::DeleteWord => self.cut(self.word_start()),
            Action::DeleteLine => self.cut(0),
            Action::MoveLeft => self.cursor = self.before(),
            Action::MoveRight => self.cursor = self.after(),
            Action::MoveStart => self.cursor = 0,
            Action::MoveEnd => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    fn before(&self) -> usize {
        self.text[..self.cursor]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..]
            .chars()
            .next()
            .map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    fn word_start(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }

    fn cut(&mut self, from: usize) {
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    fn cut_after(&mut self) {
        let after = self.after();
        self.text.replace_range(self.cursor..after, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_at_its_cursor() {
        let mut line = LineInput::new("orders.évents");
        for action in [
            Action::MoveStart,
            Action::MoveRight,
            Action::DeleteAfter,
            Action::MoveEnd,
            Action::DeleteBefore,
        ] {
            assert!(line.act(action));
        }
        assert_eq!(line.text(), "oders.évent");
        line.act(Action::DeleteWord);
        assert_eq!((line.text(), line.cursor()), ("", 0));
    }

    #[test]
    fn the_word_before_the_cursor_goes_and_the_rest_stays() {
        let mut line = LineInput::new("topic  orders ");
        line.act(Action::DeleteWord);
        assert_eq!(line.text(), "topic  ");
    }

    #[test]
    fn pasted_control_characters_stay_out() {
        assert_eq!(LineInput::new("a\x1b[31m\nb").text(), "a[31mb");
    }

    #[test]
    fn a_line_has_a_limit() {
        assert_eq!(LineInput::new(&"é".repeat(5000)).text().len(), MAX_LINE);
    }
}
