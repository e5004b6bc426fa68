//! One topic: its partitions, its configuration with the source of each value, the groups that read it.
//!
//! ```text
//!  orders.events   12 partitions   RF 3   [partitions]  configs  groups
//!     P  LEADER  REPLICAS   ISR      LOG START        END   OFFSET RANGE      SIZE
//!  ▸  0       1  1,2,(3)    1,2              0    166,667        166,667  9.41 MiB
//! ```

use std::cmp::Reverse;
use std::time::Instant;

use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::{Copyable, Subject};
use crate::app::filter::ListFilter;
use crate::app::jobs::export::Draft;
use crate::app::list::ListState;
use crate::app::nav::Location;
use crate::app::slot::SlotId;
use crate::app::store::{Stamped, Store};
use crate::kafka::lag::TopicReader;
use crate::kafka::model::{ConfigEntry, Partition, PartitionId, PartitionOffsets, Topic, TopicName};
use crate::kafka::query::{ConfigNames, Query};
use crate::layout;

/// The tabs of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Its partitions.
    Partitions,
    /// Its configuration.
    Configs,
    /// The groups that read it.
    Groups,
}

impl Tab {
    /// All of them, in the order in which they are walked.
    pub const ALL: [Self; 3] = [Self::Partitions, Self::Configs, Self::Groups];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partitions => "partitions",
            Self::Configs => "configs",
            Self::Groups => "groups",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Partitions => Self::Configs,
            Self::Configs => Self::Groups,
            Self::Groups => Self::Partitions,
        }
    }
}

/// State of the screen.
#[derive(Debug)]
pub struct TopicScreen {
    topic: TopicName,
    tab: Tab,
    list: ListState,
    filter_line: String,
    filter: ListFilter,
    /// Rows of the open tab: indices into the partitions or the configuration entries.
    rows: Vec<u32>,
    derived_from: Option<Instant>,
}

impl TopicScreen {
    /// Opens a topic at a tab.
    pub fn new(topic: TopicName, tab: Tab) -> Self {
        Self {
            topic,
            tab,
            list: ListState::default(),
            filter_line: String::new(),
            filter: ListFilter::default(),
            rows: Vec::new(),
            derived_from: None,
        }
    }

    /// The topic's name.
    pub fn name(&self) -> &TopicName {
        &self.topic
    }

    /// The open tab.
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// Cursor and window.
    pub fn list(&self) -> ListState {
        self.list
    }

