//! A small form that lies over the screen: named fields, each a line of text or a choice.
//!
//! ```text
//!  ┌ Export orders.events ────────────────────────────────────┐
//!  │ ▸ file      orders.events.jsonl.zst▏                     │
//!  │   format    ‹ jsonl ›  csv  raw  kcat                    │
//!  │                                                          │
//!  │ compressed by its ending: .gz, .zst                      │
//!  └──────────────────────────────────────────────────────────┘
//! ```
//!
//! Whoever opens a form reads its fields by name when it is accepted; a complaint goes back into the form.

use super::action::Action;
use super::prompt::LineInput;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line of text.
    Text(LineInput),
    /// One of several words.
    Choice {
        /// The words.
        options: Vec<String>,
        /// Which of them is chosen.
        at: usize,
    },
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name: what stands before it, and how it is read.
    pub name: &'static str,
    /// What it holds.
    pub input: Input,
    /// What may stand in it, said while it has the focus.
    pub hint: String,
}

/// A form: what it is about, its fields, and which of them is typed into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The title of its box.
    pub title: String,
    /// What is said above the fields, line by line.
    pub notes: Vec<String>,
    /// Why it cannot be accepted, once that was tried.
    pub complaint: Option<String>,
    fields: Vec<Field>,
    focus: usize,
}

impl Form {
    /// A form without fields.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// The same with a line above the fields.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same with one more line of text.
    #[must_use]
    pub fn text(self, name: &'static str, value: &str, hint: impl Into<String>) -> Self {
        self.field(name, Input::Text(LineInput::new(value)), hint)
    }

    /// The same with one more choice, of which the word number `at` is taken at first.
    #[must_use]
    pub fn choice(self, name: &'static str, options: &[&str], at: usize, hint: impl Into<String>) -> Self {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let at = at.min(options.len().saturating_sub(1));
        self.field(name, Input::Choice { options, at }, hint)
    }

    fn field(mut self, name: &'static str, input: Input, hint: impl Into<String>) -> Self {
        self.fields.push(Field {
            name,
            input,
            hint: hint.into(),
        });
        self
    }

    /// Its fields from the top.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The number of the field that is typed into.
    pub fn focus(&self) -> usize {
        self.focus
    }

    /// The field that is typed into.
    pub fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus)
    }

    /// What a field holds; empty where there is none of this name.
    pub fn value(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        match field.map(|field| &field.input) {
            Some(Input::Text(line)) => line.text(),
            Some(Input::Choice { options, at }) => options.get(*at).map_or("", String::as_str),
            None => "",
        }
    }

    /// Puts text into a field of this name; in a choice it takes the option of these words.
    pub fn set(&mut self, name: &str, value: &str) {
        let field = self.fields.iter_mut().find(|field| field.name == name);
        match field.map(|field| &mut field.input) {
            Some(Input::Text(line)) => line.set(value),
            Some(Input::Choice { options, at }) => {
                *at = options.iter().position(|option| option == value).unwrap_or(*at);
            }
            None => {}
        }
    }

    /// Says what may stand in a field of this name.
    pub fn set_hint(&mut self, name: &str, hint: impl Into<String>) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.hint = hint.into();
        }
    }

    /// Types into the field in focus; a space takes the next word of a choice, a letter the next that starts with it.
    pub fn type_text(&mut self, text: &str) {
        self.complaint = None;
        match self.fields.get_mut(self.focus).map(|field| &mut field.input) {
            Some(Input::Text(line)) => line.insert(text),
            Some(Input::Choice { .. }) if text == " " => self.turn(1),
            Some(Input::Choice { options, at }) if !text.is_empty() => {
                let count = options.len();
                let order = (1..=count).map(|step| (*at + step) % count);
                *at = order
                    .into_iter()
                    .find(|&other| options[other].starts_with(text))
                    .unwrap_or(*at);
            }
            _ => {}
        }
    }

    /// Does what an action means in a form; `false` when it means nothing to its fields.
    pub fn act(&mut self, action: Action) -> bool {
        let count = self.fields.len().max(1);
        match (action, self.fields.get_mut(self.focus).map(|field| &mut field.input)) {
            (Action::NextField, _) => self.focus = (self.focus + 1) % count,
            (Action::PreviousField, _) => self.focus = (self.focus + count - 1) % count,
            (Action::MoveLeft, Some(Input::Choice { .. })) => self.turn(-1),
            (Action::MoveRight, Some(Input::Choice { .. })) => self.turn(1),
            (_, Some(Input::Text(line))) => {
                let is_edit = line.act(action);
                if is_edit {
                    self.complaint = None;
                }
                return is_edit;
            }
            _ => return false,
        }
        true
    }

    fn turn(&mut self, step: isize) {
        self.complaint = None;
        if let Some(Input::Choice { options, at }) = self.fields.get_mut(self.focus).map(|field| &mut field.input) {
            let count = options.len().max(1);
            *at = (*at + count).saturating_add_signed(step) % count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new("Export").text("file", "a.jsonl", "where to").choice(
            "format",
            &["jsonl", "csv", "raw", "kcat"],
            0,
            "",
        )
    }

    #[test]
    fn the_field_in_focus_is_typed_into_and_the_others_stay() {
        let mut form = form();
        form.type_text(".gz");
        assert!(form.act(Action::NextField));
        form.type_text(" ");
        assert_eq!((form.value("file"), form.value("format")), ("a.jsonl.gz", "csv"));
        form.act(Action::NextField);
        assert_eq!(form.focused().unwrap().name, "file", "round and round");
        form.act(Action::PreviousField);
        assert_eq!(form.focus(), 1);
    }

    #[test]
    fn a_choice_is_turned_both_ways_and_found_by_its_letter() {
        let mut form = form();
        while form.focused().unwrap().name != "format" {
            form.act(Action::NextField);
        }
        form.act(Action::MoveLeft);
        assert_eq!(form.value("format"), "kcat");
        form.act(Action::MoveRight);
        assert_eq!(form.value("format"), "jsonl");
        form.type_text("r");
        assert_eq!(form.value("format"), "raw");
        form.type_text("x");
        assert_eq!(form.value("format"), "raw", "no word starts so");
        form.set("format", "csv");
        form.set("format", "nonsense");
        assert_eq!(form.value("format"), "csv");
    }

    #[test]
    fn a_complaint_leaves_with_the_next_key_that_changes_something() {
        let mut form = form();
        form.complaint = Some("no such directory".into());
        form.act(Action::NextField);
        assert!(form.complaint.is_some(), "moving on does not mend it");
        form.act(Action::MoveRight);
        assert!(form.complaint.is_none());
        assert!(!form.act(Action::PageDown));
        assert_eq!(form.value("nothing"), "");
        assert!(Form::new("empty").focused().is_none());
    }
}
