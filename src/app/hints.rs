//! The keys that matter most here and now, and their words.

use super::action::{Action, Scope};
use super::overlay::{self, Overlay};
use super::{App, replay};

impl App {
    /// The words for an action in the bottom line.
    pub fn short(&self, action: Action) -> &'static str {
        let pane = self.overlay.is_none().then(|| self.nav.top().pane());
        pane.and_then(|pane| pane.short(action)).unwrap_or(action.row().short)
    }

    /// The actions of the bottom line.
    pub fn hints(&self) -> Vec<Action> {
        match (&self.prompt, &self.overlay) {
            (Some(_), _) => vec![Action::Accept, Action::Discard],
            (None, Some(Overlay::Help(_))) => vec![Action::Back, Action::PageDown, Action::Top],
            (None, Some(Overlay::Debug)) => vec![Action::Back],
            (None, Some(Overlay::Notice { .. })) => vec![Action::Leave],
            (None, Some(Overlay::Copy(_) | Overlay::Decoders(_) | Overlay::Acts(_))) => {
                vec![Action::Choose, Action::CursorDown, Action::Leave]
            }
            (None, Some(Overlay::Jobs(list))) => self.errands.jobs.hints(list.cursor),
            (None, Some(Overlay::Confirm(_))) => vec![Action::Confirm, Action::Leave],
            (None, Some(Overlay::Move(moving))) => moving.hints(self.lock),
            (None, Some(Overlay::Form(overlay::Purpose::Produce(_), _))) => {
                vec![Action::Accept, Action::NextField, Action::OpenEditor, Action::Discard]
            }
            (None, Some(Overlay::Form(_, form))) if form.fields().len() > 1 => {
                vec![Action::Accept, Action::NextField, Action::Discard]
            }
            (None, Some(Overlay::Form(..))) => vec![Action::Accept, Action::Discard],
            // Nothing is known yet that a pane's keys could work on.
            (None, None) if self.store.overview.loaded().is_none() => {
                vec![Action::Refresh, Action::Quit, Action::Debug, Action::Help]
            }
            (None, None) if self.errands.replay.is_some() => match self.screen_scope() {
                Scope::ReplayGroup => replay::GROUP_HINTS.to_vec(),
                _ => replay::HINTS.to_vec(),
            },
            (None, None) => self.nav.top().pane().hints(),
        }
    }
}
