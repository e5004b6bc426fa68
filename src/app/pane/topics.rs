//! All topics: is anything under-replicated or offline, how large is each, does it get records?
//!
//! ```text
//!  Topics  212 of 1,204 (internal hidden)                              sorted by name ↑  /orders
//!    NAME                  PART  RF  URP  <MIN  =MIN  OFFLINE  OFFSET RANGE     SIZE      IN  RETENTION  CLEANUP
//!  ▸ orders.events           12   3    0     0     0        0     2,000,000  113 MiB   412/s  7 d        delete
//! ```
//!
//! Partitions and replication come with the one Metadata request. Offsets, sizes and configuration are asked for
//! the visible rows only; sorting by one of them asks for every topic, in the same few requests per broker.

use std::time::Instant;

use super::order::{Direction, SortKey};
use super::topic::Tab;
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::{Copyable, Subject};
use crate::app::filter::ListFilter;
use crate::app::jobs::export::Draft;
use crate::app::list::ListState;
use crate::app::nav::Location;
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::model::{Topic, TopicName, Total};
use crate::kafka::query::{ConfigNames, Query};
use crate::layout;

/// What topics can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TopicOrder {
    /// Name.
    #[default]
    Name,
    /// Number of partitions.
    Partitions,
    /// Under-replicated partitions.
    UnderReplicated,
    /// Partitions without a leader.
    Offline,
    /// Offset range.
    Range,
    /// Bytes of all replicas.
    Size,
}

impl SortKey for TopicOrder {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Partitions,
        Self::UnderReplicated,
        Self::Offline,
        Self::Range,
        Self::Size,
    ];

    fn natural(self) -> Direction {
        if self == Self::Name {
            Direction::Up
        } else {
            Direction::Down
        }
    }
}

/// Whether internal topics are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Internal {
    /// They are not.
    #[default]
    Hidden,
    /// They are.
    Shown,
}

/// State of the list.
#[derive(Debug, Default)]
pub struct Topics {
    list: ListState,
    internal: Internal,
    order: TopicOrder,
    direction: Direction,
    filter_line: String,
    filter: ListFilter,
    /// Indices into the overview's topics: what passes the filter, in order.
    rows: Vec<u32>,
    /// The topic under the cursor, which keeps the cursor when rows move.
    under_cursor: Option<TopicName>,
    /// What `rows` were derived from: they are derived anew only when something newer arrived.
    derived_from: Option<(Instant, Option<Instant>)>,
}

impl Topics {
    /// Cursor and window.
    pub fn list(&self) -> ListState {
        self.list
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// The topic of a row.
    pub fn topic<'a>(&self, row: usize, store: &'a Store) -> Option<&'a Topic> {
        store.overview.value()?.topics.get(*self.rows.get(row)? as usize)
    }

    /// What the list is sorted by.
    pub fn order(&self) -> (TopicOrder, Direction) {
        (self.order, self.direction)
    }

    /// Whether internal topics are listed.
    pub fn internal(&self) -> Internal {
        self.internal
    }

    fn page(view: View<'_>) -> usize {
        layout::list(view.body).page().into()
    }

    fn selected<'a>(&self, store: &'a Store) -> Option<&'a Topic> {
        self.topic(self.list.cursor, store)
    }

    /// Topics whose figures are needed: those in the window, or all when the order depends on figures.
    fn visible(&self, view: View<'_>) -> Vec<TopicName> {
        let window = self.list.window(self.rows.len(), Self::page(view));
        window
            .filter_map(|row| self.topic(row, view.store))
            .map(|topic| topic.name.clone())
            .collect()
    }

    fn every(view: View<'_>) -> Vec<TopicName> {
        let topics = view
            .store
            .overview
            .value()
            .map(|overview| overview.topics.as_slice())
            .unwrap_or_default();
        topics.iter().map(|topic| topic.name.clone()).collect()
    }

    fn invalidate(&mut self) {
        self.derived_from = None;
    }

    fn derive(&mut self, store: &Store) {
        let Some(overview) = store.overview.value() else {
            self.rows.clear();
            return;
        };
        let topics = &overview.topics;
        let shown = |topic: &Topic| {
            (self.internal == Internal::Shown || !is_internal(topic)) && self.filter.matches([topic.name.as_str()])
        };
        self.rows = (0_u32..)
            .zip(topics)
            .filter(|(_, topic)| shown(topic))
            .map(|(index, _)| index)
            .collect();
        let (order, direction) = (self.order, self.direction);
        // The overview is sorted by name and the sort is stable, so equal figures stay in the order of names.
        self.rows.sort_by(|a, b| {
            let (a, b) = (&topics[*a as usize], &topics[*b as usize]);
            match order {
                TopicOrder::Name => direction.apply(a.name.cmp(&b.name)),
                TopicOrder::Partitions => direction.apply(a.partitions.len().cmp(&b.partitions.len())),
                TopicOrder::UnderReplicated => direction.apply(a.under_replicated().cmp(&b.under_replicated())),
                TopicOrder::Offline => direction.apply(a.offline().cmp(&b.offline())),
                TopicOrder::Range => direction.unknown_last(range(a, store), range(b, store)),
                TopicOrder::Size => direction.unknown_last(known_size(a, store), known_size(b, store)),
            }
        });
    }

    /// Puts the cursor back on the topic it was on; a topic that is gone leaves the cursor where it was.
    fn keep_cursor(&mut self, view: View<'_>) {
        let at = self.under_cursor.as_ref().and_then(|name| {
            (0..self.rows.len()).find(|row| self.topic(*row, view.store).is_some_and(|topic| topic.name == *name))
        });
        self.list
            .move_to(at.unwrap_or(self.list.cursor), self.rows.len(), Self::page(view));
    }

    fn remember(&mut self, store: &Store) {
        self.under_cursor = self.selected(store).map(|topic| topic.name.clone());
    }

    fn sort_by(&mut self, order: TopicOrder, direction: Direction, view: View<'_>) {
        (self.order, self.direction) = (order, direction);
        self.invalidate();
        self.refresh(view);
    }
}

