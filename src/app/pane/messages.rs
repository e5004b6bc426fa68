//! PANE messages.

use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::nav::Location;
use crate::kafka::model::record::Row;
use crate::kafka::model::{PartitionId, TopicName};
use crate::kafka::query::FeedStart;

/// State of the screen.
#[derive(Debug)]
pub struct Messages {
    topic: Option<TopicName>,
    partitions: Vec<PartitionId>,
    start: FeedStart,
}

/// How many of the newest records are shown at first.
pub const NEWEST: usize = 50;

impl Default for Messages {
    fn default() -> Self {
        Self {
            topic: None,
            partitions: Vec::new(),
            start: FeedStart::Newest(NEWEST),
        }
    }
}

impl Messages {
    /// Opens the messages of a topic.
    pub fn new(topic: TopicName, partitions: Vec<PartitionId>, start: FeedStart) -> Self {
        Self {
            topic: Some(topic),
            partitions,
            start,
        }
    }

    /// Moves the cursor to the next or previous row and returns it; `None` at the end.
    pub fn step(&mut self, _is_forward: bool, _view: View<'_>) -> Option<Row> {
        None
    }
}

impl Pane for Messages {
    fn scope(&self) -> Scope {
        Scope::Messages
    }

    fn location(&self) -> Location {
        match &self.topic {
            None => Location::LastMessages,
            Some(topic) => Location::Messages {
                topic: topic.clone(),
                partitions: self.partitions.clone(),
                start: self.start,
            },
        }
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
