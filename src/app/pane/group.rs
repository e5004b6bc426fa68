//! PANE group.

use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::nav::Location;
use crate::kafka::model::GroupListing;

/// State of the screen.
#[derive(Debug)]
pub struct Group {
    listing: GroupListing,
}

impl Group {
    /// Opens a group.
    pub fn new(listing: GroupListing) -> Self {
        Self { listing }
    }
}

impl Pane for Group {
    fn scope(&self) -> Scope {
        Scope::Group
    }

    fn location(&self) -> Location {
        Location::Group(self.listing.clone())
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
