//! What keys mean on the messages screen.

use super::reading::{Hold, Phase};
use super::rows::{FOLLOWING, LOOKING, Limit, Rows};
use super::{Messages, Preview, Stance};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::nav::Location;
use crate::app::pane::{Intent, View};
use crate::app::prompt::PromptKind;

/// With fewer rows than this below the cursor a held feed goes on.
const AHEAD: usize = 200;

impl Messages {
    pub(super) fn do_action(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        match action {
            Action::Open => self.open_record(out),
            Action::Seek => out.push(Intent::Ask(PromptKind::Seek, String::new())),
            Action::Bottom => self.follow(view, out),
            Action::ToggleFollow => match self.stance {
                Stance::Following => self.look(self.rows.end()),
                Stance::Looking { .. } => self.follow(view, out),
            },
            Action::Refresh => self.read(view, out),
            Action::TogglePreview => {
                let is_shown = !self.parts(view.body).preview.is_empty();
                self.preview = if is_shown { Preview::Off } else { Preview::On };
            }
            Action::ToggleControl => self.change_shown(view, Rows::toggle_markers),
            _ => return self.move_cursor(action, view, out),
        }
        true
    }

    fn open_record(&mut self, out: &mut Vec<Intent>) {
        let (Some(source), Some(row)) = (&self.source, self.rows.get(self.list.cursor)) else {
            return;
        };
        let location = Location::Record(Box::new(row.clone()), source.topic.clone());
        self.look(self.rows.end());
        self.is_opening_record = true;
        out.push(Intent::Go(location));
    }

    /// Goes to the newest record and stays there.
    fn follow(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let has_gap = self.reading.hold == Hold::Full || !self.reading.is_at_end;
        match &self.reading.phase {
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
        } else if self.list.cursor > before && self.reading.is_at_end && self.reading.hold != Hold::Full {
            self.stance = Stance::Following;
        }
        self.make_room(out);
        true
    }

    /// Lets a held feed go on when the user comes near the end of what is loaded; rows far behind leave.
    pub(super) fn make_room(&mut self, out: &mut Vec<Intent>) {
        let ahead = self.rows.len().saturating_sub(self.list.cursor);
        if self.reading.hold != Hold::Full || !self.reading.is_live() || ahead > AHEAD {
            return;
        }
        let gone = self.rows.trim(Limit {
            rows: FOLLOWING.rows / 2,
            bytes: FOLLOWING.bytes / 2,
        });
        self.shift(gone);
        if !self.rows.is_over(LOOKING) {
            self.reading.hold = Hold::Flowing;
            out.push(Intent::Do(Effect::ResumeFeed));
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

    /// Rows left at the front.
    pub(super) fn shift(&mut self, gone: usize) {
        self.list.cursor = self.list.cursor.saturating_sub(gone);
        self.list.top_row = self.list.top_row.saturating_sub(gone);
    }
}
