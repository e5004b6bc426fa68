//! What a search covers: its rows and the place in them, kept aside until the search is left.

use super::paging::Above;
use super::reading::{Hold, Phase, Reading};
use super::rows::Rows;
use super::{Messages, Stance};
use crate::app::effect::Effect;
use crate::app::list::ListState;
use crate::app::pane::{Intent, View};

/// The screen as it was before a search.
#[derive(Debug)]
pub(super) struct Before {
    rows: Rows,
    list: ListState,
    stance: Stance,
    above: Above,
    reading: Reading,
}

impl Messages {
    /// Sets aside what is on screen, unless it is a search that is.
    pub(super) fn set_aside(&mut self) {
        if self.search.is_some() {
            return;
        }
        let mut rows = Rows::default();
        rows.show(self.rows.which());
        self.before = Some(Box::new(Before {
            rows: std::mem::replace(&mut self.rows, rows),
            list: std::mem::take(&mut self.list),
            stance: self.stance,
            above: std::mem::take(&mut self.above),
            reading: std::mem::take(&mut self.reading),
        }));
    }

    /// Shows again what was set aside, at the same place, and reads on where it ends.
    pub(super) fn come_back(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        let Some(before) = self.before.take() else {
            return self.read(view, out);
        };
        let which = self.rows.which();
        (self.rows, self.list, self.stance) = (before.rows, before.list, before.stance);
        if self.rows.which() != which {
            self.change_shown(view, |rows| rows.show(which));
        }
        self.peek = None;
        self.above = match before.above {
            // Its answer went to the search.
            Above::Reading => Above::Unknown,
            above => above,
        };
        let was = before.reading;
        match (&was.phase, was.hold) {
            (Phase::Ended { error: None, .. }, _) | (Phase::Open, Hold::Full | Hold::Behind) => self.rest(was, out),
            (Phase::Open | Phase::Ended { .. }, _) if self.stance != Stance::Following && self.rows.kept() > 0 => {
                self.read_on(view, out);
                // What came before the search counts as seen, what came during it as new.
                self.reading.is_at_end = was.is_at_end;
            }
            _ if self.stance == Stance::Following && !self.has_end() => self.read_newest(view, out),
            _ => self.read(view, out),
        }
    }

    /// Nothing is read until the user comes near the last row.
    fn rest(&mut self, was: Reading, out: &mut Vec<Intent>) {
        out.push(Intent::Do(Effect::CloseFeed));
        self.reading = was;
        if self.reading.hold == Hold::Full {
            self.reading.hold = Hold::Behind;
        }
    }
}
