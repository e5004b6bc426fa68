//! PANE topics.

use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::nav::Location;

/// State of the screen.
#[derive(Debug, Default)]
pub struct Topics {}

impl Pane for Topics {
    fn scope(&self) -> Scope {
        Scope::Topics
    }

    fn location(&self) -> Location {
        Location::Topics
    }

    fn hints(&self) -> Vec<Action> {
        vec![]
    }

    fn act(&mut self, _action: Action, _view: View<'_>, _out: &mut Vec<Intent>) -> bool {
        false
    }

    fn wants(&self, _view: View<'_>) -> Vec<Want> {
        Vec::new()
    }

    fn refresh(&mut self, _view: View<'_>) {}
}
