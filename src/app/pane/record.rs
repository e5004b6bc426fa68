//! PANE record.

use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::nav::Location;
use crate::kafka::model::TopicName;
use crate::kafka::model::record::Row;

/// State of the screen.
#[derive(Debug)]
pub struct RecordView {
    row: Row,
    topic: TopicName,
}

impl RecordView {
    /// Opens a row of a topic.
    pub fn new(row: Row, topic: TopicName) -> Self {
        Self { row, topic }
    }

    /// Shows another row.
    pub fn show(&mut self, row: Row) {
        self.row = row;
    }
}

impl Pane for RecordView {
    fn scope(&self) -> Scope {
        Scope::Record
    }

    fn location(&self) -> Location {
        Location::Record(Box::new(self.row.clone()), self.topic.clone())
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
