//! What is asked for the visible partitions on which something waits.

use super::{Group, GroupTab, View, Want};
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::lag::retention::Keeps;
use crate::kafka::lag::tail::Place;
use crate::kafka::model::TopicName;
use crate::kafka::query::{ConfigNames, Query};

impl Group {
    /// What lies at the commits of the visible partitions that lag, where that is not known.
    pub(super) fn wants_tails(&self, view: View<'_>) -> Option<Want> {
        let watch = view.store.derived.watches.get(&self.listing.group);
        let window = self.list.window(self.rows.len(), self.page(view));
        let visible = window.filter_map(|row| self.partition(row, view.store));
        let is_known = |place: &Place| watch.is_some_and(|watch| watch.knows(place));
        let places: Vec<Place> = visible.filter_map(Place::of).filter(|place| !is_known(place)).collect();
        let is_looked_at = |place: &Place| {
            let seen = watch.and_then(|watch| watch.partition(&place.partition));
            seen.is_some_and(|seen| seen.tail.is_some())
        };
        let is_missing = !places.iter().all(is_looked_at);
        let is_shown = self.tab == GroupTab::Partitions && !places.is_empty();
        is_shown.then(|| Want::every(10, SlotId::Tails, Query::Tails(places)).missing(is_missing))
    }

    /// How long a topic keeps its records, where that is known and time alone decides.
    pub fn keeps(topic: &TopicName, store: &Store) -> Option<Keeps> {
        Keeps::of(&store.configs.value()?.get(topic)?.value)
    }

    /// The retention of the topics on which something waits.
    pub(super) fn wants_retention(&self, view: View<'_>) -> Option<Want> {
        let window = self.list.window(self.rows.len(), self.page(view));
        let waiting = window.filter_map(|row| self.partition(row, view.store));
        let waiting = waiting.filter(|row| Place::of(row).is_some());
        let mut topics: Vec<TopicName> = waiting.map(|row| row.partition.topic.clone()).collect();
        topics.dedup();
        let known = view.store.configs.value();
        let is_known = |topic: &TopicName| known.is_some_and(|facts| facts.contains_key(topic));
        let is_missing = !topics.iter().all(is_known);
        let is_shown = self.tab == GroupTab::Partitions && !topics.is_empty();
        let names = ConfigNames::ListColumns;
        is_shown.then(|| Want::every(60, SlotId::Configs, Query::Configs { topics, names }).missing(is_missing))
    }
}