    /// Number of rows of the open tab.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// The topic, unless it is gone.
    pub fn topic<'a>(&self, store: &'a Store) -> Option<&'a Topic> {
        store.overview.value()?.topic(self.topic.as_str())
    }

    /// The partition of a row.
    pub fn partition<'a>(&self, row: usize, store: &'a Store) -> Option<&'a Partition> {
        self.topic(store)?.partitions.get(*self.rows.get(row)? as usize)
    }

    /// Log offsets of a partition.
    pub fn offsets<'a>(&self, partition: PartitionId, store: &'a Store) -> Option<&'a PartitionOffsets> {
        let facts = store.offsets.value()?.get(&self.topic)?;
        facts
            .value
            .partitions
            .iter()
            .find(|offsets| offsets.partition == partition)
    }

    /// Bytes of a partition on its leader.
    pub fn size(&self, partition: &Partition, store: &Store) -> Option<u64> {
        let sizes = &store.sizes.value()?.get(&self.topic)?.value;
        let on_leader = |leader| {
            sizes
                .iter()
                .find(|size| size.partition == partition.id && size.broker == leader)
        };
        on_leader(partition.leader?).map(|size| size.bytes)
    }

    /// The configuration entry of a row.
    pub fn config<'a>(&self, row: usize, store: &'a Store) -> Option<&'a ConfigEntry> {
        self.configs(store)?.value.get(*self.rows.get(row)? as usize)
    }

    /// The whole configuration, once it has arrived.
    pub fn configs<'a>(&self, store: &'a Store) -> Option<&'a Stamped<Vec<ConfigEntry>>> {
        store.topic_configs.value()?.get(&self.topic)
    }

    /// The groups that read it, once they have arrived.
    pub fn readers<'a>(&self, store: &'a Store) -> Option<&'a [TopicReader]> {
        let readers = store.readers.value().filter(|readers| readers.topic == self.topic)?;
        Some(&readers.groups)
    }

    /// The group of a row.
    pub fn reader<'a>(&self, row: usize, store: &'a Store) -> Option<&'a TopicReader> {
        self.readers(store)?.get(*self.rows.get(row)? as usize)
    }

    fn page(view: View<'_>) -> usize {
        layout::list(view.body).page().into()
    }

    fn derive(&mut self, store: &Store) {
        self.rows = match self.tab {
            Tab::Partitions => {
                let partitions = self
                    .topic(store)
                    .map(|topic| topic.partitions.as_slice())
                    .unwrap_or_default();
                self.matching(partitions, |partition| partition.id.to_string())
            }
            Tab::Configs => {
                let entries = self
                    .configs(store)
                    .map(|configs| configs.value.as_slice())
                    .unwrap_or_default();
                let mut rows = self.matching(entries, |entry| {
                    format!("{} {}", entry.name, entry.value.as_deref().unwrap_or_default())
                });
                // What somebody set comes first, each part by name.
                rows.sort_by_key(|row| {
                    let entry = &entries[*row as usize];
                    (!entry.source.is_set(), entry.name.as_str())
                });
                rows
            }
            Tab::Groups => {
                let readers = self.readers(store).unwrap_or_default();
                let mut rows = self.matching(readers, |reader| reader.listing.group.to_string());
                // The worst first, by what is known.
                rows.sort_by_key(|row| {
                    let lag = readers[*row as usize].lag;
                    Reverse((lag.known, lag.unknown))
                });
                rows
            }
        };
    }

    fn matching<T>(&self, items: &[T], text: impl Fn(&T) -> String) -> Vec<u32> {
        (0_u32..)
            .zip(items)
            .filter(|(_, item)| self.filter.matches([text(item).as_str()]))
            .map(|(at, _)| at)
            .collect()
    }

    /// What the slot holds, be it an error, is about the topic that was looked at before.
    fn forget_others_readers(&self, store: &Store, out: &mut Vec<Intent>) {
        if self.tab == Tab::Groups && self.readers(store).is_none() {
            out.push(Intent::Forget(SlotId::Readers));
        }
    }

    fn open_messages(&self, partitions: Vec<PartitionId>) -> Intent {
        Intent::Go(Location::messages(self.topic.clone(), partitions))
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
        let mut hints = vec![
            Action::NextTab,
            Action::ReadTopic,
            Action::Filter,
            Action::Copy,
            Action::Back,
            Action::Help,
        ];
        if self.tab != Tab::Configs {
            hints.insert(0, Action::Open);
        }
        hints
    }

    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        if self.list.act(action, self.rows.len(), Self::page(view)) {
            return true;
        }
        match action {
            Action::NextTab => {
                self.tab = self.tab.next();
                self.forget_others_readers(view.store, out);
                self.list = ListState::default();
                self.set_filter("", ListFilter::default(), view);
            }
            Action::ReadTopic => out.push(self.open_messages(Vec::new())),
            Action::Open if self.tab == Tab::Partitions => {
                let partition = self
                    .partition(self.list.cursor, view.store)
                    .map(|partition| partition.id);
                out.extend(partition.map(|id| self.open_messages(vec![id])));
            }
            Action::Open if self.tab == Tab::Groups => {
                let reader = self.reader(self.list.cursor, view.store);
                out.extend(reader.map(|reader| Intent::Go(Location::Group(reader.listing.clone()))));
            }
            _ => return false,
        }
        true
    }

    fn wants(&self, view: View<'_>) -> Vec<Want> {
        let topics = vec![self.topic.clone()];
        let store = view.store;
        match self.tab {
            Tab::Partitions => {
                let offsets = store
                    .offsets
                    .value()
                    .is_none_or(|facts| !facts.contains_key(&self.topic));
                let sizes = store.sizes.value().is_none_or(|facts| !facts.contains_key(&self.topic));
                vec![
                    Want::every(5, SlotId::Offsets, Query::Offsets(topics.clone())).missing(offsets),
                    Want::every(30, SlotId::Sizes, Query::Sizes(topics)).missing(sizes),
                ]
            }
            Tab::Configs => {
                let query = Query::Configs {
                    topics,
                    names: ConfigNames::All,
                };
                vec![Want::every(60, SlotId::TopicConfigs, query).replacing(self.configs(store).is_none())]
            }
            Tab::Groups => {
                let query = Query::Readers(self.topic.clone());
                vec![Want::every(30, SlotId::Readers, query).replacing(self.readers(store).is_none())]
            }
        }
    }

    fn entered(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        self.forget_others_readers(view.store, out);
    }

    fn refresh(&mut self, view: View<'_>) {
        let newest = match self.tab {
            Tab::Partitions => view.store.overview.arrived(),
            Tab::Configs => view.store.topic_configs.arrived(),
            Tab::Groups => view.store.readers.arrived(),
        };
        if newest.is_none() || newest != self.derived_from {
            self.derive(view.store);
            self.derived_from = newest;
        }
        self.list.move_to(self.list.cursor, self.rows.len(), Self::page(view));
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter_line)
    }

    fn set_filter(&mut self, line: &str, filter: ListFilter, view: View<'_>) {
        line.clone_into(&mut self.filter_line);
        self.filter = filter;
        self.derived_from = None;
        self.refresh(view);
    }

    fn export(&self, _view: View<'_>) -> Option<Draft> {
        Some(Draft::of(self.topic.clone()))
    }

    fn copy(&self, view: View<'_>) -> Option<Subject> {
        let topic = Copyable::new("topic", "topic name", self.topic.as_str());
        Some(Subject::Row(match self.tab {
            Tab::Partitions => vec![topic],
            Tab::Configs => {
                let entry = self.config(self.list.cursor, view.store)?;
                let value = entry.value.as_deref()?;
                let setting = format!("{}={value}", entry.name);
                vec![
                    Copyable::new("setting", "configuration setting", setting),
                    Copyable::new("value", "configuration value", value),
                    Copyable::new("name", "configuration name", &*entry.name),
                    topic,
                ]
            }
            Tab::Groups => {
                let reader = self.reader(self.list.cursor, view.store)?;
                vec![
                    Copyable::new("group", "group name", reader.listing.group.as_str()),
                    topic,
                ]
            }
        }))
    }
}