/// Kafka calls only its own topics internal; a leading double underscore marks those of Confluent and others.
pub fn is_internal(topic: &Topic) -> bool {
    topic.is_internal || topic.name.as_str().starts_with("__")
}

fn range(topic: &Topic, store: &Store) -> Option<i64> {
    store.offsets.value()?.get(&topic.name)?.value.range().exact()
}

/// Bytes of all replicas; those of a dead broker are unknown parts.
pub fn size(topic: &Topic, store: &Store) -> Option<Total> {
    let sizes = &store.sizes.value()?.get(&topic.name)?.value;
    let expected: usize = topic.partitions.iter().map(|partition| partition.replicas.len()).sum();
    let known: u64 = sizes.iter().map(|replica| replica.bytes).sum();
    Some(Total {
        known: known as i64,
        parts: sizes.len(),
        unknown: expected.saturating_sub(sizes.len()),
    })
}

/// What its place by size goes by: with a broker down no sum is whole, and the known parts tell large from small.
fn known_size(topic: &Topic, store: &Store) -> Option<i64> {
    let total = size(topic, store)?;
    (total.parts > 0 || total.unknown == 0).then_some(total.known)
}

impl Pane for Topics {
    fn scope(&self) -> Scope {
        Scope::Topics
    }

    fn location(&self) -> Location {
        Location::Topics
    }

    fn hints(&self) -> Vec<Action> {
        use Action::{Filter, Help, Open, Sort, TopicConfigs, TopicGroups, TopicMessages};
        vec![Open, TopicMessages, TopicGroups, TopicConfigs, Filter, Sort, Help]
    }

    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        if self.list.act(action, self.rows.len(), Self::page(view)) {
            self.remember(view.store);
            return true;
        }
        let selected = self.selected(view.store).map(|topic| topic.name.clone());
        match action {
            Action::Open => out.extend(selected.map(|name| Intent::Go(Location::Topic(name, Tab::Partitions)))),
            Action::TopicConfigs => out.extend(selected.map(|name| Intent::Go(Location::Topic(name, Tab::Configs)))),
            Action::TopicGroups => out.extend(selected.map(|name| Intent::Go(Location::Topic(name, Tab::Groups)))),
            Action::TopicMessages => {
                out.extend(selected.map(|topic| Intent::Go(Location::messages(topic, Vec::new()))));
            }
            Action::ToggleInternal => {
                self.internal = if self.internal == Internal::Hidden {
                    Internal::Shown
                } else {
                    Internal::Hidden
                };
                self.invalidate();
                self.refresh(view);
            }
            Action::Sort => self.sort_by(self.order.next(), self.order.next().natural(), view),
            Action::ReverseSort => self.sort_by(self.order, self.direction.reversed(), view),
            _ => return false,
        }
        true
    }

    fn wants(&self, view: View<'_>) -> Vec<Want> {
        let visible = self.visible(view);
        if visible.is_empty() {
            return Vec::new();
        }
        let store = view.store;
        let lacks = |has: &dyn Fn(&TopicName) -> bool| visible.iter().any(|name| !has(name));
        let offsets = lacks(&|name| store.offsets.value().is_some_and(|facts| facts.contains_key(name)));
        let sizes = lacks(&|name| store.sizes.value().is_some_and(|facts| facts.contains_key(name)));
        let configs = lacks(&|name| store.configs.value().is_some_and(|facts| facts.contains_key(name)));
        let of = |order: TopicOrder| {
            if self.order == order {
                Self::every(view)
            } else {
                visible.clone()
            }
        };
        let columns = Query::Configs {
            topics: visible.clone(),
            names: ConfigNames::ListColumns,
        };
        vec![
            Want::every(5, SlotId::Offsets, Query::Offsets(of(TopicOrder::Range))).missing(offsets),
            Want::every(30, SlotId::Sizes, Query::Sizes(of(TopicOrder::Size))).missing(sizes),
            Want::every(60, SlotId::Configs, columns).missing(configs),
        ]
    }

    fn refresh(&mut self, view: View<'_>) {
        let figures = match self.order {
            TopicOrder::Range => view.store.offsets.arrived(),
            TopicOrder::Size => view.store.sizes.arrived(),
            _ => None,
        };
        let newest = view.store.overview.arrived().map(|at| (at, figures));
        if newest.is_none() || newest != self.derived_from {
            self.derive(view.store);
            self.derived_from = newest;
            self.keep_cursor(view);
        } else {
            self.list.move_to(self.list.cursor, self.rows.len(), Self::page(view));
        }
        if self.under_cursor.is_none() {
            self.remember(view.store);
        }
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter_line)
    }

    fn set_filter(&mut self, line: &str, filter: ListFilter, view: View<'_>) {
        line.clone_into(&mut self.filter_line);
        self.filter = filter;
        self.invalidate();
        self.refresh(view);
    }

    fn export(&self, view: View<'_>) -> Option<Draft> {
        Some(Draft::of(self.selected(view.store)?.name.clone()))
    }

    fn copy(&self, view: View<'_>) -> Option<Subject> {
        let topic = self.selected(view.store)?;
        Some(Subject::Row(vec![Copyable::new(
            "name",
            "topic name",
            topic.name.as_str(),
        )]))
    }
}
