//! What keys mean on the messages screen.

use super::reading::{Hold, Phase};
use super::rows::Rows;
use super::{Messages, Preview, Stance};
use crate::app::action::Action;
use crate::app::copy::{Part, Subject};
use crate::app::jobs::export::Draft;
use crate::app::nav::Location;
use crate::app::pane::{Intent, View};
use crate::app::prompt::PromptKind;
use crate::app::toast::Level;
use crate::kafka::model::TopicName;
use crate::kafka::model::record::Row;

impl Messages {
    pub(super) fn do_action(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        match action {
            Action::Open => self.open_record(out),
            Action::SearchTroubles => {
                let lines = self
                    .search
                    .as_ref()
                    .map(super::search::Search::troubles)
                    .unwrap_or_default();
                out.push(if lines.is_empty() {
                    let words = if self.search.is_some() {
                        "no errors in this search"
                    } else {
                        "no search here: / begins one"
                    };
                    Intent::Say(Level::Info, words.to_owned())
                } else {
                    Intent::Tell("What the search could not read or judge".to_owned(), lines)
                });
            }
            Action::ResumeSearch => self.resume_search(view, out),
            Action::NextMatch => return self.move_cursor(Action::CursorDown, view, out),
            Action::PreviousMatch => return self.move_cursor(Action::CursorUp, view, out),
            Action::Seek => out.push(Intent::Ask(PromptKind::Seek, String::new())),
            Action::Bottom => self.follow(view, out),
            Action::ToggleFollow => match self.stance {
                Stance::Following => self.look(self.rows.end()),
                Stance::Looking { .. } => self.follow(view, out),
            },
            Action::Refresh if self.search_again(view, out) => {}
            Action::Refresh => self.read(view, out),
            Action::TogglePreview => {
                let is_shown = !self.parts(view.body).preview.is_empty();
                self.preview = if is_shown { Preview::Off } else { Preview::On };
            }
            Action::ToggleControl => {
                let next = self.rows.which().next();
                if let Some(source) = &mut self.source {
                    source.shown = next;
                }
                self.change_shown(view, |rows| rows.show(next));
                self.search_again(view, out);
            }
            _ => return self.move_cursor(action, view, out),
        }
        true
    }

    fn topic_under_cursor(&self) -> Option<&TopicName> {
        self.source.as_ref()?.topic(self.rows.topic(self.list.cursor))
    }

    /// What of the record under the cursor can be copied.
    pub(super) fn subject(&self) -> Option<Subject> {
        let (row, topic) = (self.rows.get(self.list.cursor)?, self.topic_under_cursor()?);
        Some(Subject::Record(Box::new(row.clone()), topic.clone(), Part::Value))
    }

    /// What an export writes at first: what is shown, or the record under the cursor.
    pub(super) fn draft(&self) -> Option<Draft> {
        let line = self.search.as_ref().map_or("", |search| search.filter.source());
        let draft = self.source.as_ref()?.draft(line);
        Some(match (self.rows.get(self.list.cursor), self.topic_under_cursor()) {
            (Some(row), Some(topic)) => draft.with(topic, row),
            _ => draft,
        })
    }

    /// Moves the cursor to the next or previous row and returns it; `None` at the end.
    pub fn step(&mut self, is_forward: bool, view: View<'_>, out: &mut Vec<Intent>) -> Option<Row> {
        let target = if is_forward {
            self.list.cursor + 1
        } else {
            self.list.cursor.checked_sub(1)?
        };
        let row = self.rows.get(target)?.clone();
        self.list.move_to(target, self.rows.len(), self.page(view));
        self.look(self.rows.end());
        if is_forward {
            self.make_room(view, out);
        } else {
            self.look_above(out);
        }
        Some(row)
    }

    fn open_record(&mut self, out: &mut Vec<Intent>) {
        let (Some(source), Some(row)) = (&self.source, self.rows.get(self.list.cursor)) else {
            return;
        };
        let Some(topic) = source.topic(self.rows.topic(self.list.cursor)) else {
            return;
        };
        let location = Location::Record(Box::new(row.clone()), topic.clone());
        self.look(self.rows.end());
        out.push(Intent::Go(location));
    }

    /// Goes to the newest record and stays there.
    fn follow(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        if let Some(search) = &self.search {
            if search.follows {
                self.stance = Stance::Following;
            } else {
                self.list.move_to(usize::MAX, self.rows.len(), self.page(view));
            }
            return;
        }
        let is_held = matches!(self.reading.hold, Hold::Full | Hold::Behind);
        let has_gap = is_held || !self.reading.is_at_end;
        match &self.reading.phase {
            // Its last row is as far as it goes.
            _ if self.has_end() && !has_gap => self.list.move_to(usize::MAX, self.rows.len(), self.page(view)),
            // What lies between here and the end is not loaded: reading it all would take its time.
            Phase::Open if has_gap && self.stance != Stance::Following => self.read_newest(view, out),
            _ => self.stance = Stance::Following,
        }
    }

    fn move_cursor(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        let before = self.list.cursor;
        if !self.list.act(action, self.rows.len(), self.page(view)) {
            return false;
        }
        let is_at_bottom = self.list.cursor + 1 >= self.rows.len();
        if !is_at_bottom {
            self.look(self.rows.end());
        } else if self.list.cursor > before && self.goes_on_below() {
            self.stance = Stance::Following;
        }
        if self.list.cursor > before || is_at_bottom {
            self.make_room(view, out);
        }
        if self.list.cursor < before || action == Action::Top {
            self.look_above(out);
        }
        true
    }

    /// Whether nothing but new records can come below the last row.
    fn goes_on_below(&self) -> bool {
        match &self.search {
            Some(search) => search.follows && search.reached_end.is_some(),
            None => self.reading.is_at_end && self.reading.hold == Hold::Flowing,
        }
    }

    /// Changes which rows are shown; the cursor stays on its row, or the next one.
    pub(super) fn change_shown(&mut self, view: View<'_>, change: impl FnOnce(&mut Rows)) {
        let under_cursor = self.rows.seq(self.list.cursor);
        change(&mut self.rows);
        let cursor = under_cursor.map_or(0, |seq| self.rows.index_of(seq));
        self.list.move_to(cursor, self.rows.len(), self.page(view));
        self.peek = None;
    }
}
