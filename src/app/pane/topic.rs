//! PANE topic.

use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::nav::Location;
use crate::kafka::model::TopicName;

/// State of the screen.
#[derive(Debug)]
pub struct TopicScreen {
    topic: TopicName,
    tab: Tab,
}

/// The tabs of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Its partitions.
    Partitions,
    /// Its configuration.
    Configs,
}

impl TopicScreen {
    /// Opens a topic at a tab.
    pub fn new(topic: TopicName, tab: Tab) -> Self {
        Self { topic, tab }
    }
}

impl Pane for TopicScreen {
    fn scope(&self) -> Scope {
        Scope::Topic
    }

    fn location(&self) -> Location {
        Location::Topic(self.topic.clone(), self.tab)
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
