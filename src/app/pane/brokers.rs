//! All brokers: who is up, who leads, what each holds and how full its disks are.
//!
//! ```text
//!  Brokers  2 of 3 up   Kafka 4.3 KRaft                                        sorted by id ↑
//!    ID  ADDRESS       RACK   ROLE        LEADERS  REPLICAS  URP  <MIN  =MIN  LOG SIZE  DISK FREE  VERSION
//!  ▸  1  kafka-1:9092  eu-1a  controller      412     1,236    0     0     0  88.1 GiB  312 GiB        4.3
//!     2  kafka-2:9092  eu-1b  DOWN 3 m          0     1,236  412     0   400         ?        ?          ?
//! ```
//!
//! A broker that replicas name but the cluster does not list is a row too: it is the one that matters.

use std::time::Instant;

use super::order::{Direction, SortKey};
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::{Copyable, Subject};
use crate::app::filter::ListFilter;
use crate::app::list::ListState;
use crate::app::nav::Location;
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::kafka::model::{Broker, BrokerId, BrokerLoad, LogDir, MinIsr};
use crate::kafka::query::Query;
use crate::layout;

/// What brokers can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerOrder {
    /// Id.
    #[default]
    Id,
    /// Partitions it leads.
    Leaders,
    /// Replicas it holds.
    Replicas,
    /// Its replicas that are not in sync.
    OutOfSync,
    /// Bytes of its logs.
    LogSize,
}

impl SortKey for BrokerOrder {
    const ALL: &'static [Self] = &[Self::Id, Self::Leaders, Self::Replicas, Self::OutOfSync, Self::LogSize];

    fn natural(self) -> Direction {
        if self == Self::Id {
            Direction::Up
        } else {
            Direction::Down
        }
    }
}

/// Whether a broker is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The cluster lists it.
    Up,
    /// Only replicas name it; it was listed last at this moment, or never since the start.
    Down(Option<Instant>),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerRow {
    /// Its id.
    pub id: BrokerId,
    /// Address and rack as last listed; `None` when it was never listed.
    pub broker: Option<Broker>,
    /// Whether it is alive.
    pub liveness: Liveness,
    /// Whether it is the active controller.
    pub is_controller: bool,
    /// What partitions put on it.
    pub load: BrokerLoad,
    /// How near to refusing writes the partitions are that lack it.
    pub min_isr: MinIsr,
    /// Bytes of its logs.
    pub log_bytes: Option<u64>,
    /// Free bytes on its fullest volume, with that volume's size.
    pub disk: Option<(u64, u64)>,
    /// Kafka version it runs.
    pub version: Option<String>,
}

/// State of the list.
#[derive(Debug, Default)]
pub struct Brokers {
    list: ListState,
    order: BrokerOrder,
    direction: Direction,
    filter_line: String,
    filter: ListFilter,
    rows: Vec<BrokerRow>,
}

impl Brokers {
    /// Cursor and window.
    pub fn list(&self) -> ListState {
        self.list
    }

    /// The rows in order.
    pub fn rows(&self) -> &[BrokerRow] {
        &self.rows
    }

    /// What the list is sorted by.
    pub fn order(&self) -> (BrokerOrder, Direction) {
        (self.order, self.direction)
    }

    fn page(view: View<'_>) -> usize {
        layout::list(view.body).page().into()
    }

    fn sort(&mut self) {
        let direction = self.direction;
        self.rows.sort_by_key(|row| row.id);
        match self.order {
            BrokerOrder::Id => self.rows.sort_by(|a, b| direction.apply(a.id.cmp(&b.id))),
            BrokerOrder::Leaders => self
                .rows
                .sort_by(|a, b| direction.apply(a.load.leaders.cmp(&b.load.leaders))),
            BrokerOrder::Replicas => self
                .rows
                .sort_by(|a, b| direction.apply(a.load.replicas.cmp(&b.load.replicas))),
            BrokerOrder::OutOfSync => {
                self.rows
                    .sort_by(|a, b| direction.apply(a.load.out_of_sync.cmp(&b.load.out_of_sync)));
            }
            BrokerOrder::LogSize => self
                .rows
                .sort_by(|a, b| direction.unknown_last(a.log_bytes, b.log_bytes)),
        }
    }

    fn sort_by(&mut self, order: BrokerOrder, direction: Direction, view: View<'_>) {
        (self.order, self.direction) = (order, direction);
        self.refresh(view);
    }
}

