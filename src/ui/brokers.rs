//! Draws the brokers; their picture stands in `app::pane::brokers`.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::face;
use super::format::{Age, Bytes, Count, NOT_APPLICABLE};
use super::line::Line;
use super::table::{CellText, Column, RowLook, RowSource, Table};
use super::text::Cut;
use super::theme::Role;
use super::topics::order_of;
use super::{Paint, figure};
use crate::app::pane::brokers::{BrokerOrder, BrokerRow, Brokers, Liveness};
use crate::app::pane::{Pane, View};
use crate::app::slot::SlotId;
use crate::kafka::model::ClusterKind;
use crate::layout::{self, Area};

/// Whole as long as it can be: other columns leave before it is cut.
const ADDRESS: Column = Column {
    cut: Cut::Middle,
    ..Column::left("ADDRESS").most(32)
};

type Show = fn(&BrokerRow, View<'_>, &mut CellText<'_>);

/// Columns, the order each stands for, and what its cells show.
const COLUMNS: &[(Column, Option<BrokerOrder>, Show)] = &[
    (Column::right("ID").least(3), Some(BrokerOrder::Id), |row, _, cell| {
        cell.show(row.id);
    }),
    (ADDRESS, None, |row, _, cell| match &row.broker {
        Some(broker) => {
            cell.show(broker.address());
        }
        None => figure::unknown(cell),
    }),
    (
        Column::left("RACK").leaves(5).most(20),
        None,
        |row, _, cell| match &row.broker {
            Some(broker) => {
                cell.show(broker.rack.as_deref().unwrap_or(NOT_APPLICABLE));
            }
            None => figure::unknown(cell),
        },
    ),
    (Column::left("ROLE").least(10), None, role),
    (
        Column::right("LEADERS").leaves(3),
        Some(BrokerOrder::Leaders),
        |row, _, cell| {
            cell.show(Count(row.load.leaders as i64));
        },
    ),
    (
        Column::right("REPLICAS").leaves(4),
        Some(BrokerOrder::Replicas),
        |row, _, cell| {
            cell.show(Count(row.load.replicas as i64));
        },
    ),
    (Column::right("URP"), Some(BrokerOrder::OutOfSync), |row, _, cell| {
        figure::bad_if_any(cell, row.load.out_of_sync, Role::Danger);
    }),
    (Column::right("<MIN").leaves(7), None, |row, _, cell| {
        figure::bad_total_if_any(cell, row.min_isr.below, Role::Danger);
    }),
    (Column::right("=MIN").leaves(8), None, |row, _, cell| {
        figure::bad_total_if_any(cell, row.min_isr.at, Role::Warning);
    }),
    (
        Column::right("LOG SIZE").least(8).leaves(1),
        Some(BrokerOrder::LogSize),
        |row, _, cell| match row.log_bytes {
            Some(bytes) => {
                cell.show(Bytes(bytes));
            }
            None => figure::unknown(cell),
        },
    ),
    (
        Column::right("DISK FREE").least(9).leaves(2),
        None,
        |row, _, cell| match row.disk {
            // Deployment D's alert rule: a disk more than 80 % full.
            Some((free, total)) => {
                if free < total / 5 {
                    cell.role(Role::Danger);
                }
                cell.show(Bytes(free));
            }
            None => figure::unknown(cell),
        },
    ),
    (Column::right("VERSION").leaves(6), None, |row, _, cell| {
        match &row.version {
            Some(version) => {
                cell.show(version);
            }
            None => figure::unknown(cell),
        }
    }),
];

fn role(row: &BrokerRow, view: View<'_>, cell: &mut CellText<'_>) {
    match row.liveness {
        Liveness::Up if row.is_controller => cell.show("controller"),
        Liveness::Up => cell.show(""),
        Liveness::Down(None) => cell.show("DOWN"),
        Liveness::Down(Some(at)) => cell.show(format_args!("DOWN {}", Age(view.now.saturating_duration_since(at)))),
    };
}

struct Rows<'a> {
    pane: &'a Brokers,
    view: View<'a>,
}

impl RowSource for Rows<'_> {
    fn row_count(&self) -> usize {
        self.pane.rows().len()
    }

    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
        if let (Some(row), Some((_, _, show))) = (self.pane.rows().get(row), COLUMNS.get(column)) {
            show(row, self.view, cell);
        }
    }

    fn look(&self, row: usize) -> RowLook {
        let is_down = self
            .pane
            .rows()
            .get(row)
            .is_some_and(|row| row.liveness != Liveness::Up);
        RowLook {
            role: if is_down { Role::Danger } else { Role::Text },
            is_selected: false,
        }
    }
}

/// Draws the pane.
pub fn draw(frame: &mut Frame<'_>, _area: Rect, pane: &Brokers, view: View<'_>, paint: &Paint<'_>) {
    let regions = layout::list(view.body);
    draw_title(frame, regions.title, pane, view, paint);
    let listed = face::Rows {
        slot: SlotId::Overview,
        what: "brokers",
        total: view.store.derived.health.brokers_expected,
        shown: pane.rows().len(),
        filter: pane.filter().unwrap_or_default(),
        empty: "The cluster lists no broker.",
    };
    if face::instead(frame, regions.table, &listed, view, paint) {
        return;
    }
    let (order, direction) = pane.order();
    let columns: Vec<Column> = COLUMNS.iter().map(|(column, _, _)| *column).collect();
    let sorted = COLUMNS.iter().position(|(_, sorts, _)| *sorts == Some(order));
    let table = Table {
        columns: &columns,
        top_row: pane.list().top_row,
        cursor: Some(pane.list().cursor),
        sort: sorted.map(|at| (at, order_of(direction))),
    };
    paint.table(frame, regions.table, "brokers", &table, &Rows { pane, view });
    let slots = [
        SlotId::Overview,
        SlotId::Cluster,
        SlotId::LogDirs,
        SlotId::MinIsr,
        SlotId::Reassignments,
    ];
    face::detail(frame, regions.detail, &slots, None, view, paint);
}

fn draw_title(frame: &mut Frame<'_>, area: Area, pane: &Brokers, view: View<'_>, paint: &Paint<'_>) {
    let health = &view.store.derived.health;
    let filter = pane.filter().unwrap_or_default();
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.left(Role::Title, " Brokers  ");
    if health.missing.is_empty() {
        line.left(Role::Text, format_args!("{} up", health.brokers_up));
    } else {
        line.left(
            Role::Danger,
            format_args!("{} of {} up", health.brokers_up, health.brokers_expected),
        );
    }
    if let Some(cluster) = view.store.newest_cluster() {
        let kind = match cluster.kind {
            ClusterKind::ZooKeeper => "Kafka with ZooKeeper",
            ClusterKind::KRaft => "Kafka in KRaft mode",
            ClusterKind::Redpanda => "Redpanda",
            ClusterKind::Unknown => "",
        };
        line.left(
            Role::Dim,
            format_args!("   {kind} {}", cluster.version.as_deref().unwrap_or_default()),
        );
    }
    if !filter.is_empty() {
        line.right(Role::Match, format_args!("/{filter} "), 2);
    }
    let (order, direction) = pane.order();
    let name = match order {
        BrokerOrder::Id => "id",
        BrokerOrder::Leaders => "leaders",
        BrokerOrder::Replicas => "replicas",
        BrokerOrder::OutOfSync => "out of sync",
        BrokerOrder::LogSize => "log size",
    };
    line.right(
        Role::Dim,
        format_args!("sorted by {name} {}", order_of(direction).arrow()),
        2,
    );
}