/// Every broker that is listed or that a replica names.
fn rows(store: &Store) -> Vec<BrokerRow> {
    let Some(cluster) = store.newest_cluster() else {
        return Vec::new();
    };
    let health = &store.derived.health;
    let live = cluster
        .brokers
        .iter()
        .map(|broker| (broker.id, Some(broker.clone()), Liveness::Up));
    let dead = health.missing.keys().map(|id| {
        let seen = store.derived.seen.get(id);
        (
            *id,
            seen.map(|seen| seen.broker.clone()),
            Liveness::Down(seen.map(|seen| seen.at)),
        )
    });
    let row = |(id, broker, liveness)| BrokerRow {
        id,
        broker,
        liveness,
        is_controller: health.controller == Some(id) && liveness == Liveness::Up,
        load: health.per_broker.get(&id).copied().unwrap_or_default(),
        min_isr: health.min_isr_by_broker.get(&id).copied().unwrap_or_default(),
        log_bytes: log_bytes(id, store),
        disk: fullest_disk(id, store),
        version: cluster.versions.get(&id).cloned(),
    };
    live.chain(dead).map(row).collect()
}

fn log_dirs(id: BrokerId, store: &Store) -> Vec<&LogDir> {
    let dirs = store.log_dirs.value().map(Vec::as_slice).unwrap_or_default();
    dirs.iter().filter(|dir| dir.broker == id).collect()
}

fn log_bytes(id: BrokerId, store: &Store) -> Option<u64> {
    let dirs = log_dirs(id, store);
    // An offline directory holds bytes that nobody can count.
    (!dirs.is_empty() && dirs.iter().all(|dir| !dir.is_offline)).then(|| dirs.iter().map(|dir| dir.used_bytes).sum())
}

fn fullest_disk(id: BrokerId, store: &Store) -> Option<(u64, u64)> {
    let volumes = log_dirs(id, store)
        .into_iter()
        .filter_map(|dir| Some((dir.usable_bytes?, dir.total_bytes?)));
    volumes.min_by_key(|(usable, _)| *usable)
}

impl Pane for Brokers {
    fn scope(&self) -> Scope {
        Scope::Brokers
    }

    fn location(&self) -> Location {
        Location::Brokers
    }

    fn hints(&self) -> Vec<Action> {
        vec![
            Action::Sort,
            Action::ReverseSort,
            Action::Filter,
            Action::Refresh,
            Action::Copy,
            Action::Help,
        ]
    }

    fn act(&mut self, action: Action, view: View<'_>, _out: &mut Vec<Intent>) -> bool {
        if self.list.act(action, self.rows.len(), Self::page(view)) {
            return true;
        }
        match action {
            Action::Sort => self.sort_by(self.order.next(), self.order.next().natural(), view),
            Action::ReverseSort => self.sort_by(self.order, self.direction.reversed(), view),
            _ => return false,
        }
        true
    }

    fn wants(&self, _view: View<'_>) -> Vec<Want> {
        vec![Want::every(30, SlotId::LogDirs, Query::LogDirs)]
    }

    fn refresh(&mut self, view: View<'_>) {
        let under_cursor = self.rows.get(self.list.cursor).map(|row| row.id);
        let filter = &self.filter;
        self.rows = rows(view.store);
        self.rows.retain(|row| {
            let address = row.broker.as_ref().map(Broker::address).unwrap_or_default();
            let rack = row
                .broker
                .as_ref()
                .and_then(|broker| broker.rack.as_deref())
                .unwrap_or_default();
            filter.matches([row.id.to_string().as_str(), &address, rack])
        });
        self.sort();
        let at = self
            .rows
            .iter()
            .position(|row| Some(row.id) == under_cursor)
            .unwrap_or(self.list.cursor);
        self.list.move_to(at, self.rows.len(), Self::page(view));
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter_line)
    }

    fn set_filter(&mut self, line: &str, filter: ListFilter, view: View<'_>) {
        line.clone_into(&mut self.filter_line);
        self.filter = filter;
        self.refresh(view);
    }

    fn copy(&self, _view: View<'_>) -> Option<Subject> {
        let broker = self.rows.get(self.list.cursor)?.broker.as_ref()?;
        let id = broker.id.to_string();
        Some(Subject::Row(vec![
            Copyable::new("address", format!("address of broker {id}"), broker.address()),
            Copyable::new("id", "broker id", id),
        ]))
    }
}
